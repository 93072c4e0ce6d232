"""Decides whether this database, seen from this host, is the one that may send (LAW G11, PIP-14, PIP-17; spec X8).

The journal of the host says for which installation, database and epoch it was armed, and which order numbers it has
seen. It is read before the database: what it tells was committed earlier, so that only an old copy lacks it. An old
copy and another's journal disarm the database for good, and for every host: later numbers would soon overtake the
journal's.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from compliance import epochs, faults, hosts, installation, journal, locks, persons, replay, roster
from compliance.acts import Act, Consent
from compliance.factor import Kind
from compliance.faults import Fault
from compliance.journal import JournalUnavailable
from compliance.models import Installation, Purpose
from compliance.principals import SYSTEM, Principal
from compliance.refusals import Refusal, Refused
from compliance.roster import Seen
from compliance.transitions import move

_BECAUSE = 200


class NotArmed(RuntimeError):
    """Something was to be cleared although this database may not send from here. Carries the Fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


def look() -> Fault | None:
    """What stands against sending, by one query; writes nothing."""
    return _looked()[0]


def fault(at: datetime) -> Fault | None:
    """The same, with a look for each of the latest numbers of the journal; what disarms is kept."""
    found, seen = _looked(thorough=True)
    _keep(found, seen, at)
    return found


def assert_may_send(at: datetime) -> None:
    """For the door, before it draws a number. Raises NotArmed."""
    found, seen = _looked()
    if found is not None:
        _keep(found, seen, at)
        raise NotArmed(found)


def may_reach(host: str) -> bool:
    """Other machines' mail servers are for an armed production database; a copy reaches nobody (LAW PIP-17)."""
    return installation.is_loopback(host) or (installation.purpose() == Purpose.PRODUCTION and look() is None)


def may_tell_staff(host: str) -> bool:
    """Staff hear of a disarmed database, from a host that was armed for it; a copy elsewhere writes to nobody."""
    if installation.is_loopback(host):
        return True
    found = look()
    return installation.purpose() == Purpose.PRODUCTION and (found is None or found.code not in _SILENT)


def begin(row: Installation, at: datetime) -> None:
    """Begin this host's journal for a database that is new. Raises Refused when another's is there, and
    JournalUnavailable."""
    told = journal.known()
    if told.instance not in (None, row.instance):
        raise Refused([_refusal(faults.other(told))])
    if told.instance is None or faults.place() not in told.places or not told.epoch:
        roster.take_in(hosts.this_host(), at=at)
        settle_in(row, roster.life(), at)


def settle_in(row: Installation, life: str, at: datetime) -> None:
    """In this life the database knows all that this host's journal tells; say so there first, and then here.

    Whoever dies in between compares once more. Raises JournalUnavailable.
    """
    told, seen = journal.known(), roster.see()
    if told.instance is None or faults.place() not in told.places:
        journal.born(row.instance, faults.place(), at)
    journal.replayed(at)
    journal.epoch_begun(row.epoch, life, seen.expected if seen else (), at)
    roster.note_through(hosts.this_host(), epoch=row.epoch, life=life)


def arm(row: Installation, *, by: Principal, at: datetime, consent: Consent) -> Installation:
    """Write down again what the journal knows, and let this database send; every other host does the same by itself.

    With it a new epoch begins, unless one has begun elsewhere that this host has yet to follow. Raises Refused.
    """
    if refusals := against_arming(row, by):
        raise Refused(refusals)
    try:
        moved, life = persons.unless_overtaken(lambda: _armed(row, by=by, at=at, consent=consent))
        settle_in(moved, life, at)
    except JournalUnavailable as error:
        raise Refused([_refusal(faults.unavailable(error))]) from error
    return moved


