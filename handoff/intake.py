"""Takes what came back, once each, and draws what follows for the lead (spec R4; SOP 5.6).

A positive answer is a signal and, at once, an offer to the CRO by name. The stage goes no higher than MQL by itself:
the CRO confirms. A no for good archives. Everything else has been dealt with below.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from compliance.audit import reference
from compliance.principals import SYSTEM
from compliance.refusals import Refused
from handoff import classifying, clocks, handover, judging, ladder, todo
from handoff.judging import Heard
from handoff.ladder import Said
from handoff.models import Lead, Stage, Task
from sequences import taken
from sequences.models import InboundMessage

Verdict = InboundMessage.Verdict
SOURCE = "reply"
_CHUNK = 100
_SIGNALS: Mapping[str, str] = {"briefing_request": "E4", "meeting_accept": "E4", "referral": "E7"}
_OTHERWISE = "E3"
_ARCHIVED_FROM = frozenset({Stage.PROSPECT, Stage.MQL, Stage.LOST, Stage.DISQUALIFIED})
_LEFT = frozenset({"left_company"})


def answers_round(at: datetime) -> dict[str, int]:
    """Take up every answer that has been dealt with below and not here."""
    rows = InboundMessage.objects.filter(state=InboundMessage.State.ROUTED, taken_at__isnull=True).defer("raw")
    answers = offered = 0
    for row in rows.select_related("contact__account").order_by("pk")[:_CHUNK]:
        with transaction.atomic():
            if not taken.take_up(row, at=at):
                continue
            answers += 1
            offered += _follow(row, at)
    return {"answers": answers, "offered": offered}


def _follow(row: InboundMessage, at: datetime) -> bool:
    if row.contact is None or row.verdict not in (Verdict.POSITIVE, Verdict.NEGATIVE):
        return False
    lead = classifying.enter(row.contact, at=at)
    if row.verdict == Verdict.POSITIVE:
        return _interested(row, lead, at)
    if row.permanent:
        _no_for_good(row, lead, at)
    return False


def _interested(row: InboundMessage, lead: Lead, at: datetime) -> bool:
    kind = _SIGNALS.get(row.subclass, _OTHERWISE)
    said = Heard(kind, row.received_at, source=SOURCE, reference=reference(row))
    judging.hear(lead.contact, said, by=SYSTEM, at=at)
    cro = clocks.first_of("cro")
    return cro is not None and handover.offer(lead, cro, cause=reference(row), by=SYSTEM, at=at) is not None


def _no_for_good(row: InboundMessage, lead: Lead, at: datetime) -> None:
    reason = "left_company" if row.subclass in _LEFT else "permanent_no"
    if lead.stage in _ARCHIVED_FROM:
        try:
            ladder.take(lead, "archive", by=SYSTEM, at=at, said=Said(reason, reference(row)))
        except Refused:
            # Somebody has just moved it; whoever did has seen the answer on its page.
            return
    elif lead.stage not in (Stage.ARCHIVED, Stage.WON):
        due = clocks.deadline("1 business day", at, clocks.hours_of(lead.owner))
        todo.ask(
            Task.Kind.FOLLOW_UP,
            lead,
            cause=reference(row),
            role="cro",
            person=lead.owner,
            due_at=due,
            at=at,
            note=row.get_verdict_display(),
        )
