"""Decides what stands against sending from this host: whose the database is, whether it is an older copy (LAW PIP-14).

Pure but for the address of the database: judged from what the journal knew first, and what the database said then.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _

from compliance import epochs, hosts
from compliance.journal import JournalUnavailable, Known
from compliance.models import Installation
from compliance.roster import Host, Seen

# Not faults of the database: this host has something to do first, and does it by itself (`compliance.following`).
NEW_EPOCH, NOT_COMPARED, WAITS = "new_epoch", "not_compared", "waits_for_hosts"
GONE = "declared_gone"
_HERE = frozenset({"", "localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Fault:
    """Why nothing may be sent. `disarms`: it must not be forgotten when later order numbers hide it."""

    code: str
    text: Any
    disarms: bool = False

    def __str__(self) -> str:
        return str(self.text)


def judge(told: Known, seen: Seen | None) -> Fault | None:
    """The first thing that stands against it; None when nothing does."""
    if seen is None:
        text = _("This database has not been set up. Run “manage.py setup”.")
        return Fault("not_set_up", text)
    if seen.row.state == Installation.State.DISARMED:
        text = _("This database is disarmed: %(because)s Look at “manage.py arm”.")
        return Fault("disarmed", text % {"because": seen.row.disarmed_because})
    if found := _of_this_host(told, seen):
        return found
    own = seen.hosts.get(hosts.this_host())
    if own is None:
        text = _("It does not know this host, which has sent for it: it is an older copy.")
        return Fault("unknown_host", text, disarms=True)
    return _older(told, seen, own) or _not_through(told, seen, own)


def _of_this_host(told: Known, seen: Seen) -> Fault | None:
    if told.instance is None:
        return _never()
    if told.instance != seen.row.instance:
        return other(told)
    if place() not in told.places:
        text = _("This host was armed for a database at another address. If it has moved, run “manage.py arm”.")
        return Fault("database_moved", text)
    return None if told.epoch else _never()


def _older(told: Known, seen: Seen, own: Host) -> Fault | None:
    """What only an older copy, or one of two that went apart, can be like."""
    if epochs.is_older(seen.row.epoch, told.latest):
        text = _("Since this copy of it was made, it was armed anew: it is an older copy.")
        return Fault("older_epoch", text, disarms=True)
    if seen.life in told.former:
        text = _("The database of before the failover is back; what was done since is missing from it.")
        return Fault("former_life", text, disarms=True)
    if seen.counter < told.highest and (own.gone or seen.row.epoch == told.epoch):
        return behind()
    return None


def _not_through(told: Known, seen: Seen, own: Host) -> Fault | None:
    if own.gone:
        text = _("This host was declared gone. If it shall send again, run “manage.py arm” on it.")
        return Fault(GONE, text)
    if seen.row.epoch != told.epoch:
        return Fault(NEW_EPOCH, _("It was armed anew; this host has yet to write down what its journal knows."))
    if not seen.is_through(own) or seen.life != told.life:
        return Fault(NOT_COMPARED, _("Its server was started anew; this host has yet to compare its journal with it."))
    if late := seen.waits_for():
        text = _(
            "These hosts have yet to compare their journals with the database: %(hosts)s. They do so by themselves "
            "within seconds; one that will not come back is declared gone with “manage.py hosts --retire”."
        )
        return Fault(WAITS, text % {"hosts": ", ".join(late)})
    return None


def _never() -> Fault:
    text = _("This host was never armed for this installation. Look at “manage.py arm”.")
    return Fault("never_armed_here", text)


def behind() -> Fault:
    """The journal tells of what it lacks."""
    text = _("It is an older copy than this host's journal tells of; opt-outs and messages are missing from it.")
    return Fault("behind_journal", text, disarms=True)


def other(told: Known) -> Fault:
    """The journal is of another installation."""
    text = _(
        "The journal in %(folder)s belongs to another installation (%(instance)s). Give this one a folder of its own "
        "(HANDOFF_STATE_DIR), or move that folder away if the other installation is gone."
    )
    return Fault("another_journal", text % {"folder": settings.STATE_DIR, "instance": told.instance}, disarms=True)


def unavailable(error: JournalUnavailable) -> Fault:
    """The journal is of no use now."""
    text = _("The journal in %(folder)s cannot be used: %(error)s")
    return Fault("journal_unavailable", text % {"folder": settings.STATE_DIR, "error": error.strerror})


def place() -> str:
    """The address of the database, as a digest: a copy that was put elsewhere is not the one that was armed."""
    told = connection.settings_dict
    if connection.vendor == "sqlite":
        where = str(Path(str(told["NAME"])).resolve())
    else:
        host = str(told["HOST"])
        where = f"{'' if host in _HERE else host}:{told['PORT'] or 5432}/{told['NAME']}"
    return hashlib.sha256(f"{connection.vendor}:{where}".encode()).hexdigest()[:16]
