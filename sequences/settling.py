"""Writes down what became of one try, and draws the consequence for message, person, mailbox and passage.

The states a message may end in follow from what is certain (LAW §2.1): not accepted → later or never; accepted →
the next step gets its time; unknown → in doubt, never again by itself.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from compliance import addresses, clearance, suppression
from compliance.acts import Consent
from compliance.clearance import Ruling
from compliance.models import Outcome as Said
from compliance.models import SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from compliance.transitions import move
from sequences import enrollment, mailboxes
from sequences.dispositions import Disposition, Effect, disposition, retry_at
from sequences.models import Attempt, ExitReason, Mailbox, OutboundMessage
from sequences.smtp import Accepted, InDoubt, NotSent, Outcome, Rejected, Withheld

_AFTER_A_FAULT = timedelta(minutes=15)
_AFTER_A_STOP = timedelta(hours=1)
_STOPS = {
    Effect.SUPPRESS_HARD: (SuppressionReason.NO_SUCH_ADDRESS, ExitReason.BOUNCED),
    Effect.SUPPRESS_STOP: (SuppressionReason.BLOCKED_US, ExitReason.OPTED_OUT),
}


@dataclass(frozen=True)
class Tried:
    """One try: the claimed message, what the door said (if it was asked), what the server did."""

    message: OutboundMessage
    ruling: Ruling | None
    outcome: Outcome


def settle(tried: Tried, at: datetime) -> str:
    """Record a try. Returns the state or reason the message came to; `lost` if the lease was somebody else's."""
    with transaction.atomic():
        came_to = _settled(tried, at)
        if came_to != "lost":
            _write_attempt(tried, at)
    return came_to


def put_back(message: OutboundMessage, until: datetime, reason: str, at: datetime, **columns: Any) -> str:
    """Not sent for certain: planned again for later, or expired when later is too late."""
    until = max(until, at + timedelta(minutes=1))
    if until >= message.expires_at:
        return _end(message, "expire", reason, at, columns)
    moved = move(
        message,
        "put_back",
        by=SYSTEM,
        at=at,
        set={"not_before": until, "reason": reason, "lease_token": "", "lease_until": None, **columns},
        where=_ours(message),
    )
    return reason if moved else "lost"


def expire(message: OutboundMessage, at: datetime) -> None:
    """The step became stale; the passage goes on with its wait counted from now (spec SQ2)."""
    with transaction.atomic():
        _end(message, "expire", message.reason or "stale", at, {})


def doubt(message: OutboundMessage, error: str, at: datetime) -> str:
    """Cleared, and no answer: nobody knows whether the server took it."""
    columns = {"reason": "no_answer", "settled_at": at, **_counted(message, error)}
    moved = move(message, "doubt", by=SYSTEM, at=at, set=columns, where=_ours(message))
    return "in_doubt" if moved else "lost"


def assume_sent(message: OutboundMessage, at: datetime) -> None:
    """In doubt for 72 hours without evidence: counts as sent for caps and spacing, and the passage goes on."""
    with transaction.atomic():
        rows = OutboundMessage.objects.filter(pk=message.pk, state=OutboundMessage.State.IN_DOUBT)
        if rows.exclude(reason="assumed_sent").update(reason="assumed_sent"):
            enrollment.advance(message.enrollment, message.step, at=at)


def refuse(message: OutboundMessage, verdict: clearance.Verdict, at: datetime, **columns: Any) -> str:
    """The door said no for good: the message ends, and the passage too if the refusal says so."""
    said = {"reason": verdict.code, "settled_at": at, **columns}
    why = {"code": verdict.code, "verdict": clearance.as_data(verdict)}
    with transaction.atomic():
        if not move(message, "refuse", by=SYSTEM, at=at, set=said, where=_ours(message), data=why):
            return "lost"
        if verdict.ends:
            reason = enrollment.exit_for(verdict.code, message.enrollment)
            enrollment.leave([message.enrollment], reason, by=SYSTEM, at=at)
    return "refused"


def _settled(tried: Tried, at: datetime) -> str:
    message, outcome = tried.message, tried.outcome
    match outcome:
        case Accepted():
            return _accept(message, outcome, at)
        case InDoubt():
            return doubt(message, outcome.error, at)
        case Rejected():
            return _rejected(message, outcome, at)
        case NotSent():
            until = retry_at(message.first_attempt_at or at, message.attempts_made + 1, at)
            return put_back(message, until, "connection_failed", at, **_counted(message, outcome.error))
        case Withheld():
            return _withheld(tried, at)


