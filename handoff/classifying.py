"""Gives every contact a place on the ladder, and classifies by itself what needs no judgement (spec L2; SOP 4.2).

A prospect whose five gates all have a finding that holds is classified by the system: MQL, or nothing. Where something
was not judged yet, sales ops is asked, within a business day; for a high-intent signal at once, by the tier's clock.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from compliance import playbook
from compliance.principals import SYSTEM
from compliance.refusals import Refused
from handoff import clocks, gates, grounds, ladder, tiers, todo
from handoff.gates import Facts
from handoff.ladder import Said
from handoff.models import Intent, Lead, Stage, Task
from sequences.models import Contact

_CHUNK = 500
# Whoever writes down what was heard waits for a round that holds their lead: it holds few, and not for long.
_AT_ONCE = 50


def entering_round(at: datetime) -> dict[str, int]:
    """A lead for every contact that has none: a prospect, which says nothing yet."""
    known = Contact.objects.filter(lead__isnull=True, merged_into__isnull=True, erased_at__isnull=True)
    new = [
        Lead(contact=contact, stage=Stage.PROSPECT, stage_since=at, created_at=at)
        for contact in known.order_by("pk")[:_CHUNK]
    ]
    Lead.objects.bulk_create(new, ignore_conflicts=True)
    return {"entered": len(new)}


def enter(contact: Contact, *, at: datetime) -> Lead:
    """The lead of a contact, or of whoever they turned out to be; made now if there is none."""
    whose = contact.merged_into or contact
    row, _made = Lead.objects.get_or_create(contact=whose, defaults={"stage_since": at, "created_at": at})
    return row


def classify_round(at: datetime) -> dict[str, int]:
    """Look once at every prospect of whom something was judged or heard since it was looked at last."""
    waiting = Lead.objects.filter(judged_at__isnull=True, stage__in=(Stage.PROSPECT, Stage.ARCHIVED))
    told = Q(contact__signals__isnull=False) | Q(contact__merged__signals__isnull=False)
    found = waiting.filter(told, contact__merged_into__isnull=True).distinct().order_by("pk")
    keys = list(found.values_list("pk", flat=True)[:_CHUNK])
    done = [word for first in range(0, len(keys), _AT_ONCE) for word in _look_at(keys[first : first + _AT_ONCE], at)]
    return {"classified": done.count("classified"), "asked": done.count("asked")}


@transaction.atomic
def _look_at(keys: Collection[int], at: datetime) -> list[str]:
    """Held while they are looked at: what is heard meanwhile is looked at by the next round, not by nobody."""
    free = Lead.objects.filter(pk__in=keys, judged_at__isnull=True).order_by("pk")
    leads = list(free.select_for_update(no_key=True, skip_locked=True))
    # Before they are looked at, since an arrow may ask for another look.
    Lead.objects.filter(pk__in=[lead.pk for lead in leads]).update(judged_at=at)
    known = grounds.of_all(leads)
    return [_look(lead, known[lead.pk], at) for lead in leads]


def returning_round(at: datetime) -> dict[str, int]:
    """Recycled leads whose day has come are looked at again: they belong to nobody until somebody acts."""
    due = Lead.objects.filter(stage=Stage.MQL, return_on__lte=at.date())
    returned = 0
    for lead in due.order_by("pk")[:_CHUNK]:
        with transaction.atomic():
            still = Lead.objects.filter(pk=lead.pk, stage=lead.stage, return_on=lead.return_on)
            if still.update(return_on=None):
                todo.decide_sql(lead, cause=f"{lead.move_token}:{lead.return_on}", at=at)
                returned += 1
    return {"returned": returned}


def _look(lead: Lead, facts: Facts, at: datetime) -> str:
    if lead.stage == Stage.ARCHIVED:
        return _revive(lead, at)
    lacking = gates.missing_for_mql(facts, at)
    if not lacking:
        return _qualify(lead, at)
    if not facts.counting(at) or facts.all_gates_are_judged(at):
        # Nothing to decide: the signal is kept, the lead stays a prospect, its page says what does not pass.
        return ""
    return "asked" if _ask(lead, facts, at) else ""


def _qualify(lead: Lead, at: datetime) -> str:
    try:
        ladder.take(lead, "qualify", by=SYSTEM, at=at, said=Said(notes=f"playbook {playbook.active().number}"))
    except Refused:
        # Somebody was faster.
        return ""
    return "classified"


def _revive(lead: Lead, at: datetime) -> str:
    try:
        ladder.take(lead, "revive", by=SYSTEM, at=at)
    except Refused:
        return ""
    return "revived"


def _ask(lead: Lead, facts: Facts, at: datetime) -> Task | None:
    latest = facts.counting(at)[0]
    hours = clocks.hours_of(clocks.first_of("sales_ops"))
    if latest.intent == Intent.HIGH:
        tier = tiers.tier_of(facts, at, _stated_tiers())
        clock = clocks.accept(tier, at, hours)
    else:
        clock = clocks.runs("mql_classified", at, hours)
    cause = f"signal:{latest.key}"
    return todo.ask(Task.Kind.CLASSIFY, lead, cause=cause, role="sales_ops", due_at=clock.due_at, at=at)


def _stated_tiers() -> Mapping[str, object]:
    return playbook.section("tiers")
