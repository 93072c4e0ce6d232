"""The pen: writes what happened, in the transaction of the change. Nobody else creates an audit entry."""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import models

from compliance import inserting
from compliance.models import AuditEntry
from compliance.principals import Principal, actor

LOOKS = "personal."
"""How verbs begin that record a look at personal data; nothing has changed then."""
ACCESS = "access."
"""How verbs begin that record who came, went, or was refused."""
_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)


@dataclass(frozen=True)
class Note:
    """What is to be recorded of one subject. `data` holds codes, ids and digests, never an address or a text."""

    verb: str
    subject: str
    data: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""


def reference(row: models.Model) -> str:
    """The opaque name of a row in the log: `app.model:pk`."""
    return f"{row._meta.label_lower}:{row.pk}"


def record(verb: str, subject: str, *, by: Principal, at: datetime, reason: str = "", **data: Any) -> None:
    """Write one entry."""
    record_all([Note(verb, subject, data, reason)], by=by, at=at)


def record_all(notes: Sequence[Note], *, by: Principal, at: datetime) -> None:
    """Write one entry per note in a single statement."""
    inserting.insert([_entry(note, actor(by), at) for note in notes])


def actors(subject: str, verbs: Collection[str]) -> set[str]:
    """Who did any of these things to a subject, as the log writes principals."""
    return set(AuditEntry.objects.filter(subject=subject, verb__in=verbs).values_list("actor", flat=True))


@dataclass(frozen=True)
class Happened:
    """One entry of the log, to be read."""

    at: datetime
    actor: str
    verb: str
    subject: str
    reason: str
    data: Mapping[str, Any]


def happened(subjects: Collection[str], verbs: Collection[str], *, most: int = 1000) -> list[Happened]:
    """What the log says of these subjects in these verbs, the first first; of too much, the latest."""
    rows = AuditEntry.objects.filter(subject__in=subjects, verb__in=verbs).order_by("-pk")
    found = rows.values_list("at", "actor", "verb", "subject", "reason", "data")[:most] if subjects else ()
    return [Happened(*row) for row in found][::-1]


def told(verb: str) -> Iterator[tuple[datetime, Mapping[str, Any]]]:
    """When this was recorded, and what was said of it."""
    yield from AuditEntry.objects.filter(verb=verb).order_by("pk").values_list("at", "data")


def count_by_verb(prefix: str) -> dict[str, int]:
    """How often each verb with this prefix was recorded."""
    return dict(Counter(AuditEntry.objects.filter(verb__startswith=prefix).values_list("verb", flat=True)))


def digest_of(entry: AuditEntry) -> str:
    """SHA-256 over the canonical JSON of everything an entry says (64 hexadecimal digits)."""
    return digest(entry.at, entry.actor, entry.verb, entry.subject, entry.reason, entry.data)


def digest(at: datetime, *said: Any) -> str:
    """The same of the columns actor, verb, subject, reason and data. Every chain ever sealed depends on it."""
    return hashlib.sha256(canonical([at.astimezone(UTC).isoformat(), *said])).hexdigest()


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no blanks: equal values give equal bytes."""
    return _JSON.encode(value).encode()


def plain(value: Mapping[str, Any]) -> dict[str, Any]:
    """The value as a database gives it back: moments and ids as text, whole numbers without a point.

    PostgreSQL stores JSON numbers by value, so that 1e20 comes back as an integer and -0.0 without its sign.
    """
    found: dict[str, Any] = json.loads(canonical(dict(value)), parse_float=_number)
    return found


def _number(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number


def _entry(note: Note, who: str, at: datetime) -> AuditEntry:
    # A server's answer may carry a NUL into a reason; PostgreSQL would refuse the whole transaction for it.
    reason = note.reason.replace("\0", "")[:500]
    entry = AuditEntry(at=at, actor=who, verb=note.verb, subject=note.subject, reason=reason, data=plain(note.data))
    entry.digest = digest_of(entry)
    return entry