def _accept(message: OutboundMessage, outcome: Accepted, at: datetime) -> str:
    columns = {"reason": "", "settled_at": at, **_counted(message, _answer(outcome))}
    data = {"digest": message.content_digest, "step": message.step}
    if not move(message, "accept", by=SYSTEM, at=at, set=columns, where=_ours(message), data=data):
        return "lost"
    enrollment.advance(message.enrollment, message.step, at=at)
    return "accepted"


def _withheld(tried: Tried, at: datetime) -> str:
    message, ruling = tried.message, tried.ruling
    if ruling is None or ruling.code == "lease_lost":
        return "lost"
    verdict = ruling.decisive
    if ruling.outcome == Said.REFUSE:
        return refuse(message, verdict, at, **_counted(message, ""))
    return put_back(message, verdict.until or at + _AFTER_A_FAULT, verdict.code, at, **_counted(message, ""))


def _rejected(message: OutboundMessage, outcome: Rejected, at: datetime) -> str:
    found = disposition(outcome.phase, outcome.reply)
    counted = _counted(message, _answer(outcome))
    if found.effect in {Effect.STOP_MAILBOX, Effect.STOP_DOMAIN}:
        # The sender's fault is never the recipient's (LAW SMTP-07): the message waits for the mailbox.
        _stop_senders(message.mailbox, found, outcome, at)
        return put_back(message, at + (found.wait or _AFTER_A_STOP), found.code, at, **counted)
    if not outcome.permanent:
        until = retry_at(message.first_attempt_at or at, message.attempts_made + 1, at)
        return put_back(message, max(until, at + (found.wait or timedelta())), found.code, at, **counted)
    columns = {"reason": found.code, "settled_at": at, **counted}
    data = {"code": found.code, "reply": outcome.reply.code, "enhanced": outcome.reply.enhanced}
    if not move(message, "reject", by=SYSTEM, at=at, set=columns, where=_ours(message), data=data):
        return "lost"
    _after_rejection(message, found, at)
    return "rejected"


def _after_rejection(message: OutboundMessage, found: Disposition, at: datetime) -> None:
    if found.effect not in _STOPS:
        enrollment.advance(message.enrollment, message.step, at=at)
        return
    reason, exit_reason = _STOPS[found.effect]
    stop = Stop(reason, source=f"message:{message.pk}", evidence={"message": message.pk, "code": found.code})
    suppression.stop_address(addresses.parse(message.enrollment.contact.address), stop, by=SYSTEM, at=at)
    enrollment.leave([message.enrollment], exit_reason, by=SYSTEM, at=at)


def _stop_senders(mailbox: Mailbox, found: Disposition, outcome: Rejected, at: datetime) -> None:
    because = Consent(comment=f"{found.code}: {outcome.reply.code} {outcome.reply.enhanced} {outcome.reply.text}")
    rows = Mailbox.objects.filter(state=Mailbox.State.ACTIVE)
    whole_domain = found.effect == Effect.STOP_DOMAIN
    chosen = rows.filter(address__iendswith=f"@{mailbox.domain}") if whole_domain else rows.filter(pk=mailbox.pk)
    for row in chosen:
        mailboxes.stop(row, by=SYSTEM, at=at, consent=because)


def _end(message: OutboundMessage, arrow: str, reason: str, at: datetime, columns: dict[str, Any]) -> str:
    said = {"reason": reason, "settled_at": at, **columns}
    if not move(message, arrow, by=SYSTEM, at=at, set=said, where=_ours(message), data={"code": reason}):
        return "lost"
    enrollment.advance(message.enrollment, message.step, at=at)
    return "expired"


def _ours(message: OutboundMessage) -> dict[str, str]:
    """The fencing token: a worker whose lease was taken over changes nothing (LAW PIP-07)."""
    return {"lease_token": message.lease_token}


def _counted(message: OutboundMessage, answer: str) -> dict[str, Any]:
    return {"attempts_made": message.attempts_made + 1, "reply": answer[:500]}


def _answer(outcome: Accepted | Rejected) -> str:
    return " ".join(part for part in (str(outcome.reply.code), outcome.reply.enhanced, outcome.reply.text) if part)


def _write_attempt(tried: Tried, at: datetime) -> None:
    outcome, message = tried.outcome, tried.message
    reply = outcome.reply if isinstance(outcome, Accepted | Rejected) else None
    error = outcome.error if isinstance(outcome, NotSent | InDoubt) else ""
    Attempt.objects.create(
        message_id=message.pk,
        number=message.attempts_made + 1,
        at=at,
        outcome=type(outcome).__name__.lower(),
        phase=getattr(outcome, "phase", ""),
        code=reply.code if reply else None,
        answer=_answer(outcome)[:500] if isinstance(outcome, Accepted | Rejected) else error[:500],
    )
