"""Decides when a passage pauses and when it goes on: nothing is repeated and nothing left out (spec SQ5; LAW AUT-05).

While it pauses its clock stands still: what was left of a wait, or of the life of a step, is left when it goes on. Of
two reasons the one that lasts longer counts; a hold is no date, and is asked for again before anything goes on.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from compliance import holds
from compliance.acts import Act, Asked, Consent, Field
from compliance.calendar import instant
from compliance.factor import Kind
from compliance.principals import SYSTEM, Principal
from compliance.refusals import Refusal, Refused
from compliance.transitions import move
from sequences.approval import only
from sequences.enrollment import RUNNING
from sequences.models import Enrollment, OutboundMessage, PauseReason
from sequences.zones import zone_of

_AT_ONCE = 500
# Until somebody says how long: whoever goes on is asked for at once, so this only keeps a worker from asking in vain.
_NOBODY_KNOWS = timedelta(days=1)
BY_HAND = (PauseReason.BY_HAND, PauseReason.SENDER_ABSENT)


def pause(
    row: Enrollment, because: PauseReason, until: datetime | None, *, by: Principal, at: datetime, comment: str = ""
) -> Enrollment | None:
    """Let a passage stand still until a moment, or for an unknown time; None when it has ended, or pauses for longer.

    A second reason only lengthens it.
    """
    with transaction.atomic():
        here = _locked(row)
        if here is None or (here.paused_at and not _lasts_longer(because, until, here)):
            return None
        return _paused(here, because, until, by=by, at=at, comment=comment)


def resume(row: Enrollment, *, by: Principal, at: datetime, comment: str = "") -> Enrollment | None:
    """Let a passage go on; None when it did not pause. What was due meanwhile is due now, and later what was later."""
    with transaction.atomic():
        here = _locked(row)
        if here is None or here.paused_at is None:
            return None
        stood = at - here.paused_at
        due = here.due_at + stood if here.due_at else None
        told = {"code": here.paused_because, "since": here.paused_at}
        (moved,) = move(here, "resume", by=by, at=at, reason=comment, set={"due_at": due, **RUNNING}, data=told)
        planned = OutboundMessage.objects.filter(enrollment=here, state=OutboundMessage.State.PLANNED)
        planned.update(expires_at=F("expires_at") + stood)
        planned.filter(reason__in=PauseReason.values).update(not_before=at, reason="")
    return moved


def pause_round(at: datetime) -> dict[str, int]:
    """Let passages pause whose person is held, and go on when nothing keeps them any more."""
    held = holds.everybody()
    counts = Counter(paused=_follow_holds(held, at), resumed=_go_on(held, at))
    counts["released"] = _release(held, at)
    return dict(counts)


def against_resuming(row: Enrollment, by: Principal) -> list[Refusal]:
    """What keeps a passage from going on."""
    if row.paused_at is None:
        return [Refusal("not_paused", _("It does not pause."))]
    if holds.standing([row.contact.card.person_id]):
        return [Refusal("held", _("They have answered: say what the answer is, and it goes on or ends."))]
    return []


def against_pausing(row: Enrollment, by: Principal) -> list[Refusal]:
    """What keeps a passage from being paused by hand: nothing would change."""
    if row.paused_at and row.paused_until is None and row.paused_because != PauseReason.HELD:
        return [Refusal("paused", _("It pauses already, until somebody lets it go on."))]
    return []


def pause_by_hand(row: Enrollment, *, by: Principal, at: datetime, consent: Consent) -> Enrollment:
    """A person lets it stand still, to the end of a day or until somebody lets it go on. Raises Refused."""
    because, day = PauseReason(consent.said("because")), consent.date("until")
    until = instant(day + timedelta(days=1), time(), ZoneInfo(zone_of(row.contact))) if day else None
    if until and until <= at:
        raise Refused([Refusal("past", _("That day is over."), str(_("until the end of")))])
    return only([found] if (found := pause(row, because, until, by=by, at=at, comment=consent.comment)) else [])


def resume_by_hand(row: Enrollment, *, by: Principal, at: datetime, consent: Consent) -> Enrollment:
    """A person lets it go on. Raises Refused."""
    return only([found] if (found := resume(row, by=by, at=at, comment=consent.comment)) else [])


def _follow_holds(held: Collection[UUID], at: datetime) -> int:
    if not held:
        return 0
    rows = Enrollment.objects.filter(state=Enrollment.State.ACTIVE, paused_at=None)
    theirs = rows.filter(contact__card__person__among=held).order_by("pk")[:_AT_ONCE]
    return sum(pause(row, PauseReason.HELD, None, by=SYSTEM, at=at) is not None for row in theirs)


def _go_on(held: Collection[UUID], at: datetime) -> int:
    over = Q(paused_until__lte=at) | Q(paused_because=PauseReason.HELD)
    rows = Enrollment.objects.filter(over, state=Enrollment.State.ACTIVE, paused_at__isnull=False)
    count = 0
    for row in rows.exclude(paused_because=PauseReason.HELD, contact__card__person__among=held).select_related(
        "contact__card"
    )[:_AT_ONCE]:
        if row.contact.card.person_id in held:
            _keep_held(row, at)
        else:
            count += resume(row, by=SYSTEM, at=at) is not None
    return count


def _keep_held(row: Enrollment, at: datetime) -> None:
    """The other reason is over, and they are held."""
    with transaction.atomic():
        if (here := _locked(row)) and here.paused_at:
            _paused(here, PauseReason.HELD, None, by=SYSTEM, at=at, comment="")


def _release(held: Collection[UUID], at: datetime) -> int:
    """What the door put off for a pause that had ended by the time this was written down."""
    rows = OutboundMessage.objects.filter(state=OutboundMessage.State.PLANNED, reason__in=PauseReason.values)
    rows = rows.filter(enrollment__paused_at=None).exclude(enrollment__contact__card__person__among=held)
    keys = list(rows.order_by("pk").values_list("pk", flat=True)[:_AT_ONCE])
    still = OutboundMessage.objects.filter(pk__in=keys, state=OutboundMessage.State.PLANNED)
    return still.filter(reason__in=PauseReason.values).update(not_before=at, reason="") if keys else 0


def _locked(row: Enrollment) -> Enrollment | None:
    """The passage as it is now, held to the end of the transaction; None when it has ended."""
    here = Enrollment.objects.select_for_update(no_key=True)
    return here.filter(pk=row.pk, state=Enrollment.State.ACTIVE).first()


def _lasts_longer(because: PauseReason, until: datetime | None, here: Enrollment) -> bool:
    if because == PauseReason.HELD:
        return False
    if here.paused_because == PauseReason.HELD:
        return True
    return here.paused_until is not None and (until is None or until > here.paused_until)


def _paused(
    here: Enrollment, because: PauseReason, until: datetime | None, *, by: Principal, at: datetime, comment: str
) -> Enrollment:
    columns = {"paused_at": here.paused_at or at, "paused_until": until, "paused_because": because}
    told = {"code": because, **({"until": until} if until else {})}
    (moved,) = move(here, "pause", by=by, at=at, reason=comment, set=columns, data=told)
    waits = until or at + _NOBODY_KNOWS
    planned = OutboundMessage.objects.filter(enrollment=here, state=OutboundMessage.State.PLANNED)
    planned.filter(not_before__lt=waits).update(not_before=waits, reason=because)
    return moved


def _chosen() -> Sequence[tuple[str, object]]:
    return [(str(one), one.label) for one in BY_HAND]


ACTS = (
    Act(
        "pause",
        pause_by_hand,
        against_pausing,
        comment_required=True,
        kind=Kind.STOPS,
        fields=(
            Field("because", _("Why"), asked=Asked.CHOICE, choices=_chosen),
            Field(
                "until",
                _("Until the end of"),
                help=_("A day at the recipient's. Without one it pauses until somebody lets it go on."),
                asked=Asked.DATE,
                required=False,
            ),
        ),
    ),
    Act("resume", resume_by_hand, against_resuming, kind=Kind.WRITES),
)
