"""Stores a mail once, before anything is concluded from it, with what it is and what it answers; and stops or holds.

Whatever its subject, body, sender or headers: a mail to `u-<token>@…` is an opt-out (RFC 2369 §3.2; LAW UNS-13). So
is a reply whose own words ask to stop (LAW THR-07), if it tells whom to stop. A human being who answers, or writes from
the address or company of somebody in a sequence, holds them in the transaction that stores the mail (spec R2, R4; LAW
THR-06). Reports are believed by `sequences.inbound.reports`. Everything else waits for the router or a person.
"""

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.parser import BytesHeaderParser
from email.policy import compat32
from typing import Any

from django.db import DataError, connection, transaction

from compliance import audit, holds, locks, suppression, tokens
from compliance.addresses import Address
from compliance.models import SuppressionReason
from compliance.principals import SYSTEM, actor
from compliance.suppression import Stop
from sequences.classifier import Answer, Kind, Mail, classify
from sequences.inbound import matching, reading, reports
from sequences.inbound.matching import Matched
from sequences.models import InboundMessage

_ADDRESSED_IN = ("delivered-to", "x-original-to", "envelope-to", "to", "cc")
_HEADER_BYTES = 256 * 1024
_KEPT_BYTES = 35 * 1024 * 1024
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Understood:
    """What a mail is before anything is stored: its text, its class, what it answers, an address of ours it came to."""

    mail: Mail
    answer: Answer
    matched: Matched
    token: tokens.Token | None = None
    addressed: tuple[str, ...] = ()
    is_ours: bool = False

    @property
    def obeyed(self) -> bool:
        """Whether it asks to stop, clearly enough to need no person, and tells whom."""
        clear = self.answer.kind == Kind.OPT_OUT and self.answer.sure
        return self.token is not None or (clear and (self.matched.message is not None or self.writer is not None))

    @property
    def writer(self) -> Address | None:
        """Whoever wrote it, if it says so and is no report of a machine about somebody else."""
        return None if self._is_report else matching.writer_of(self.mail)

    @property
    def is_human(self) -> bool:
        """Whether somebody may have written it: in doubt a human being did (LAW AUT-08)."""
        kind = self.answer.kind
        if self.is_ours:
            return False
        if kind == Kind.AUTO_REPLY:
            return not self.answer.sure
        if kind == Kind.OTHER:
            return not self._is_report and not self.mail.automatic
        return kind not in reports.KINDS

    @property
    def settled(self) -> bool:
        """Whether nothing more has to be concluded from it: obeyed, or a report that is believed."""
        found = reports.belief(self.matched.message, self.matched.by, self.mail, self.answer)
        return self.obeyed or self.is_ours or found.settled

    @property
    def _is_report(self) -> bool:
        return bool(self.mail.feedback or self.mail.report_type)


def understand(raw: bytes, *, recipient: str = "", at: datetime, look_up: bool = True) -> Understood:
    """What a mail is and what it answers; writes nothing. Without `look_up` the database is not asked."""
    addressed = tuple(_storable(address) for address in _addressed(raw, recipient))
    token = matching.unsubscribe_token(addressed)
    mail = reading.read(raw)
    is_ours = look_up and token is None and matching.is_from_us(mail)
    if token:
        answer = Answer(Kind.OPT_OUT, "unsubscribe", 100, "u-…@", permanent=True)
    elif is_ours:
        # A copy of what one of us wrote to somebody is nobody's answer, whatever it quotes or promises.
        answer = Answer(Kind.OTHER, "our_own", 100, mail.sender)
    else:
        answer = _classified(mail, at)
    matched = matching.match(mail, token) if look_up and not is_ours else Matched()
    return Understood(mail, answer, matched, token, addressed, is_ours)


