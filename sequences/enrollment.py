"""A passage through a sequence: entering, going on, ending. Every ending names its reason from a closed list."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from compliance import stopped, suppression
from compliance.acts import Act, Consent
from compliance.calendar import CalendarError, Window
from compliance.factor import Kind
from compliance.models import AddressDigest, Strength, Suppression
from compliance.principals import SYSTEM, Principal
from compliance.refusals import Refusal, Refused
from compliance.transitions import move
from sequences import senders
from sequences.approval import only
from sequences.models import (
    Enrollment,
    ExitReason,
    ListRow,
    Mailbox,
    OutboundMessage,
    RecipientList,
    SequenceVersion,
    Step,
)
from sequences.timetable import TimetableError, Wait, WaitKind, due_at, first_due
from sequences.zones import hours, windows, zone_of

_SWEEP = _CHUNK = 500
RUNNING: Mapping[str, object] = {"paused_at": None, "paused_until": None, "paused_because": ""}
"""The columns of a passage that is not paused, or not any more."""
# What a refusal of the door means for the passage.
_EXITS = {
    "list_withdrawn": ExitReason.LIST_WITHDRAWN,
    "removed_from_list": ExitReason.REMOVED,
}
# What a stop means for it; any other is an opt-out.
_EXITS_BY_STOP: Mapping[int, ExitReason] = {
    Strength.COMPLAINT: ExitReason.COMPLAINED,
    Strength.HARD_BOUNCE: ExitReason.BOUNCED,
    Strength.LEFT_COMPANY: ExitReason.NOT_ADDRESSABLE,
}


class NoMailbox(LookupError):
    """There is no active mailbox to send from."""


def enroll(
    rows: Sequence[ListRow], version: SequenceVersion, *, at: datetime, writing: Mapping[int, Mailbox] | None = None
) -> list[Enrollment]:
    """Start a passage for every row whose person is in no other sequence; return those that began.

    `writing` says who writes to each row, where that was decided before. Raises NoMailbox.
    """
    theirs = senders.assigned(rows) if writing is None else writing
    if not Mailbox.objects.filter(state=Mailbox.State.ACTIVE).exists():
        raise NoMailbox(str(_("There is no active mailbox to send from.")))
    opening, begun = windows(), list[Enrollment]()
    # Two lists with the same people may be signed at once; in one order neither waits for the other in a circle.
    rows = sorted(rows, key=lambda row: row.contact.card.person_id)
    for chunk in (rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK)):
        wanted = [_entry(row, version, theirs[row.pk], _first_due(row, opening, at), at) for row in chunk]
        Enrollment.objects.bulk_create(wanted, ignore_conflicts=True)
        ours = Enrollment.objects.filter(row__in=chunk, version=version, state=Enrollment.State.ACTIVE)
        begun += ours.order_by("pk")
    return begun


def advance(enrollment: Enrollment, step: int, *, at: datetime) -> None:
    """`step` is done with: set the time of the next one, or finish. Nothing if the passage is elsewhere by now."""
    enrollment = Enrollment.objects.select_related("contact").get(pk=enrollment.pk)
    if enrollment.next_step != step or enrollment.state != Enrollment.State.ACTIVE:
        return
    following = Step.objects.filter(version=enrollment.version_id, position=enrollment.next_step + 1).first()
    if following is None:
        columns = {"exit_reason": ExitReason.FINISHED, "ended_at": at, "due_at": None, **RUNNING}
        move(enrollment, "finish", by=SYSTEM, at=at, set=columns)
        return
    due = next_due(enrollment, following, after=at)
    here = Enrollment.objects.filter(pk=enrollment.pk, next_step=step)
    here.filter(state=Enrollment.State.ACTIVE).update(next_step=following.position, due_at=due)


def against_returning(enrollment: Enrollment, step: int) -> list[Refusal]:
    """What keeps a passage from standing at this step (again)."""
    if enrollment.state == Enrollment.State.EXITED:
        reason = enrollment.get_exit_reason_display()
        return [Refusal("passage_ended", _("Their passage has ended: %(reason)s.") % {"reason": reason})]
    if enrollment.next_step > step + 1 or enrollment.messages.filter(step__gt=step).exists():
        return [Refusal("later_step", _("A later step is planned already, or has gone."))]
    others = Enrollment.objects.filter(person=enrollment.person, state=Enrollment.State.ACTIVE).exclude(
        pk=enrollment.pk
    )
    if others.exists():
        return [Refusal("another_sequence", _("They are in another sequence by now."))]
    return []


def return_to(enrollment: Enrollment, step: int, *, at: datetime) -> None:
    """Let a passage stand at `step` again, from which it had gone on or finished. Raises Refused.

    Under the caller's transaction; whoever plans its next step or ends it waits.
    """
    here = Enrollment.objects.select_for_update().get(pk=enrollment.pk)
    if refusals := against_returning(here, step):
        raise Refused(refusals)
    if here.state == Enrollment.State.FINISHED:
        only(move(here, "reopen", by=SYSTEM, at=at, set={"exit_reason": "", "ended_at": None}))
    Enrollment.objects.filter(pk=here.pk).update(next_step=step, due_at=None)


def next_due(enrollment: Enrollment, step: Step, *, after: datetime) -> datetime:
    """When a step is due for this person, inside their window, spread over it by a stable hash."""
    contact = enrollment.contact
    wait = Wait(days=step.wait_days, kind=WaitKind(step.wait_kind))
    try:
        return due_at(after, wait, hours(zone_of(contact), contact.country), spread=_spread(contact.pk, step.position))
    except (TimetableError, CalendarError):
        # No opening is in sight. What has been sent stays sent: the door says what stands against the next one.
        return after + timedelta(days=step.wait_days)


def leave(
    enrollments: Sequence[Enrollment], reason: ExitReason, *, by: Principal, at: datetime, comment: str = ""
) -> list[Enrollment]:
    """End passages early and cancel what was planned for them. Those already ended are left alone."""
    columns = {"exit_reason": reason, "ended_at": at, "due_at": None, **RUNNING}
    with transaction.atomic():
        left = move(list(enrollments), "leave", by=by, at=at, reason=comment, set=columns, data={"code": str(reason)})
        planned = {"state": OutboundMessage.State.PLANNED}
        waiting = OutboundMessage.objects.filter(enrollment__in=left, **planned).defer("content")
        move(list(waiting), "cancel", by=SYSTEM, at=at, set={"reason": reason, "settled_at": at}, where=planned)
    return left


def exit_for(code: str, enrollment: Enrollment) -> ExitReason:
    """The closed reason for a refusal by the door."""
    if code == "suppressed":
        stops = stopped.stopped_cards([enrollment.contact.card_id])
        return _reason_of(stops[enrollment.contact.card_id]) if stops else ExitReason.OPTED_OUT
    return _EXITS.get(code, ExitReason.NOT_ADDRESSABLE)


def exit_round(at: datetime) -> dict[str, int]:
    """Draw the consequences of stops and withdrawals for people who are not due soon."""
    stops = suppression.not_taken(_SWEEP)
    ended = sum(len(leave(_stopped_by(stop), _reason_of(stop), by=SYSTEM, at=at)) for stop in stops)
    suppression.mark_taken(stops, at=at)
    withdrawn = Enrollment.objects.filter(
        state=Enrollment.State.ACTIVE, row__recipient_list__state=RecipientList.State.WITHDRAWN
    )[:_SWEEP]
    ended += len(leave(list(withdrawn), ExitReason.LIST_WITHDRAWN, by=SYSTEM, at=at))
    taken_off = Enrollment.objects.filter(state=Enrollment.State.ACTIVE, row__removed_at__isnull=False)[:_SWEEP]
    ended += len(leave(list(taken_off), ExitReason.REMOVED, by=SYSTEM, at=at))
    return {"ended": ended}


def remove(row: Enrollment, *, by: Principal, at: datetime, consent: Consent) -> Enrollment:
    """A person takes somebody out of a sequence by hand."""
    return only(leave([row], ExitReason.REMOVED, by=by, at=at, comment=consent.comment))


def _stopped_by(stop: Suppression) -> list[Enrollment]:
    """A stop for a person follows them to all their addresses, one for a domain or company holds only there."""
    told = AddressDigest.objects.filter(digest__in=stop.digests.values("digest"))
    if stop.scope == Suppression.Scope.PERSON:
        persons = told.values("card__person")
        whom = Q(person__in=persons) | Q(contact__card__person__in=persons) | Q(person=stop.person)
    else:
        whom = Q(contact__card__in=told.values("card")) | _at_company(_account_of(stop))
    return list(Enrollment.objects.filter(whom, state=Enrollment.State.ACTIVE))


def _at_company(account: int) -> Q:
    return Q(contact__account=account) | Q(contact__account__merged_into=account)


def _account_of(stop: Suppression) -> int:
    """The company a stop names; 0, which is none, for other stops."""
    kind, _colon, key = stop.account.partition(":")
    return int(key) if kind == "account" and key.isdecimal() else 0


def _reason_of(stop: Suppression) -> ExitReason:
    return _EXITS_BY_STOP.get(stop.strength, ExitReason.OPTED_OUT)


def _entry(row: ListRow, version: SequenceVersion, mailbox: Mailbox, due: datetime, at: datetime) -> Enrollment:
    return Enrollment(
        contact=row.contact,
        person=row.contact.card.person_id,
        version=version,
        row=row,
        mailbox=mailbox,
        due_at=due,
        entered_at=at,
    )


def _first_due(row: ListRow, opening: Sequence[Window], at: datetime) -> datetime:
    contact, start = row.contact, at + timedelta(minutes=1)
    try:
        return first_due(start, hours(zone_of(contact), contact.country, opening), spread=_spread(contact.pk, 1))
    except (TimetableError, CalendarError):
        return start


def _spread(contact: int, step: int) -> float:
    """A stable place in [0, 1): not all mail leaves at the minute of opening."""
    return int.from_bytes(hashlib.sha256(f"{contact}/{step}".encode()).digest()[:4]) / 2**32


ACTS = (Act("leave", remove, comment_required=True, danger=True, kind=Kind.STOPS),)
