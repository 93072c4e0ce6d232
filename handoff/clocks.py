"""Decides when something is due: the playbook's durations in the open time of whoever has to act (spec H4, H5).

A duration is "5 minutes", "4 hours", "1 business hour" (all three run in open time) or "2 business days", which ends
with the last window of that day.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User

from compliance import calendar, playbook
from compliance.calendar import CalendarError, Hours, parse_windows, zone
from handoff.models import Owner, Tier
from handoff.models.owners import office_hours

_DURATION = re.compile(r"\s*(\d{1,4})\s*(business\s+)?(minute|hour|day)s?\s*", re.IGNORECASE | re.ASCII)
_WARNED_AT = 0.8
_DEFAULTS: Mapping[str, str] = {
    "accept_A": "5 minutes",
    "accept_B": "1 business hour",
    "accept_C": "1 business day",
    "mql_classified": "1 business day",
    "sql_decided": "2 business days",
    "reply_waits": "4 hours",
}


class DurationError(ValueError):
    """A text that is no duration."""


@dataclass(frozen=True)
class Clock:
    """When something is due and when it is warned of, at four fifths of the time."""

    due_at: datetime
    warn_at: datetime


def runs(name: str, at: datetime, hours: Hours) -> Clock:
    """The clock of that name, begun at `at`, by the playbook or as built in. Raises KeyError, DurationError."""
    stated: Mapping[str, Any] = playbook.section("clocks").get(name, {})
    due = deadline(str(stated.get("runs_for") or _DEFAULTS[name]), at, hours)
    return Clock(due, at + (due - at) * _WARNED_AT)


def accept(tier: str, at: datetime, hours: Hours) -> Clock:
    """How long whoever is offered a lead of this tier has to answer."""
    return runs(f"accept_{Tier(tier)}", at, hours)


def deadline(duration: str, at: datetime, hours: Hours) -> datetime:
    """The end of a duration begun at `at`, on the wall where no open time is ahead. Raises DurationError."""
    length, days = _read(duration)
    found = calendar.end_of_business_day(at, days, hours) if days else calendar.after_open(at, length, hours)
    return found or at + (length or timedelta(days=days))


def hours_of(user: User | None) -> Hours:
    """When somebody is at work; Monday to Friday from nine to five, UTC, unless they have said otherwise."""
    row = Owner.objects.filter(user=user).first() if user else None
    try:
        return read(row) if row else _office()
    except CalendarError:
        return _office()


def read(row: Owner) -> Hours:
    """Working time as the calendar reads it. Raises CalendarError, which names the row at fault."""
    windows = row.windows if isinstance(row.windows, list) else []
    return Hours(parse_windows(windows), zone(row.zone), row.country)


def first_of(role: str) -> User | None:
    """Whoever has a role, the one for longest, if anybody active has it."""
    rows = get_user_model().objects.filter(groups__name=role, is_active=True, is_staff=True)
    found: User | None = rows.order_by("pk").first()
    return found


def _office() -> Hours:
    return Hours(parse_windows(office_hours()), zone("UTC"))


def _read(duration: str) -> tuple[timedelta, int]:
    match = _DURATION.fullmatch(duration)
    if match is None:
        raise DurationError(f"{duration[:60]!r} is no duration; write it like “5 minutes” or “2 business days”")
    count, unit = int(match[1]), match[3].lower()
    if unit == "day":
        return timedelta(), count
    return (timedelta(minutes=count) if unit == "minute" else timedelta(hours=count)), 0
