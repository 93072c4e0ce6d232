"""Decides what this database is for, and what therefore may leave the machine."""

import ipaddress
from datetime import datetime
from uuid import UUID

from django.db import connection

from compliance.models import EarlierOptOuts, Installation, Purpose

_LOCAL_NAMES = {"localhost", "localhost.localdomain"}


def purpose() -> Purpose | None:
    """What the database is marked as; None while it is unmarked."""
    row = Installation.objects.first()
    return Purpose(row.purpose) if row else None


def current() -> Installation | None:
    """The row that marks this database; None while it is unmarked."""
    return Installation.objects.first()


def is_played(row: Installation) -> bool:
    """Whether it is marked as one that writes to nobody."""
    return row.purpose in {Purpose.DEMO, Purpose.TEST}


def instance() -> UUID | None:
    """What the database calls itself; None while it is unmarked. Every stop asks, so it costs no more than it must."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT instance FROM compliance_installation")
        row = cursor.fetchone()
    return UUID(str(row[0])) if row else None


def disarmed() -> Installation | None:
    """The database's own row while a person has yet to arm it."""
    return Installation.objects.filter(state=Installation.State.DISARMED).first()


def mark(wanted: Purpose, *, at: datetime) -> Installation:
    """Mark an unmarked database; a marked one keeps its mark."""
    row, _made = Installation.objects.get_or_create(id=1, defaults={"purpose": wanted, "created_at": at})
    EarlierOptOuts.objects.get_or_create(id=1)
    return row


def is_loopback(host: str) -> bool:
    """Whether a host name means this machine, decided without asking DNS."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() in _LOCAL_NAMES


def may_simulate_time() -> bool:
    """Whether a round may be run at a moment later than the real one."""
    row = current()
    return row is not None and is_played(row)
