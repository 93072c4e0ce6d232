"""Puts leads where a test wants them, by the arrows themselves: judged, heard, offered, booked."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User

from compliance.acts import Consent
from compliance.principals import SYSTEM
from handoff import booking, criteria, handover, judging, ladder
from handoff.judging import Heard, Judgement
from handoff.ladder import Said
from handoff.models import Briefing, Handoff, Lead, Signal, Stage
from sequences.models import Contact
from tests.cast import TUESDAY
from tests.factories import ContactFactory, UserFactory, playbook_loaded

EVIDENCE = "https://customer.example/partners"


def lead_of(contact: Contact | None = None, *, at: datetime = TUESDAY) -> Lead:
    """A prospect of whom nothing is known."""
    playbook_loaded()
    return Lead.objects.create(contact=contact or ContactFactory(), stage_since=at, created_at=at)


def judged(lead: Lead, keys: Iterable[str], *, holds: bool = True, at: datetime = TUESDAY, value: str = "") -> None:
    for key in keys:
        said = Judgement(key, holds=holds, evidence=EVIDENCE, value=value)
        judging.judge(lead.contact, said, by=SYSTEM, at=at)


def heard(lead: Lead, kind: str = "E5", *, at: datetime = TUESDAY, reference: str = "") -> Signal | None:
    count = Signal.objects.count()
    said = Heard(kind, at, source="website", reference=reference or f"download-{count}")
    return judging.hear(lead.contact, said, by=SYSTEM, at=at)


def fit(lead: Lead, *, indicators: int = 0, at: datetime = TUESDAY) -> Lead:
    """All gates pass, a signal is there, and so many indicators."""
    judged(lead, criteria.GATES, at=at)
    judged(lead, criteria.INDICATORS[:indicators], at=at)
    heard(lead, at=at)
    return Lead.objects.get(pk=lead.pk)


def mql(*, indicators: int = 0, at: datetime = TUESDAY) -> Lead:
    lead = fit(lead_of(at=at - timedelta(days=1)), indicators=indicators, at=at)
    return ladder.take(lead, "qualify", by=SYSTEM, at=at)


def offered(lead: Lead, to: User, *, at: datetime = TUESDAY) -> Handoff:
    made = handover.offer(lead, to, cause=f"test:{lead.pk}:{to.pk}", by=SYSTEM, at=at)
    assert made is not None
    return made


def at_stage(stage: Stage, *, owner: User | None = None, at: datetime = TUESDAY) -> Lead:  # noqa: C901
    """A lead that has climbed to a stage, or gone where it does not climb any more, a minute an arrow."""
    cro: Any = UserFactory(role="cro")
    now = at
    lead = lead_of(at=now - timedelta(days=1))
    if stage == Stage.PROSPECT:
        return lead
    lead = ladder.take(fit(lead, indicators=3, at=now), "qualify", by=SYSTEM, at=now)
    if stage == Stage.SAL:
        rep = owner or UserFactory(role="rep")
        handover.accept(offered(lead, rep, at=now), by=rep, at=now + timedelta(minutes=1), consent=Consent())
        return Lead.objects.get(pk=lead.pk)
    if stage == Stage.DISQUALIFIED:
        return ladder.take(lead, "disqualify", by=cro, at=now, said=Said("wrong_persona"))
    if stage == Stage.ARCHIVED:
        return ladder.take(lead, "archive", by=SYSTEM, at=now, said=Said("ended"))
    for name in _WAY[: _STOPS.get(stage, 0)]:
        now += timedelta(minutes=1)
        lead = _climb(lead, name, cro, now)
    if stage == Stage.LOST:
        return ladder.take(lead, "lose", by=cro, at=now, said=Said("price"))
    return lead


_WAY = ("confirm", "book", "qualify_assessment", "propose", "win")
_STOPS = {
    Stage.MQL: 0,
    Stage.SQL: 1,
    Stage.LOST: 1,
    Stage.BRIEFING_READY: 2,
    Stage.ASSESSMENT_QUALIFIED: 3,
    Stage.ASSESSMENT_PROPOSED: 4,
    Stage.WON: 5,
}
SAID = {
    "qualify_assessment": {"need": "fewer spreadsheets", "money": "the plan of 2027", "decision_maker": "the COO"},
    "propose": {"proposed_on": "2026-11-20"},
    "win": {"signed_on": "2026-11-24"},
}


def _climb(lead: Lead, arrow: str, by: User, at: datetime) -> Lead:
    if arrow == "book":
        return booking.book(lead, at + timedelta(days=3), by=by, at=at)
    if arrow == "qualify_assessment":
        row = Briefing.objects.get(lead=lead)
        booking.hold(row, by=by, at=row.starts_at + timedelta(hours=1), consent=Consent())
    return ladder.take(lead, arrow, by=by, at=at, said=Said(more=SAID.get(arrow, {})))
