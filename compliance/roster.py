"""Decides which hosts keep a journal of this database, and which of them have compared it with theirs (LAW PIP-14).

Three things tell a database from an older copy of it. Its *epoch* is new whenever a person arms it. Its *numbers* only
rise. Its *life* is what the server says of itself, another after each start, each failover and in each copy: in a new
life nobody sends before every host has looked whether the database lacks anything of its journal.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Max
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from compliance import audit, heartbeats, hosts
from compliance.heartbeats import Kind
from compliance.models import Decision, Halt, IdentityChange, Installation, JournalHost, Lift, Suppression
from compliance.principals import Principal, System
from compliance.refusals import Refusal, Refused, unless_said

PERMISSION = "compliance.change_journalhost"
_STILL_ALIVE = timedelta(seconds=60)
# Whose rows go into the journals; of those that came back after a restore the number is below zero.
_NUMBERED = (Decision, Suppression, Lift, Halt, IdentityChange)
_PARTS = "name || '|' || epoch || '|' || life || '|' || CASE WHEN retired_at IS NULL THEN '' ELSE 'gone' END"
_SQL = {
    "postgresql": {
        "counter": "(SELECT last_value FROM compliance_order)",
        "life": """(SELECT concat_ws('/', extract(epoch FROM pg_postmaster_start_time()), d.oid,
            pg_relation_filenode('compliance_installation'))
            FROM pg_database d WHERE d.datname = current_database())""",
        "hosts": f"(SELECT string_agg({_PARTS}, chr(10)) FROM compliance_journalhost)",  # noqa: S608 - constants
    },
    # One machine: all its processes write one journal, which knows of everything that was done here.
    "sqlite": {
        "counter": "(SELECT value FROM compliance_order)",
        "life": "''",
        "hosts": f"(SELECT group_concat({_PARTS}, char(10)) FROM compliance_journalhost)",  # noqa: S608 - constants
    },
}


class Host(NamedTuple):
    """One host that keeps a journal, as the database has it."""

    name: str
    epoch: str
    life: str
    gone: str


@dataclass(frozen=True)
class Seen:
    """The database as one query saw it."""

    row: Any
    counter: int
    life: str
    hosts: Mapping[str, Host]

    def is_through(self, host: Host) -> bool:
        """Whether all that this host's journal knew is in the database, in this epoch and in this life."""
        return host.epoch == self.row.epoch and host.life == self.life

    @property
    def expected(self) -> frozenset[str]:
        """Everybody who keeps a journal and was not declared gone."""
        return frozenset(host.name for host in self.hosts.values() if not host.gone)

    def waits_for(self) -> list[str]:
        """Hosts that have not compared yet; one that was declared gone is not waited for."""
        return sorted(host.name for host in self.hosts.values() if not host.gone and not self.is_through(host))


def see() -> Seen | None:
    """What this database is, by one query; None before it was set up."""
    said = {name: RawSQL(sql, []) for name, sql in _SQL[connection.vendor].items()}  # noqa: S611 - constants
    row: Any = Installation.objects.annotate(**said).first()
    if row is None:
        return None
    hosts = [Host(*line.rsplit("|", 3)) for line in (row.hosts or "").splitlines()]
    return Seen(row, row.counter, row.life, {host.name: host for host in hosts})


def life() -> str:
    """The life of this database."""
    seen = see()
    return seen.life if seen else ""


def highest() -> int:
    """The highest number of a committed row whose like goes into the journals; 0 for none."""
    found = (model._default_manager.aggregate(highest=Max("order_no"))["highest"] for model in _NUMBERED)
    return max(0, *(number or 0 for number in found))


def lacks(orders: Collection[int]) -> bool:
    """Whether one of these numbers is in none of the tables whose rows went into the journal."""
    wanted = {*orders, *(-order for order in orders)}
    for model in _NUMBERED:
        rows = model._default_manager.filter(order_no__in=wanted)
        wanted -= {sign * order for order in rows.values_list("order_no", flat=True) for sign in (1, -1)}
    return any(order in wanted for order in orders)


def expect(names: Iterable[str], *, at: datetime) -> None:
    """Wait for these hosts as well, if they are not known: their journals may tell what this database has forgotten."""
    rows = [JournalHost(name=name, joined_at=at) for name in sorted(set(names))]
    JournalHost.objects.bulk_create(rows, ignore_conflicts=True)


def take_in(name: str, *, at: datetime) -> None:
    """Expect this host, also if it had been declared gone."""
    expect([name], at=at)
    JournalHost.objects.filter(name=name).update(retired_at=None)


def note_through(name: str, *, epoch: str, life: str) -> None:
    """Say that a host has found its whole journal in the database; its own journal has been told already."""
    JournalHost.objects.filter(name=name).update(epoch=epoch, life=life)


def note_alive(name: str, *, highest: int, now: datetime) -> None:
    """A sign of life, with the highest number that this host's journal has seen; for people to look at."""
    JournalHost.objects.filter(name=name).update(highest=highest, seen_at=now)


def shown() -> list[dict[str, Any]]:
    """Every host that keeps a journal, as commands print it."""
    seen, here = see(), hosts.this_host()
    if seen is None:
        return []
    return [
        {
            "name": row.name,
            "here": row.name == here,
            "expected": row.retired_at is None,
            "through": seen.is_through(seen.hosts[row.name]),
            "epoch": row.epoch,
            "highest": row.highest,
            "seen_at": row.seen_at.isoformat() if row.seen_at else "",
        }
        for row in JournalHost.objects.filter(name__in=seen.hosts)
    ]


def without_journal() -> list[str]:
    """Web hosts whose opt-outs another host writes into its journal, seconds later: they had better keep their own."""
    return sorted(set(heartbeats.owed(Kind.WEB_HOST)) - set(JournalHost.objects.values_list("name", flat=True)))


def objections(row: JournalHost, *, by: Principal, now: datetime) -> list[Refusal]:
    """What stands against declaring a host gone for good."""
    found = []
    if not isinstance(by, System) and not by.has_perm(PERMISSION):
        found.append(Refusal("not_permitted", _("Your roles do not include this.")))
    if row.retired_at:
        found.append(Refusal("not_expected", _("It has been declared gone already.")))
    elif row.seen_at and row.seen_at > now - _STILL_ALIVE:
        found.append(Refusal("still_alive", _("It was alive within the last minute. Stop what runs on it first.")))
    return found


def retire(row: JournalHost, *, by: Principal, at: datetime, now: datetime, reason: str) -> None:
    """A person says that a host is gone and that its journal tells nothing more. Raises Refused with every reason.

    `at` is the moment of the act, `now` the real clock by which signs of life are judged.
    """
    if refusals := [*objections(row, by=by, now=now), *unless_said(reason)]:
        raise Refused(refusals)
    with transaction.atomic():
        if JournalHost.objects.filter(pk=row.pk, retired_at=None).update(retired_at=at):
            audit.record("journalhost.retired", audit.reference(row), by=by, at=at, reason=reason.strip())
