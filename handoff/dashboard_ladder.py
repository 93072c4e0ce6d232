"""Decides what the first page says of the ladder: whose turn it is and how much time is left; how many stand where."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.timesince import timesince
from django.utils.translation import gettext as _now

from compliance.acts import Act, offers
from compliance.admin_pages import badge, page_of
from compliance.audit import reference
from handoff import booking, handover, waits
from handoff.models import OPEN, Briefing, Handoff, Lead, Stage, Task

_SHOWN = 25


@dataclass(frozen=True)
class Turn:
    """One offer or task that waits for this person: what it is, how much time is left, what they can do."""

    what: str
    title: str
    url: str
    clock: Any
    can: tuple[str, ...]
    due_at: datetime
    note: str = ""


@dataclass(frozen=True)
class Rung:
    """One stage, and how many stand there; `url` shows them."""

    name: Any
    count: int
    url: str


def turns(by: Any, at: datetime) -> list[Turn]:
    """Offers to this person, tasks of theirs or of their roles, briefings that began; what is due first at the top."""
    found = [*_offered(by, at), *_asked(by, at), *_began(by, at)]
    return sorted(found, key=lambda one: one.due_at)[:_SHOWN]


def asked_of(by: Any) -> Q:
    """The tasks of one person: asked of them by name, or of a role of theirs and nobody by name."""
    of_roles = Q() if by.is_superuser else Q(role__in=list(by.groups.values_list("name", flat=True)))
    return Q(person=by) | (Q(person__isnull=True) & of_roles)


def rungs(by: Any) -> list[Rung]:
    """How many leads stand at each stage, as far as this person may see them; nothing while nobody is there."""
    if not by.has_perm("handoff.view_lead"):
        return []
    counted = dict(Lead.objects.order_by().values_list("stage").annotate(Count("pk")))
    if not counted:
        return []
    url = reverse("admin:handoff_lead_changelist")
    shown = [stage for stage in Stage if stage in OPEN or stage == Stage.WON or counted.get(stage)]
    return [Rung(stage.label, counted.get(stage, 0), f"{url}?stage__exact={stage}") for stage in shown]


def _offered(by: Any, at: datetime) -> list[Turn]:
    rows = Handoff.objects.filter(to=by, state=Handoff.State.OPEN).select_related("lead__contact__account", "to")
    return [
        Turn(
            what=_now("Offered to you, tier %(tier)s") % {"tier": row.tier},
            title=waits.named(row.lead),
            url=page_of(reference(row)),
            clock=waits.clock_of(row.due_at, row.warn_at, at),
            can=_can(row, handover.ACTS, by, at),
            due_at=row.due_at,
        )
        for row in rows.order_by("due_at")[:_SHOWN]
    ]


def _asked(by: Any, at: datetime) -> list[Turn]:
    """What they cannot close they are not shown: their role sees it, somebody else's turn it is."""
    if not by.has_perm("handoff.close_task"):
        return []
    rows = Task.objects.filter(asked_of(by), state=Task.State.OPEN).select_related("lead__contact__account", "person")
    return [
        Turn(
            what=capfirst(row.get_kind_display()),
            title=waits.named(row.lead),
            url=page_of(reference(row.lead)),
            clock=waits.clock_of(row.due_at, None, at),
            can=(_now("Open the lead"),),
            due_at=row.due_at,
            note=waits.note_of(row),
        )
        for row in rows.order_by("due_at")[:_SHOWN]
    ]


def _began(by: Any, at: datetime) -> list[Turn]:
    """Briefings of which nobody has said what became of them: with their own leads, or with nobody's."""
    if not by.has_perm("handoff.close_briefing"):
        return []
    theirs = Q(lead__owner=by) | Q(lead__owner__isnull=True)
    rows = Briefing.objects.filter(theirs, state=Briefing.State.BOOKED, starts_at__lte=at)
    return [
        Turn(
            what=_now("Say what became of the briefing"),
            title=waits.named(row.lead),
            url=page_of(reference(row)),
            clock=badge(_now("began %(time)s ago") % {"time": timesince(row.starts_at, at, depth=1)}, "wait"),
            can=_can(row, booking.ACTS, by, at),
            due_at=row.starts_at,
        )
        for row in rows.select_related("lead__contact__account").order_by("starts_at")[:_SHOWN]
    ]


def _can(row: Any, acts: Sequence[Act], by: Any, at: datetime) -> tuple[str, ...]:
    return tuple(offer.label for offer in offers(row, acts, by, at) if offer.open)