def take(raw: bytes, *, recipient: str = "", at: datetime) -> InboundMessage:
    """Store one mail and draw the consequence; the same mail taken twice changes nothing.

    `recipient` is the envelope recipient if the caller knows it, else the headers tell. Called outside of any
    transaction. Raises django.db.Error, and nothing else whatever the mail.
    """
    digest = hashlib.sha256(recipient.lower().encode(errors="backslashreplace") + b"\0" + raw).hexdigest()
    known = InboundMessage.objects.filter(digest=digest).first()
    if known is not None:
        return known
    found = understand(raw, recipient=recipient, at=at)
    if found.obeyed and found.token is None and found.writer is not None:
        # First, and for itself: whoever wrote it may be somebody else than the person we wrote to.
        stop = Stop(SuppressionReason.REPLIED, source="reply")
        suppression.stop_address(found.writer, stop, by=SYSTEM, at=at)
    try:
        row = _stored(raw, digest, found, at)
    except DataError as error:
        # Something in it that the database keeps nowhere must not come back for ever: it waits for a person.
        _log.error("of a mail nothing but its octets could be stored: %s", type(error).__name__)
        found = Understood(Mail(), Answer(Kind.OTHER), Matched())
        row = _stored(raw, digest, found, at)
    return reports.believe(row, found.mail, found.answer, at) if found.answer.kind in reports.KINDS else row


def _stored(raw: bytes, digest: str, found: Understood, at: datetime) -> InboundMessage:
    with transaction.atomic(durable=not connection.in_atomic_block):
        columns = _columns(found) | (_decided(at) if found.obeyed or found.is_ours else {})
        kept = {"received_at": at, "raw": raw[:_KEPT_BYTES]}
        row, made = InboundMessage.objects.get_or_create(digest=digest, defaults=kept | columns)
        if not made:
            # The same mail came in twice at the same moment; the other one has drawn the consequence.
            return row
        _record(row, at)
        if found.obeyed:
            _obey(row, found, at)
        elif found.is_human:
            _hold(row, found.matched, at)
    return row


def _columns(found: Understood) -> dict[str, Any]:
    answer, matched = found.answer, found.matched
    return {
        "recipient": (found.addressed[0] if found.addressed else "")[:320],
        "state": InboundMessage.State.WAITING,
        "verdict": str(answer.kind),
        "subclass": _storable(answer.subclass)[:24],
        "confidence": answer.confidence,
        "words": _storable(answer.words)[:300],
        "language": _storable(answer.language)[:8],
        "return_date": answer.return_date,
        "permanent": answer.permanent,
        "message": matched.message,
        "contact": matched.contact,
        "matched_by": matched.by,
    }


def _decided(at: datetime) -> dict[str, Any]:
    return {"state": InboundMessage.State.ROUTED, "decided_by": actor(SYSTEM), "decided_at": at}


def _record(row: InboundMessage, at: datetime) -> None:
    told: dict[str, Any] = {"verdict": row.verdict, "matched_by": row.matched_by, "confidence": row.confidence}
    audit.record("sequences.inboundmessage.stored", audit.reference(row), by=SYSTEM, at=at, **told)


def _obey(row: InboundMessage, found: Understood, at: datetime) -> None:
    source = audit.reference(row)
    if found.token:
        stop = Stop(SuppressionReason.MAILTO, source=source, evidence={"message": found.token.message})
        suppression.stop_digest(found.token.digest, stop, by=SYSTEM, at=at)
    elif message := found.matched.message:
        told = {"message": message.pk, "language": found.answer.language}
        stop = Stop(SuppressionReason.REPLIED, source=source, evidence=told)
        suppression.stop_digest(message.enrollment.contact.card.digest, stop, by=SYSTEM, at=at)


def _hold(row: InboundMessage, matched: Matched, at: datetime) -> None:
    """Everybody at once in the one order, so that neither of two mails from a company waits for the other."""
    locks.lock_cards({card.person_id for card in matched.cards})
    for card in matched.cards:
        holds.place(card.digest, source=audit.reference(row), by=SYSTEM, at=at)


def _classified(mail: Mail, at: datetime) -> Answer:
    try:
        return classify(mail, at=at)
    except Exception as error:  # noqa: BLE001 - whatever a stranger sends, the next mail goes on (LAW SEC-16)
        _log.error("a mail could not be classified: %s", type(error).__name__)
        return Answer(Kind.OTHER)


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
