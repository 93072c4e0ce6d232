"""Decides what the ledger tells of one person: their addresses as cards, who they were merged with, what stops them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from compliance import admin_words as words
from compliance import persons, subjects
from compliance.models import AddressCard, AuditEntry, Suppression

_STOPS_SHOWN = 20


@dataclass(frozen=True)
class Change:
    """One merge or split: when, by whom, and what was said, if its key is still there."""

    at: datetime
    what: str
    who: str
    said: str | None


@dataclass(frozen=True)
class Known:
    """Everything at once, for a page. Stops are those of the person under every key they were known by."""

    cards: Sequence[AddressCard]
    changes: Sequence[Change]
    stops: Sequence[Suppression]


def known(person: UUID, by: Any) -> Known:
    """What `by` may be told of a person: stops and what staff said only where their roles include it."""
    names = persons.aliases([person])[person]
    stops = Suppression.objects.filter(person__in=names, scope=Suppression.Scope.PERSON).order_by("-order_no")
    may_see_stops = by.has_perm("compliance.view_suppression")
    return Known(
        cards=list(AddressCard.objects.filter(person=person).order_by("created_at", "pk")),
        changes=_changes(names, may_read=by.has_perm("compliance.view_auditentry")),
        stops=list(stops.select_related("lift")[:_STOPS_SHOWN]) if may_see_stops else [],
    )


def _changes(names: frozenset[UUID], *, may_read: bool) -> list[Change]:
    subjects_named = [persons.named(name) for name in names]
    rows = list(AuditEntry.objects.filter(subject__in=subjects_named, verb__in=(persons.MERGED, persons.SPLIT)))
    actors = words.name_actors({row.actor for row in rows})
    return [
        Change(row.at, words.say_verb(row.verb), actors[row.actor], _said(row) if may_read else None)
        for row in sorted(rows, key=lambda row: row.pk, reverse=True)
    ]


def _said(row: AuditEntry) -> str | None:
    return subjects.unseal(UUID(row.subject.rpartition(":")[2]), str(row.data.get("said", "")))
