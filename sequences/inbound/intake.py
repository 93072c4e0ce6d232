"""Stores a mail once, before anything is concluded from it, and obeys it when it came to an unsubscribe address.

Whatever its subject, body, sender or headers: a mail to `u-<token>@…` is an opt-out (RFC 2369 §3.2; LAW UNS-13). So
is a reply whose own words ask to stop (LAW THR-07), if it tells whom to stop. Everything else waits for a person.
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from email.parser import BytesHeaderParser
from email.policy import compat32

from django.db import connection, transaction

from compliance import addresses, audit, suppression, tokens
from compliance.addresses import AddressError
from compliance.models import SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from sequences.classifier.opt_outs import asks_to_stop
from sequences.inbound import reading
from sequences.inbound.reading import Mail
from sequences.models import InboundMessage, OutboundMessage

_UNSUBSCRIBE = re.compile(r"\bu-([a-z2-7]{40,80})@", re.IGNORECASE)
_ADDRESSED_IN = ("delivered-to", "x-original-to", "envelope-to", "to", "cc")
_HEADER_BYTES = 256 * 1024
_KEPT_BYTES = 35 * 1024 * 1024
_IDS_LOOKED_UP = 50


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
    read = Mail() if token else reading.read(raw)
    wish = None if read.automatic else asks_to_stop(read.subject, read.text)
    answered = _answered(read)
    # First, and for itself: whoever wrote it may be somebody else than the person we wrote to.
    writer_stopped = wish is not None and _stop_writer(read, at)
    obeyed = token is not None or writer_stopped or (wish is not None and answered is not None)
    with transaction.atomic(durable=not connection.in_atomic_block):
        # Nobody to stop although somebody asks for it: a person has to find out who it is.
        verdict = InboundMessage.Verdict.OPT_OUT if obeyed else InboundMessage.Verdict.OTHER
        state = InboundMessage.State.ROUTED if obeyed else InboundMessage.State.WAITING
        row, made = InboundMessage.objects.get_or_create(
            digest=digest,
            defaults={
                "received_at": at,
                "raw": raw[:_KEPT_BYTES],
                "recipient": (addressed[0] if addressed else "")[:320],
                "state": state,
                "verdict": verdict,
                "message": answered,
            },
        )
        if not made:
            # The same mail came in twice at the same moment; the other one has drawn the consequence.
            return row
        audit.record("sequences.inboundmessage.stored", audit.reference(row), by=SYSTEM, at=at, verdict=verdict)
        if token:
            stop = Stop(SuppressionReason.MAILTO, source=audit.reference(row), evidence={"message": token.message})
            suppression.stop_digest(token.digest, stop, by=SYSTEM, at=at)
        if wish and answered:
            told = {"message": answered.pk, "language": wish.language}
            stop = Stop(SuppressionReason.REPLIED, source=audit.reference(row), evidence=told)
            suppression.stop_digest(answered.enrollment.contact.card.digest, stop, by=SYSTEM, at=at)
    return row


def _answered(read: Mail) -> OutboundMessage | None:
    """The message of ours it answers: by In-Reply-To, then References, the nearest first (LAW THR-04)."""
    rows = OutboundMessage.objects.filter(message_id__in=read.answers[:_IDS_LOOKED_UP])
    known = {row.message_id: row for row in rows.select_related("enrollment__contact__card").defer("content")}
    return next((known[name] for name in read.answers if name in known), None)


def _stop_writer(read: Mail, at: datetime) -> bool:
    """Whether it said, in a way that can be read, who wrote it, so that they are stopped."""
    try:
        writer = addresses.parse(read.sender)
    except AddressError:
        return False
    suppression.stop_address(writer, Stop(SuppressionReason.REPLIED, source="reply"), by=SYSTEM, at=at)
    return True


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
