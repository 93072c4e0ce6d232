"""Decides whether this database, seen from this host, is the one that may send (LAW G11, PIP-14, PIP-17; spec X8).

The journal of the host says for which installation and database it was armed, and which order numbers it has seen.
It is read before the database: what it tells was committed earlier, so that only an old copy lacks it. An old copy and
another's journal disarm the database for good, because later numbers would soon overtake the journal's.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from compliance import installation, journal, locks, replay
from compliance.acts import Act, Consent
from compliance.journal import JournalUnavailable, Known
from compliance.models import Decision, Installation, Lift, Purpose, Suppression
from compliance.principals import SYSTEM, Principal
from compliance.refusals import Refusal, Refused
from compliance.transitions import move

_BECAUSE = 200
_COUNTER = {
    "postgresql": "(SELECT last_value FROM compliance_order)",
    "sqlite": "(SELECT value FROM compliance_order)",
}
_HERE = frozenset({"", "localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Fault:
    """Why nothing may be sent. `disarms`: it must not be forgotten when later order numbers hide it."""

    code: str
    text: Any
    disarms: bool = False

    def __str__(self) -> str:
        return str(self.text)


class NotArmed(RuntimeError):
    """Something was to be cleared although this database may not send from here. Carries the Fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


def look() -> Fault | None:
    """What stands against sending, by one query; writes nothing."""
    try:
        told = journal.known()
    except JournalUnavailable as error:
        return _unavailable(error)
    return _fault(told, _row())


def fault(at: datetime) -> Fault | None:
    """The same, with a look for each of the latest numbers of the journal; what disarms is kept."""
    found = _thorough()
    if found and found.disarms:
        _keep(found, at)
    return found


def assert_may_send(at: datetime) -> None:
    """For the door, before it draws a number. Raises NotArmed."""
    found = look()
    if found is None:
        return
    if found.disarms:
        _keep(found, at)
    raise NotArmed(found)


def may_reach(host: str) -> bool:
    """Other machines' mail servers are for an armed production database; a copy reaches nobody (LAW PIP-17)."""
    return installation.is_loopback(host) or (installation.purpose() == Purpose.PRODUCTION and look() is None)


def may_tell_staff(host: str) -> bool:
    """Staff hear of a disarmed database, from a host that was armed for it; a copy elsewhere writes to nobody."""
    if installation.is_loopback(host):
        return True
    found = look()
    return installation.purpose() == Purpose.PRODUCTION and (found is None or found.code in _TOLD)


def begin(row: Installation, at: datetime) -> None:
    """Begin this host's journal for this database. Raises Refused when another's is there, JournalUnavailable."""
    told = journal.known()
    if told.instance not in (None, row.instance):
        raise Refused([_refusal(_other(told))])
    if told.instance is None or _place() not in told.places:
        journal.born(row.instance, _place(), at)


def arm(row: Installation, *, by: Principal, at: datetime, consent: Consent) -> Installation:
    """Write down again what the journal knows, then let this database send from this host. Raises Refused."""
    if refusals := against_arming(row, by):
        raise Refused(refusals)
    try:
        with transaction.atomic():
            locks.own_scopes([locks.EVERYTHING])
            came_back = replay.replay(by=by, at=at)
            if replay.missing().binding:
                raise Refused([Refusal("still_missing", _("Some of what the journal tells could not be written."))])
            told = {"disarmed_because": ""}
            moved = move(row, "arm", by=by, at=at, reason=consent.comment, set=told, data={**came_back.counts})
        begin(row, at)
        journal.replayed(at)
    except JournalUnavailable as error:
        raise Refused([_refusal(_unavailable(error))]) from error
    return moved[0]


def against_arming(row: Installation, by: Principal) -> list[Refusal]:
    """A journal that is another's or cannot be read arms nothing."""
    try:
        told = journal.known()
    except JournalUnavailable as error:
        return [_refusal(_unavailable(error))]
    if told.instance not in (None, row.instance):
        return [_refusal(_other(told))]
    if row.state == Installation.State.ARMED and _thorough() is None:
        return [Refusal("armed_already", _("It is armed, and this host may send."))]
    return []


