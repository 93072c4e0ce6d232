"""Reads the clock; only edges call it, once per unit of work, and hand the answer on as `at`.

On PostgreSQL every machine reads the same clock, the database's (LAW TIM-01); SQLite has one machine.
"""

import time
from datetime import UTC, datetime

from django.db import connection


def now() -> datetime:
    """The present moment, aware, in UTC."""
    if connection.vendor != "postgresql":
        return datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment.astimezone(UTC)


def lease_clock() -> datetime:
    """The real moment, for leases and heartbeats; they never follow a simulated `at`."""
    return now()


def host_clock() -> datetime:
    """This machine's own moment, for what must not wait for a database that is away: an opt-out put on disk."""
    return datetime.now(UTC)


def ticks() -> float:
    """Seconds that never jump, for pauses between rounds only (LAW TIM-01)."""
    return time.monotonic()
