"""Decides which sequence a stage may receive: the stage rule of the door, and who leaves when the stage no longer fits.

Nurture is for MQLs, activation for SQLs, re-engagement for stale MQLs; after a briefing nothing is written from a
template (spec SQ1, L4; SOP 5.2).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from compliance.asking import Ask, Batch, MessageClass
from compliance.clearance import Rule, Verdict, defer, permit, refuse
from compliance.principals import SYSTEM
from handoff.models import Handoff, Lead, Stage
from sequences import enrollment
from sequences.models import Enrollment, ExitReason, SequenceType

FITS: Mapping[str, Stage] = {
    SequenceType.NURTURE: Stage.MQL,
    SequenceType.ACTIVATION: Stage.SQL,
    SequenceType.RE_ENGAGEMENT: Stage.MQL,
}
_TOMORROW = timedelta(days=1)
_NEVER_STALE = frozenset({Stage.PROSPECT, Stage.SAL})
_PERMITTED = {stage: permit(stage=str(stage)) for stage in Stage}
_EXITS: Mapping[str, ExitReason] = {
    Stage.BRIEFING_READY: ExitReason.MEETING_BOOKED,
    Stage.DISQUALIFIED: ExitReason.DISQUALIFIED,
}


class Standing(NamedTuple):
    """Where somebody stands, and whether they are offered to anybody just now."""

    stage: Stage
    offered: bool


_UNKNOWN = Standing(Stage.PROSPECT, offered=False)


class StageFits(Rule):
    """This stage may receive this type of sequence; whoever is offered to somebody, or worked by a rep, waits."""

    def load(self, asks: Batch, at: datetime) -> Mapping[int, Standing]:
        return standing_of({ask.card for ask in asks if ask.card})

    def judge(self, ask: Ask, facts: Mapping[int, Standing], at: datetime) -> Verdict:
        fits = FITS.get(ask.sequence_type)
        if fits is None or ask.message_class == MessageClass.PERSONAL:
            return permit()
        stage, offered = facts.get(ask.card or 0, _UNKNOWN)
        if stage == fits and not offered:
            return _PERMITTED[stage]
        if stage == fits or stage == Stage.SAL:
            return permit() if ask.step is None else defer("being_worked", at + _TOMORROW, stage=str(stage))
        if stage == Stage.PROSPECT:
            # Nobody has looked at them yet: a list may wait for it, a message has to.
            return permit() if ask.step is None else defer("not_classified", at + _TOMORROW, stage=str(stage))
        return refuse("stage_does_not_fit", stage=str(stage), fits=str(fits))


def standing_of(cards: Iterable[int]) -> dict[int, Standing]:
    """Where the people with these address cards stand, by card."""
    wanted = set(cards)
    if not wanted:
        return {}
    leads = Lead.objects.filter(contact__card__among=wanted).values_list("contact__card_id", "stage", "pk")
    rows = list(leads)
    worked = {lead for _card, stage, lead in rows if stage in FITS.values()}
    open_ones = Handoff.objects.filter(state=Handoff.State.OPEN, lead__in=worked) if worked else Handoff.objects.none()
    offered = set(open_ones.values_list("lead", flat=True))
    return {card: Standing(Stage(stage), lead in offered) for card, stage, lead in rows}


def leave_unfit(lead: Lead, *, at: datetime) -> list[Enrollment]:
    """The lead has moved: whatever sequence it is in and no longer fits ends now."""
    if lead.stage in _NEVER_STALE:
        return []
    fitting = [type_ for type_, stage in FITS.items() if stage == lead.stage]
    rows = Enrollment.objects.filter(contact=lead.contact_id, state=Enrollment.State.ACTIVE)
    unfit = rows.exclude(version__sequence__type__in=fitting)
    reason = _EXITS.get(lead.stage, ExitReason.STAGE_CHANGED)
    return enrollment.leave(list(unfit.order_by("pk")), reason, by=SYSTEM, at=at)