def disarm(row: Installation, *, by: Principal, at: datetime, consent: Consent) -> Installation:
    """Nothing passes the door from now on, on any host. A disarmed one stays as it is."""
    because = consent.comment.strip()[:_BECAUSE]
    with transaction.atomic(durable=not connection.in_atomic_block):
        locks.own_scopes([locks.EVERYTHING])
        moved = move(row, "disarm", by=by, at=at, reason=because, set={"disarmed_because": because})
    return moved[0] if moved else Installation.objects.get(pk=row.pk)


def _thorough() -> Fault | None:
    try:
        told = journal.known()
    except JournalUnavailable as error:
        return _unavailable(error)
    return _fault(told, _row()) or (_behind() if _lacks(told.tail) else None)


def _fault(told: Known, row: Any) -> Fault | None:
    if row is None:
        text = _("This database has not been set up. Run “manage.py setup”.")
        return Fault("not_set_up", text)
    if row.state == Installation.State.DISARMED:
        text = _("This database is disarmed: %(because)s Look at “manage.py arm”.")
        return Fault("disarmed", text % {"because": row.disarmed_because})
    if told.instance is None:
        text = _("This host was never armed for this installation. Look at “manage.py arm”.")
        return Fault("never_armed_here", text)
    if told.instance != row.instance:
        return _other(told)
    if _place() not in told.places:
        text = _("This host was armed for a database at another address. If it has moved, run “manage.py arm”.")
        return Fault("database_moved", text)
    return _behind() if row.counter < told.highest else None


def _behind() -> Fault:
    text = _("It is an older copy than this host's journal tells of; opt-outs and messages are missing from it.")
    return Fault("behind_journal", text, disarms=True)


def _other(told: Known) -> Fault:
    text = _(
        "The journal in %(folder)s belongs to another installation (%(instance)s). Give this one a folder of its own "
        "(HANDOFF_STATE_DIR), or move that folder away if the other installation is gone."
    )
    return Fault("another_journal", text % {"folder": settings.STATE_DIR, "instance": told.instance}, disarms=True)


def _unavailable(error: JournalUnavailable) -> Fault:
    text = _("The journal in %(folder)s cannot be used: %(error)s")
    return Fault("journal_unavailable", text % {"folder": settings.STATE_DIR, "error": error.strerror})


_TOLD = frozenset({"disarmed", "behind_journal", "journal_unavailable"})


def _keep(found: Fault, at: datetime) -> None:
    row = Installation.objects.filter(state=Installation.State.ARMED).first()
    if row:
        disarm(row, by=SYSTEM, at=at, consent=Consent(str(found.text)))


def _row() -> Any:
    counter = RawSQL(_COUNTER[connection.vendor], [])  # noqa: S611 - one of two constants
    return Installation.objects.annotate(counter=counter).first()


def _lacks(orders: Collection[int]) -> bool:
    """Whether one of these numbers is in none of the tables whose rows went into the journal."""
    wanted = {*orders, *(-order for order in orders)}
    for model in (Decision, Suppression, Lift):
        rows = model._default_manager.filter(order_no__in=wanted)
        wanted -= {sign * order for order in rows.values_list("order_no", flat=True) for sign in (1, -1)}
    return any(order in wanted for order in orders)


def _place() -> str:
    """The address of the database, as a digest: a copy that was put elsewhere is not the one that was armed."""
    told = connection.settings_dict
    if connection.vendor == "sqlite":
        where = str(Path(str(told["NAME"])).resolve())
    else:
        host = str(told["HOST"])
        where = f"{'' if host in _HERE else host}:{told['PORT'] or 5432}/{told['NAME']}"
    return hashlib.sha256(f"{connection.vendor}:{where}".encode()).hexdigest()[:16]


def _refusal(found: Fault) -> Refusal:
    return Refusal(found.code, found.text)


ACTS = (
    Act("arm", arm, against_arming, comment_required=True),
    Act("disarm", disarm, comment_required=True, danger=True),
)
