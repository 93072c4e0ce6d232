"""Stores a mail once, before anything is concluded from it, and obeys it when it came to an unsubscribe address.

Whatever its subject, body, sender or headers: a mail to `u-<token>@…` is an opt-out (RFC 2369 §3.2; LAW UNS-13).
Everything else waits for a person.
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from email.parser import BytesHeaderParser
from email.policy import compat32

from django.db import connection, transaction

from compliance import audit, suppression, tokens
from compliance.models import SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from sequences.models import InboundMessage

_UNSUBSCRIBE = re.compile(r"\bu-([a-z2-7]{40,80})@", re.IGNORECASE)
_ADDRESSED_IN = ("delivered-to", "x-original-to", "envelope-to", "to", "cc")
_HEADER_BYTES = 256 * 1024
_KEPT_BYTES = 35 * 1024 * 1024


def take(raw: bytes, *, recipient: str = "", at: datetime) -> InboundMessage:
    """Store one mail and draw the consequence; the same mail taken twice changes nothing.

    `recipient` is the envelope recipient if the caller knows it, else the headers tell.
    """
    digest = hashlib.sha256(recipient.lower().encode(errors="backslashreplace") + b"\0" + raw).hexdigest()
    known = InboundMessage.objects.filter(digest=digest).first()
    if known is not None:
        return known
    addressed = [_storable(address) for address in _addressed(raw, recipient)]
    token = _token(addressed)
    with transaction.atomic(durable=not connection.in_atomic_block):
        verdict = InboundMessage.Verdict.OPT_OUT if token else InboundMessage.Verdict.WAITING
        row, made = InboundMessage.objects.get_or_create(
            digest=digest,
            defaults={
                "received_at": at,
                "raw": raw[:_KEPT_BYTES],
                "recipient": (addressed[0] if addressed else "")[:320],
                "verdict": verdict,
            },
        )
        if not made:
            # The same mail came in twice at the same moment; the other one has drawn the consequence.
            return row
        audit.record("sequences.inboundmessage.stored", audit.reference(row), by=SYSTEM, at=at, verdict=verdict)
        if token:
            stop = Stop(SuppressionReason.MAILTO, source=audit.reference(row), evidence={"message": token.message})
            suppression.stop_digest(token.digest, stop, by=SYSTEM, at=at)
    return row


def _token(addressed: Iterable[str]) -> tokens.Token | None:
    for address in addressed:
        for match in _UNSUBSCRIBE.finditer(address):
            found = tokens.read(tokens.Purpose.UNSUBSCRIBE, match[1])
            if found and found.digest:
                return found
    return None


def _addressed(raw: bytes, recipient: str) -> Iterable[str]:
    if recipient:
        yield recipient
    headers = BytesHeaderParser(policy=compat32).parsebytes(raw[:_HEADER_BYTES])
    for name in _ADDRESSED_IN:
        for value in headers.get_all(name, []):
            yield str(value)


def _storable(text: str) -> str:
    """No NUL, which PostgreSQL keeps in no text, and no half characters, which nobody does."""
    return text.replace("\0", "").encode(errors="backslashreplace").decode()
