"""Decides what a host does by itself so that nothing is sent from an older copy, by whichever host (LAW PIP-14; FT-14).

It compares the database with its journal whenever the server was started anew, it writes down what its journal knows
when a person has armed the database on another host, and it keeps in its journal how far the whole has come. Rounds,
web servers and a thread of each worker call it; in a new life or epoch all sending waits until every host has.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import Error, transaction

from compliance import arming, audit, clock, deadlines, faults, hosts, journal, locks, persons, roster
from compliance.faults import Fault
from compliance.journal import JournalUnavailable
from compliance.models import Installation, JournalHost
from compliance.principals import SYSTEM
from compliance.refusals import Refused

_log = logging.getLogger(__name__)
_SHOWN_ALIVE = timedelta(seconds=10)
# From these one may learn how far the whole has come: they are no older copy.
_SOUND = frozenset({faults.WAITS, faults.GONE})


def take_part(at: datetime) -> Fault | None:
    """Do what this host owes; what stands against sending from here afterwards.

    It waits for the database no longer than the door does. Raises django.db.Error, and nothing is to be sent then.
    """
    with deadlines.statements(settings.DOOR_SECONDS):
        return _taken_part(at)


def _taken_part(at: datetime) -> Fault | None:
    seen = roster.see()
    found = arming.fault(at)
    try:
        if found and found.code == faults.NEW_EPOCH:
            _follow(at)
            found = arming.fault(at)
        elif found and found.code == faults.NOT_COMPARED and seen:
            # In the life that was seen first: should it have changed since, nothing is said of the new one.
            _say_compared(seen, at)
            found = arming.fault(at)
        if found is None or found.code in _SOUND:
            _note_how_far_if_told(at)
    except JournalUnavailable as error:
        _log.error("the journal in %s cannot be used: %s", journal.folder(), error.strerror)
        return arming.fault(at)
    return found


def following_round(at: datetime) -> dict[str, int]:
    """What this host owes; whether something stands against sending from it."""
    return {"may_not_send": int(take_part(at) is not None)}


def _follow(at: datetime) -> None:
    """A person has armed the database elsewhere: here as well, what the journal knows is written down again."""
    try:
        row, life = persons.unless_overtaken(lambda: _followed(at))
    except Refused as refused:
        _log.critical("this host cannot follow into a new epoch: %s", refused)
        return
    if row.state == Installation.State.ARMED:
        arming.settle_in(row, life, at)


def _followed(at: datetime) -> tuple[Installation, str]:
    with transaction.atomic():
        locks.own_scopes([locks.EVERYTHING])
        life, row = roster.life(), Installation.objects.get()
        if row.state == Installation.State.ARMED:
            came_back = arming.take_back(by=SYSTEM, at=at)
            told: dict[str, Any] = {"host": hosts.this_host(), "epoch": row.epoch, **came_back.counts}
            audit.record("installation.followed", audit.reference(row), by=SYSTEM, at=at, **told)
    return row, life


def _say_compared(seen: roster.Seen, at: datetime) -> None:
    if journal.known().life != seen.life:
        journal.compared(seen.life, at)
    roster.note_through(hosts.this_host(), epoch=seen.row.epoch, life=seen.life)


def _note_how_far_if_told(at: datetime) -> None:
    try:
        _note_how_far(at)
    except Error as error:
        if transaction.get_connection().in_atomic_block:
            raise
        # What is missing in the journal is what was done meanwhile elsewhere; whether anything may go the door asks.
        _log.warning("the database does not say how far it has come: %s", type(error).__name__)


def _note_how_far(at: datetime) -> None:
    """A mark only where it tells something new: a host that does everything itself has it in its journal already."""
    told, seen, highest = journal.known(), roster.see(), roster.highest()
    if seen is None:
        return
    expected = seen.expected
    if highest > told.highest or seen.row.epoch != told.latest or expected != told.hosts:
        journal.mark(highest, seen.row.epoch, expected, at)
    now = clock.lease_clock()
    if JournalHost.objects.filter(name=hosts.this_host()).exclude(seen_at__gt=now - _SHOWN_ALIVE).exists():
        roster.note_alive(hosts.this_host(), highest=max(highest, told.highest), now=now)