def _armed(row: Installation, *, by: Principal, at: datetime, consent: Consent) -> tuple[Installation, str]:
    with transaction.atomic():
        locks.own_scopes([locks.EVERYTHING])
        life, told = roster.life(), {"disarmed_because": "", "epoch": _epoch_to_be()}
        came_back = take_back(by=by, at=at)
        roster.take_in(hosts.this_host(), at=at)
        said = {**came_back.counts, "epoch": told["epoch"], "host": hosts.this_host()}
        return move(row, "arm", by=by, at=at, reason=consent.comment, set=told, data=said)[0], life


def take_back(*, by: Principal, at: datetime) -> replay.Missing:
    """Write down again what this host's journal knows, and wait for every host it knows of; under the caller's locks.

    Raises Refused and JournalUnavailable.
    """
    roster.expect(journal.known().hosts, at=at)
    came_back = replay.replay(by=by, at=at)
    if replay.missing().binding:
        raise Refused([Refusal("still_missing", _("Some of what the journal tells could not be written."))])
    return came_back


def _epoch_to_be() -> str:
    told, seen = journal.known(), roster.see()
    found = faults.judge(told, seen)
    if found and found.code in {faults.NEW_EPOCH, faults.NOT_COMPARED} and seen:
        return str(seen.row.epoch)
    return epochs.after(seen.row.epoch if seen else "", told.latest)


def against_arming(row: Installation, by: Principal) -> list[Refusal]:
    """A journal that is another's or cannot be read arms nothing; nor is it needed to wait for other hosts."""
    try:
        told = journal.known()
    except JournalUnavailable as error:
        return [_refusal(faults.unavailable(error))]
    if told.instance not in (None, row.instance):
        return [_refusal(faults.other(told))]
    if row.state == Installation.State.ARMED:
        found, _seen = _looked(thorough=True)
        if found is None:
            return [Refusal("armed_already", _("It is armed, and this host may send."))]
        if found.code == faults.WAITS:
            return [_refusal(found)]
    return []


def disarm(row: Installation, *, by: Principal, at: datetime, consent: Consent) -> Installation:
    """Nothing passes the door from now on, on any host. A disarmed one stays as it is."""
    return _disarm(row, consent.comment, by=by, at=at, where={})


def _disarm(row: Installation, because: str, *, by: Principal, at: datetime, where: Mapping[str, str]) -> Installation:
    because = because.strip()[:_BECAUSE]
    with transaction.atomic(durable=not connection.in_atomic_block):
        locks.own_scopes([locks.EVERYTHING])
        moved = move(row, "disarm", by=by, at=at, reason=because, set={"disarmed_because": because}, where=where)
    return moved[0] if moved else Installation.objects.get(pk=row.pk)


def _looked(*, thorough: bool = False) -> tuple[Fault | None, Seen | None]:
    try:
        told = journal.known()
    except JournalUnavailable as error:
        return faults.unavailable(error), None
    seen = roster.see()
    found = faults.judge(told, seen)
    # What has yet to be taken back under a new epoch is missing by right.
    sure = found is not None and found.code not in {faults.NOT_COMPARED, faults.WAITS, faults.GONE}
    if thorough and not sure and roster.lacks(told.tail):
        found = faults.behind()
    return found, seen


# Staff are told by a host that was armed for it; a copy elsewhere writes to nobody.
_SILENT = frozenset({"not_set_up", "never_armed_here", "another_journal", "database_moved"})


def _keep(found: Fault | None, seen: Seen | None, at: datetime) -> None:
    if found and found.disarms and seen:
        # Only in the epoch that was looked at: a person may just have armed it anew, with this host's journal or not.
        _disarm(seen.row, str(found.text), by=SYSTEM, at=at, where={"epoch": seen.row.epoch})


def _refusal(found: Fault) -> Refusal:
    return Refusal(found.code, found.text)


ACTS = (
    Act("arm", arm, against_arming, comment_required=True, kind=Kind.STARTS),
    Act("disarm", disarm, comment_required=True, danger=True, kind=Kind.STOPS),
)
