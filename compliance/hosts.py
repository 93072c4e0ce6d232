"""Decides which web hosts owe a sign of life, and so whether opt-outs may be waiting somewhere (LAW UNS-09).

A host takes part from its first sign on. It leaves by an orderly end with an empty spool; after any other end it is
still owed, and the door stays shut until it is back or a person says that it is gone for good. Each host remembers
on its own disk whether it is owed: only then may it promise anything while it cannot reach the database.
"""

import contextlib
import os
import socket
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from compliance import audit, heartbeats
from compliance.folders import sync
from compliance.heartbeats import Kind
from compliance.models import Heartbeat
from compliance.principals import Principal, System
from compliance.refusals import Refusal, Refused, unless_said
from compliance.spool import Spool

STALE = timedelta(seconds=60)
PERMISSION = "compliance.change_heartbeat"
_LONGEST_NAME = 80


def opt_outs() -> Spool:
    """What this host has promised and not yet written into the database."""
    return Spool("unsubscribe")


def this_host() -> str:
    """The name of this host: its network name and a number drawn once and kept in its state folder. Raises OSError."""
    path = Path(settings.STATE_DIR) / "host"
    with contextlib.suppress(FileNotFoundError):
        return path.read_text(encoding="utf-8").strip()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_name(f"host.{uuid4().hex}")
    aside.write_text(f"{socket.gethostname()[:_LONGEST_NAME]}-{uuid4().hex[:8]}\n", encoding="utf-8")
    with contextlib.suppress(FileExistsError):
        # Of several processes that start together, the first one names the host.
        os.link(aside, path)
    aside.unlink()
    return path.read_text(encoding="utf-8").strip()


def overdue(now: datetime) -> list[str]:
    """Hosts that have not said since a minute, by the real clock, that nothing waits on them.

    A database that has just come back asks every host anew: each may have promised something meanwhile.
    """
    since = max(now - STALE, _database_began() or now - STALE)
    return sorted(name for name, at in heartbeats.owed(Kind.WEB_HOST).items() if at < since)


def say_empty(*, at: datetime) -> bool:
    """Say that nothing waited here at `at` (real clock, read before looking), if that is so."""
    if not opt_outs().empty():
        return False
    heartbeats.beat(Kind.WEB_HOST, this_host(), at=at)
    _owed_mark().touch(mode=0o600)
    return True


def is_owed() -> bool:
    """Whether the others wait for this host, as far as it knows without the database; False if that is uncertain."""
    return _owed_mark().exists()


def say_goodbye(*, at: datetime) -> bool:
    """An orderly end: nothing waits here and nothing more will be taken; otherwise the host stays owed."""
    if not opt_outs().empty():
        return False
    # Forgotten first, and for certain: whoever dies in between promises less than it might, never more.
    _owed_mark().unlink(missing_ok=True)
    sync(_owed_mark().parent)
    return heartbeats.retire(Kind.WEB_HOST, this_host(), at=at)


def objections(row: Heartbeat, *, by: Principal, now: datetime) -> list[Refusal]:
    """What stands against declaring a host gone for good."""
    found = []
    if not isinstance(by, System) and not by.has_perm(PERMISSION):
        found.append(Refusal("not_permitted", _("Your roles do not include this.")))
    if row.kind != Kind.WEB_HOST or row.retired_at:
        found.append(Refusal("not_owed", _("Only a web host that is still expected can be declared gone.")))
    elif row.at > now - STALE:
        found.append(Refusal("still_alive", _("It was alive within the last minute. Stop its web server first.")))
    if row.name == this_host() and not opt_outs().empty():
        found.append(
            Refusal(
                "spool_not_empty", _("Opt-outs still wait on this host. They are written when the database answers.")
            )
        )
    return found


def retire(row: Heartbeat, *, by: Principal, at: datetime, now: datetime, reason: str) -> None:
    """A person says that a host is gone and that nothing it promised is lost. Raises Refused with every reason.

    `at` is the moment of the act, `now` the real clock by which signs of life are judged.
    """
    if refusals := [*objections(row, by=by, now=now), *unless_said(reason)]:
        raise Refused(refusals)
    with transaction.atomic():
        if heartbeats.retire(Kind.WEB_HOST, row.name, at=at):
            audit.record("heartbeat.retired", audit.reference(row), by=by, at=at, reason=reason.strip())


def _owed_mark() -> Path:
    return Path(settings.STATE_DIR) / "owed"


def _database_began() -> datetime | None:
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_postmaster_start_time()")
        (began,) = cursor.fetchone()
    return began if isinstance(began, datetime) else None
