"""Decides which companies an older copy takes for two, and lets what is strict about either hold for both at once.

Whose rows they are only the floor above knows, which follows (`companies.to_follow`); until it has, each stop and each
halt stands under every key (LAW SUP-07, PIP-14).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from compliance import audit, companies, journal, journaling, locks, replay_halts
from compliance.journal import Record
from compliance.models import IdentityChange
from compliance.principals import Principal

REPLAYED = "compliance.company.replayed"
_COMPANY = IdentityChange.Kind.COMPANY


@dataclass
class _Group:
    """Keys that name one company now, and the digests of its domains."""

    keys: set[str] = field(default_factory=set)
    digests: set[str] = field(default_factory=set)


def missing() -> list[Record]:
    """Merges that the journal tells of and this database has not heard of, in the order in which they were said."""
    told = [record for record in journal.records(journaling.CHANGE) if record["sort"] == _COMPANY]
    if not told:
        return []
    known = {(row["absorbed"], row["since"]) for row in _rows()}
    first = {(record["absorbed"], record["since"]): record for record in reversed(told)}
    lost = [first[key] for key in first.keys() - known]
    return sorted(lost, key=lambda record: (datetime.fromisoformat(record["since"]), int(record["order"])))


def write_all(lost: Iterable[Record], *, by: Principal, at: datetime) -> None:
    """Write down that they are one, under the caller's transaction and lock on everything."""
    rows = list(lost)
    for record in rows:
        _write(record, by=by, at=at)
    for group in _groups(rows):
        for key in sorted(group.keys):
            companies.cover(key, group.keys, group.digests, by=by, at=at)
            for halt in companies.standing(group.keys - {key}):
                replay_halts.stand_again(companies.same_halt(halt, key), by=by, at=at)


def _write(record: Record, *, by: Principal, at: datetime) -> None:
    (order,) = locks.draw_order(1)
    told = {name: record[name] for name in ("kept", "absorbed", "since", "digests", "called")}
    journaling.change_recorded(IdentityChange(order_no=order, at=at, kind=_COMPANY, told=told))
    audit.record(REPLAYED, record["absorbed"], by=by, at=at, into=record["kept"], order=order, first=record["order"])


def _rows() -> Iterable[Record]:
    return IdentityChange.objects.filter(kind=_COMPANY).values_list("told", flat=True)


def _groups(rows: Sequence[Record]) -> list[_Group]:
    """Whoever was merged with somebody who was merged is one with both."""
    found: list[_Group] = []
    for record in rows:
        named = {record["kept"], record["absorbed"]}
        made = _Group(named | set(companies.roots(named).values()), set(record["digests"]))
        for other in [group for group in found if group.keys & made.keys]:
            made = _Group(made.keys | other.keys, made.digests | other.digests)
            found.remove(other)
        found.append(made)
    return found
