"""Assembles what happened around an incident from the ledger's own rows, in the order of their numbers and times.

Nothing is kept for it: stops, permissions, lifts, halts and the audit log are evidence already. Upper floors tell
what they know besides. Plain data; the words are the pages'.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from compliance import audit
from compliance.models import (
    AddressDigest,
    AuditEntry,
    Decision,
    Halt,
    Incident,
    Lift,
    Outcome,
    Suppression,
    Touch,
)

_MOST = 200


@dataclass(frozen=True)
class Moment:
    """One thing that happened. `verb` and `code` are words' keys; `order` is the number drawn under the locks."""

    at: datetime
    verb: str
    subject: str = ""
    by: str = ""
    code: str = ""
    order: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


Facts = Mapping[str, Any]
Teller = Callable[[Facts], Iterable[Moment]]
_TELLERS: list[Teller] = []


def tell(teller: Teller) -> Teller:
    """Let an upper floor tell what it knows of an incident's facts; for use as a decorator."""
    _TELLERS.append(teller)
    return teller


def of_incident(incident: Incident) -> list[Moment]:
    """Everything known about the message, the person and the scope that an incident speaks of, the first first."""
    facts = incident.facts
    found = [*_opened(incident), *_placed(incident), *_decided(facts), *_stopped(facts), *_recorded(facts, incident)]
    found += [moment for teller in _TELLERS for moment in teller(facts)]
    return sorted(found, key=_place)[:_MOST]


def _place(moment: Moment) -> tuple[datetime, float]:
    """What has no number comes after what was decided under one at the same moment."""
    return moment.at, math.inf if moment.order is None else moment.order


def _opened(incident: Incident) -> Iterable[Moment]:
    yield Moment(incident.opened_at, "incident.opened", audit.reference(incident), incident.opened_by)


def _placed(incident: Incident) -> Iterable[Moment]:
    for row in Halt.objects.filter(incident=incident):
        told = {"scope": row.scope}
        code = "" if row.code.isdecimal() else row.code
        yield Moment(row.at, "halt.placed", audit.reference(row), row.placed_by, code, row.order_no, told)
        if row.lifted_at:
            yield Moment(row.lifted_at, "halt.lifted", audit.reference(row), row.confirmed_by, detail=told)


def _decided(facts: Facts) -> Iterable[Moment]:
    ref = str(facts.get("ref", ""))
    if not ref:
        return
    for row in Decision.objects.filter(ref=ref).order_by("order_no")[:_MOST]:
        told = {"attempt": row.attempt, "late": row.order_no in facts.get("permitted", [])}
        yield Moment(row.at, f"door.{row.outcome}", audit.reference(row), "", row.code, row.order_no, told)
    known = Decision.objects.filter(ref=ref, outcome=Outcome.PERMIT).values("order_no")
    for touch in Touch.objects.filter(ref=ref).exclude(order_no__in=known).order_by("order_no")[:_MOST]:
        yield Moment(touch.at, "door.touch", order=touch.order_no, detail={"attempt": touch.attempt})


def _stopped(facts: Facts) -> Iterable[Moment]:
    """Stops of the person, of the card that was written to, and those the incident names; and how each ended."""
    wanted = Q(order_no__in=facts.get("stopped", []))
    if person := facts.get("person"):
        wanted |= Q(person=UUID(str(person)))
    if ref := facts.get("ref"):
        cards = Decision.objects.filter(ref=ref).values("card")
        wanted |= Q(digests__digest__in=AddressDigest.objects.filter(card__in=cards).values("digest"))
    rows = Suppression.objects.filter(wanted).distinct().order_by("order_no")[:_MOST]
    stops = list(rows)
    for row in stops:
        yield Moment(row.at, "door.stop", audit.reference(row), row.recorded_by, row.reason, row.order_no)
    for lift in Lift.objects.filter(stop__in=[row.pk for row in stops]):
        yield Moment(
            lift.at, "door.lift", audit.reference(lift), lift.confirmed_by or lift.entered_by, "", lift.order_no
        )


def _recorded(facts: Facts, incident: Incident) -> Iterable[Moment]:
    subjects = [*facts.get("subjects", []), audit.reference(incident)]
    rows = AuditEntry.objects.filter(subject__in=subjects).exclude(verb="incident.opened").order_by("-pk")
    # News is told by those who stored it, as what it was.
    for row in (row for row in rows[:_MOST] if "event" not in row.data):
        yield Moment(row.at, row.verb, row.subject, row.actor, str(row.data.get("code", "")))
