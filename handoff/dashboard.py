"""Decides what the first page shows: what waits for this person, what stands still, how to begin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from compliance import admin_words as words
from compliance import agreeing, clock, halts, host_stop, incidents, installation, lifting, playbook
from compliance.acts import Act, Offer, offers
from compliance.admin_incidents import told
from compliance.admin_pages import page_of
from compliance.audit import reference
from compliance.models import Halt, Incident, LiftRequest, PlaybookVersion, Purpose
from compliance.playbook import NoPlaybook
from compliance.principals import Staff
from compliance.transitions import arrows
from handoff.dashboard_ladder import rungs, turns
from handoff.dashboard_numbers import numbers, standing, why_not
from handoff.first_steps import first_steps
from handoff.roles import roles_of
from sequences import approval, countersigning, lists
from sequences.admin import inbox
from sequences.models import InboundMessage, RecipientList, SequenceVersion, TemplateVersion

_WORK: tuple[tuple[type[Model], Sequence[Act]], ...] = (
    (TemplateVersion, approval.TEXT_ACTS + countersigning.TEXT_ACTS),
    (SequenceVersion, approval.SEQUENCE_ACTS + countersigning.SEQUENCE_ACTS),
    (RecipientList, lists.ACTS),
    (Incident, incidents.ACTS),
    (LiftRequest, lifting.ACTS),
    (PlaybookVersion, agreeing.ACTS),
)
_CONFIRM = [act for act in halts.ACTS if act.arrow == "confirm_start"]
_ROWS_LOOKED_AT = 50
# Reading every row of a longer list would make the first page slow; its own page says what may be done with it.
_PEOPLE_LOOKED_AT = 1000
_BADGES: Mapping[Purpose | None, tuple[Any, str]] = {
    None: (_("Not set up"), "danger"),
    Purpose.STAGING: (_("Staging"), "info"),
    Purpose.DEMO: (_("Demo"), "warning"),
    Purpose.TEST: (_("Test"), "warning"),
}


@dataclass(frozen=True)
class Waiting:
    """One row on which this person has an open act."""

    kind: Any
    title: str
    url: str
    can: tuple[str, ...]
    since: datetime


@dataclass(frozen=True)
class Halted:
    """One thing that stands still until two people start it again."""

    said: str
    reason: str
    since: datetime
    url: str


def installation_badge(request: HttpRequest) -> list[str] | None:
    """That it may not send, or what this database is for, beside the title; nothing in production."""
    found = (_("Disarmed"), "danger") if installation.disarmed() else _BADGES.get(installation.purpose())
    return [str(found[0]), found[1]] if found else None


def first_page(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the signed-in person should look at first."""
    by, at = request.user, clock.now()
    may_see_mail = by.has_perm("sequences.view_outboundmessage")
    context["roles"] = roles_of(list(by.groups.values_list("name", flat=True))) if by.pk else []
    context["disarmed"] = installation.disarmed()
    context["halted"] = halted()
    context["host_stopped"] = host_stop.stands()
    context["no_factor"] = not settings.REQUIRE_MFA
    context["not_agreed"] = playbook.is_example()
    context["incidents"] = open_incidents(by)
    context["now"] = at
    context["turns"] = turns(by, at) if by.pk else []
    context["rungs"] = rungs(by)
    context["waiting"] = waiting_for(by, at)
    context["waiting_count"] = len(context["turns"]) + len(context["waiting"])
    context["steps"] = first_steps(by)
    context["standing"] = standing(by)
    context["numbers"] = numbers(at) if may_see_mail else []
    context["why_not"] = why_not(at) if may_see_mail else []
    return context


def waiting_for(by: Any, at: datetime) -> list[Waiting]:
    """What this person has an open act on, the longest waiting first."""
    found = [*_starts(by), *_answers(by), *(one for model, acts in _WORK for one in _waiting(model, acts, by, at))]
    return sorted(found, key=lambda one: one.since)


def _starts(by: Staff) -> list[Waiting]:
    """Halts that somebody else has asked to start again, and that this person may confirm."""
    label = arrows(Halt)["confirm_start"].label
    found = []
    for row in Halt.objects.filter(state=Halt.State.START_ASKED).order_by("pk")[:_ROWS_LOOKED_AT]:
        if all(offer.open for offer in offers(row, _CONFIRM, by)):
            said = words.say_scope(row.scope)
            found.append(Waiting(_("start again"), said, page_of(reference(row)), (label,), row.asked_at or row.at))
    return found


def _answers(by: Staff) -> list[Waiting]:
    """The mails that wait for somebody to say what they are, together; they are worked off one after the other."""
    route = arrows(InboundMessage)["route"]
    rows = InboundMessage.objects.filter(state=InboundMessage.State.WAITING, looked_at__isnull=False)
    oldest = rows.order_by("received_at").first() if route.open_to(by) else None
    if oldest is None:
        return []
    count = rows.count()
    said = ngettext("%(count)d reply that waits for a person", "%(count)d replies that wait for a person", count)
    return [Waiting(_("incoming mail"), said % {"count": count}, inbox.queue(), (route.label,), oldest.received_at)]


def open_incidents(by: Any) -> list[dict[str, Any]]:
    """Incidents that nobody has closed yet, the gravest first, for who may see them."""
    may = by.has_perm("compliance.view_incident")
    return [{"row": row, "told": told(row)} for row in (incidents.still_open() if may else [])]


def halted() -> list[Halted]:
    """What stands still because somebody, or a breaker, stopped it; the latest first."""
    rows = Halt.objects.exclude(state=Halt.State.LIFTED).order_by("-order_no")[:_ROWS_LOOKED_AT]
    return [Halted(words.say_scope(row.scope), row.reason, row.at, page_of(reference(row))) for row in rows]


def _waiting(model: type[Model], acts: Sequence[Act], by: Staff, at: datetime) -> list[Waiting]:
    declared = arrows(model)
    mine = [act for act in acts if not act.danger and declared[act.arrow].open_to(by)]
    states = {state for act in mine for state in declared[act.arrow].sources}
    rows = model._default_manager.filter(state__in=states).order_by("-pk")[:_ROWS_LOOKED_AT] if states else []
    found = []
    for row in rows:
        if can := tuple(offer.label for offer in _offers(row, mine, by, at) if offer.open):
            found.append(Waiting(model._meta.verbose_name, str(row), page_of(reference(row)), can, _since(row)))
    return found


def _since(row: Any) -> datetime:
    moments = (getattr(row, name, None) for name in ("submitted_at", "asked_at", "opened_at", "created_at"))
    return next(moment for moment in moments if isinstance(moment, datetime))


def _offers(row: Any, acts: Sequence[Act], by: Staff, at: datetime) -> list[Offer]:
    if isinstance(row, RecipientList) and row.rows.count() > _PEOPLE_LOOKED_AT:
        label = arrows(RecipientList)["sign"].label
        return [Offer(act, label, ()) for act in acts if act.arrow == "sign" and row.state == row.State.SUBMITTED]
    try:
        return offers(row, acts, by, at)
    except NoPlaybook:
        return []
