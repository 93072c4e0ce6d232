"""Writes down what became of one try, and draws the consequence for message, person, mailbox and passage.

The states a message may end in follow from what is certain (LAW §2.1): not accepted → later or never; accepted →
the next step gets its time; unknown → in doubt, never again by itself.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from compliance import clearance, locks, suppression
from compliance.acts import Consent
from compliance.clearance import Ruling
from compliance.models import Outcome as Said
from compliance.models import SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from compliance.transitions import move
from sequences import enrollment, mailboxes
from sequences.dispositions import Disposition, Effect, disposition, retry_at
from sequences.models import Attempt, Enrollment, ExitReason, Mailbox, OutboundMessage, PauseReason
from sequences.smtp import Accepted, InDoubt, NotSent, Outcome, Phase, Rejected, Withheld

_AFTER_A_FAULT = timedelta(minutes=15)
_AFTER_A_STOP = timedelta(hours=1)
# A message whose first try is older than this is not worth sending any more (LAW SMTP-04, MSG-12).
_GIVEN_UP_AFTER = timedelta(hours=48)
_ON_THE_WAY = frozenset({Phase.CONNECT, Phase.GREETING, Phase.TLS, Phase.AUTH})
_SENDER_STOPS = frozenset({Effect.STOP_MAILBOX, Effect.STOP_DOMAIN})
_ADDRESS = re.compile(r"\S*@\S*")
_WORKER_LOST = "worker_lost"
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
    return _back(message, until, reason, at, columns, _ours(message))


def expire(message: OutboundMessage, at: datetime) -> str:
    """The step became stale; the passage goes on with its wait counted from now (spec SQ2)."""
    reason = message.reason or "stale"
    said = {"reason": reason, "settled_at": at}
    with transaction.atomic():
        _hold_passage(message)
        if not move(message, "expire", by=SYSTEM, at=at, set=said, where=_ours(message), data={"code": reason}):
            return "lost"
        enrollment.advance(message.enrollment, message.step, at=at)
    return "expired"


def doubt(message: OutboundMessage, error: str, at: datetime) -> str:
    """Cleared, and no answer: nobody knows whether the server took it."""
    columns = {"reason": "no_answer", "settled_at": at, **_counted(message, error, at)}
    moved = move(message, "doubt", by=SYSTEM, at=at, set=columns, where=_ours(message))
    return "in_doubt" if moved else "lost"


def take_over(message: OutboundMessage, at: datetime) -> str:
    """Its worker's lease has run out. Before the door it is certainly not sent and goes back; past it, in doubt.

    The try counts either way: the door may have been asked under its number (one decision an attempt).
    """
    cleared = message.state == OutboundMessage.State.CLEARED
    with transaction.atomic():
        if cleared:
            came_to = doubt(message, _WORKER_LOST, at)
        else:
            # A worker that is slow, not dead, may pass the door at this moment; then the message is no longer ours.
            still = {**_ours(message), "state": message.state, "lease_until": message.lease_until}
            came_to = _back(message, at, _WORKER_LOST, at, _counted(message, _WORKER_LOST), still)
        if came_to != "lost":
            _note_attempt(message, at, outcome="indoubt" if cleared else "notsent", answer=_WORKER_LOST)
    return came_to


def pause_after(outcome: Outcome | None) -> tuple[timedelta, str] | None:
    """How long the way to this server had better be left alone, and why; None when the next message may be tried.

    One refused login or unanswered call tells as much as fifty (LAW SMTP-04, SMTP-07).
    """
    if isinstance(outcome, NotSent) and outcome.phase in _ON_THE_WAY:
        return _AFTER_A_FAULT, "connection_failed"
    if not isinstance(outcome, Rejected):
        return None
    found = disposition(outcome.phase, outcome.reply)
    if found.effect in _SENDER_STOPS:
        return found.wait or _AFTER_A_STOP, "mailbox_stopped"
    if outcome.phase in _ON_THE_WAY or found.code == "rate_limited":
        return found.wait or _AFTER_A_FAULT, found.code
    return None


def hold_back(mailbox: Mailbox, until: datetime, reason: str) -> None:
    """Let what is planned for a mailbox wait as well; what waits longer already is left alone."""
    rows = OutboundMessage.objects.filter(mailbox=mailbox, state=OutboundMessage.State.PLANNED, not_before__lt=until)
    rows.update(not_before=until, reason=reason)


def assume_sent(message: OutboundMessage, at: datetime) -> None:
    """In doubt for 72 hours without evidence: counts as sent for caps and spacing, and the passage goes on."""
    with transaction.atomic():
        rows = OutboundMessage.objects.filter(pk=message.pk, state=OutboundMessage.State.IN_DOUBT)
        if rows.exclude(reason="assumed_sent").update(reason="assumed_sent"):
            enrollment.advance(message.enrollment, message.step, at=at)


def refuse(message: OutboundMessage, verdict: clearance.Verdict, at: datetime, **columns: Any) -> str:
    """The door said no for good: the message ends; so does the passage if the refusal says so, else it goes on."""
    said = {"reason": verdict.code, "settled_at": at, **columns}
    why = {"code": verdict.code, "verdict": clearance.as_data(verdict)}
    with transaction.atomic():
        _hold_passage(message)
        if not move(message, "refuse", by=SYSTEM, at=at, set=said, where=_ours(message), data=why):
            return "lost"
        if verdict.ends:
            reason = enrollment.exit_for(verdict.code, message.enrollment)
            enrollment.leave([message.enrollment], reason, by=SYSTEM, at=at)
        else:
            enrollment.advance(message.enrollment, message.step, at=at)
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
        case NotSent(phase):
            code = "door_failed" if phase == Phase.GATE else "connection_failed"
            counted = _counted(message, outcome.error, at)
            return _try_again(message, _retry_at(message, at), code, at, counted)
        case Withheld():
            return _withheld(tried, at)


def _accept(message: OutboundMessage, outcome: Accepted, at: datetime) -> str:
    columns = {"reason": "", "settled_at": at, **_counted(message, _answer(outcome), at)}
    told = {"ref": message.ref, "step": message.step, "attempt": message.attempts_made + 1}
    data = {**told, "digest": message.content_digest}
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
    counted = _counted(message, _answer(outcome), at)
    if found.effect in _SENDER_STOPS:
        # The sender's fault is never the recipient's (LAW SMTP-07): the message waits for the mailbox.
        _stop_senders(message.mailbox, found, outcome, at)
        return put_back(message, at + (found.wait or _AFTER_A_STOP), found.code, at, **counted)
    if not outcome.permanent:
        until = max(_retry_at(message, at), at + (found.wait or timedelta()))
        return _try_again(message, until, found.code, at, counted)
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
    # By the card: whoever was erased while the message was on the wire has no address any more.
    suppression.stop_digest(message.enrollment.contact.card.digest, stop, by=SYSTEM, at=at)
    enrollment.leave([message.enrollment], exit_reason, by=SYSTEM, at=at)


def _stop_senders(mailbox: Mailbox, found: Disposition, outcome: Rejected, at: datetime) -> None:
    # What is said to staff and kept in the log outlives the people it may quote.
    said = _ADDRESS.sub("…", outcome.reply.text)
    because = Consent(comment=f"{found.code}: {outcome.reply.code} {outcome.reply.enhanced} {said}")
    rows = Mailbox.objects.filter(state=Mailbox.State.ACTIVE)
    whole_domain = found.effect == Effect.STOP_DOMAIN
    chosen = rows.filter(address__iendswith=f"@{mailbox.domain}") if whole_domain else rows.filter(pk=mailbox.pk)
    # All at once and in their fixed order: two workers may stop the same domain.
    locks.own_scopes(row.key for row in chosen)
    for row in chosen:
        mailboxes.stop(row, by=SYSTEM, at=at, consent=because)


def _back(
    message: OutboundMessage,
    until: datetime,
    reason: str,
    at: datetime,
    columns: Mapping[str, Any],
    where: Mapping[str, Any],
) -> str:
    until = max(until, at + timedelta(minutes=1))
    said = {"not_before": until, "reason": reason, "lease_token": "", "lease_until": None, **columns}
    # While a passage pauses nothing of it grows old (spec SQ5).
    too_late = until >= message.expires_at and reason not in PauseReason.values
    with transaction.atomic():
        if too_late:
            _hold_passage(message)
        moved = move(message, "put_back", by=SYSTEM, at=at, set=said, where=where)
        if moved and too_late:
            return expire(moved[0], at)
    return reason if moved else "lost"


def _hold_passage(message: OutboundMessage) -> None:
    """The passage before its message: in this order people leave, and two that meet must not wait in a circle."""
    Enrollment.objects.select_for_update(no_key=True).only("pk").get(pk=message.enrollment_id)


def _try_again(message: OutboundMessage, until: datetime, reason: str, at: datetime, columns: Mapping[str, Any]) -> str:
    """Put back after a failure that may pass, until the message is given up."""
    given_up = (message.first_attempt_at or at) + _GIVEN_UP_AFTER
    # Later than any life: it expires.
    return put_back(message, message.expires_at if until > given_up else until, reason, at, **columns)


def _retry_at(message: OutboundMessage, at: datetime) -> datetime:
    """The schedule counts failures on the wire; being held at the door is none."""
    failed = message.attempts.filter(outcome__in=["notsent", "rejected"]).exclude(phase="").count()
    return retry_at(message.first_attempt_at or at, failed + 1, at)


def _ours(message: OutboundMessage) -> dict[str, str]:
    """The fencing token: a worker whose lease was taken over changes nothing (LAW PIP-07)."""
    return {"lease_token": message.lease_token}


def _counted(message: OutboundMessage, answer: str, spoken_at: datetime | None = None) -> dict[str, Any]:
    """Columns of one more try; `spoken_at` when a server was involved, from which the message's age counts."""
    columns = {"attempts_made": message.attempts_made + 1, "reply": answer[:500]}
    return columns if spoken_at is None else {**columns, "first_attempt_at": message.first_attempt_at or spoken_at}


def _answer(outcome: Accepted | Rejected) -> str:
    return " ".join(part for part in (str(outcome.reply.code), outcome.reply.enhanced, outcome.reply.text) if part)


def _write_attempt(tried: Tried, at: datetime) -> None:
    outcome = tried.outcome
    told: dict[str, Any] = {"phase": getattr(outcome, "phase", "")}
    if isinstance(outcome, Accepted | Rejected):
        told |= {"code": outcome.reply.code, "answer": _answer(outcome)}
    if isinstance(outcome, NotSent | InDoubt):
        told |= {"answer": outcome.error}
    _note_attempt(tried.message, at, outcome=type(outcome).__name__.lower(), **told)


def _note_attempt(
    message: OutboundMessage, at: datetime, *, outcome: str, phase: str = "", code: int | None = None, answer: str = ""
) -> None:
    """One row a try. A worker that was thought dead and comes to its end corrects what was written for it."""
    told = {"at": at, "outcome": outcome, "phase": phase, "code": code, "answer": answer[:500]}
    Attempt.objects.update_or_create(message_id=message.pk, number=message.attempts_made + 1, defaults=told)
