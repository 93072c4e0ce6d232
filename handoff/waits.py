"""Decides how something that waits is shown: what it is, whose, and how much time is left."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.text import capfirst
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from compliance.admin_pages import badge, name_of, page_of
from compliance.audit import reference
from handoff.models import Handoff, Lead, Task
from handoff.roles import LABELS
from sequences.models import Contact

_LONG = timedelta(days=1)
_GAPS: Mapping[str, Any] = {
    "source": _("where they come from"),
    "company": _("their company"),
    "title": _("their job title"),
    "touchpoints": _("what passed between us"),
    "signals": _("a signal"),
    "ruled_out": _("a gate that passes"),
    "indicators": _("an indicator"),
    "open_questions": _("open questions"),
    "tier": _("the tier"),
}


@dataclass(frozen=True)
class Wait:
    """One open offer or task: what it is, of whom it is asked, until when."""

    what: Any
    whose: str
    due_at: datetime
    clock: Any
    url: str
    note: str = ""


def clock_of(due_at: datetime, warn_at: datetime | None, at: datetime) -> Any:
    """How much time is left, coloured: late, nearly late, in time."""
    depth = 1 if abs(due_at - at) >= _LONG else 2
    if due_at <= at:
        return badge(_now("overdue for %(time)s") % {"time": timesince(due_at, at, depth=depth)}, "bad")
    tone = "wait" if warn_at and warn_at <= at else "info"
    return badge(_now("due in %(time)s") % {"time": timeuntil(due_at, at, depth=depth)}, tone)


def named(lead: Lead) -> str:
    """Whom a lead is about, as colleagues say it."""
    return who(lead.contact)


def who(contact: Contact) -> str:
    """Name and company; the address where no name is known."""
    name = f"{contact.first_name} {contact.last_name}".strip() or str(contact)
    return f"{name}, {contact.account.name}" if contact.account else name


def gap(name: str) -> str:
    """A required field of the payload, in words."""
    return str(_GAPS.get(name, name.replace("_", " ")))


def note_of(task: Task) -> str:
    """Why it is asked; the fields that an offer lacks, in words."""
    if task.kind == Task.Kind.COMPLETE:
        return ", ".join(gap(name.strip()) for name in task.note.split(","))
    return task.note


def whose(task: Task) -> str:
    """Of whom a task is asked: one person, or a role."""
    if task.person:
        return name_of(task.person)
    return str(LABELS.get(task.role, task.role))


def open_on(leads: Collection[int], at: datetime) -> Mapping[int, list[Wait]]:
    """What is open on each of these leads, what is due first at the top; two queries however many they are."""
    found: dict[int, list[Wait]] = defaultdict(list)
    for offer in Handoff.objects.filter(lead__in=leads, state=Handoff.State.OPEN).select_related("to"):
        shown = clock_of(offer.due_at, offer.warn_at, at)
        what = _("offered, tier %(tier)s") % {"tier": offer.tier}
        url = page_of(reference(offer))
        found[offer.lead_id].append(Wait(capfirst(str(what)), name_of(offer.to), offer.due_at, shown, url))
    for task in Task.objects.filter(lead__in=leads, state=Task.State.OPEN).select_related("person"):
        shown = clock_of(task.due_at, None, at)
        what = capfirst(task.get_kind_display())
        found[task.lead_id].append(Wait(what, whose(task), task.due_at, shown, page_of(reference(task)), note_of(task)))
    return {lead: sorted(waits, key=lambda one: one.due_at) for lead, waits in found.items()}
