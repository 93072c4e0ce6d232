"""Decides when something is due: the playbook's durations in the open time of whoever has to act (spec H4, H5).

Minutes and hours run in open time; business days end with the last window of the day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User

from compliance import calendar, playbook
from compliance.calendar import CalendarError, Hours, parse_windows, zone
from handoff import durations
from handoff.durations import Unit
from handoff.models import Owner, Tier
from handoff.models.owners import office_hours

_WARNED_AT = 0.8
_DEFAULTS: Mapping[str, str] = {
    "accept_A": "5 minutes",
    "accept_B": "1 business hour",
    "accept_C": "1 business day",
    "mql_classified": "1 business day",
    "sql_decided": "2 business days",
    "reply_waits": "4 hours",
}


@dataclass(frozen=True)
class Clock:
    """When something is due and when it is warned of, at four fifths of the open time."""

    due_at: datetime
    warn_at: datetime


def runs(name: str, at: datetime, hours: Hours) -> Clock:
    """The clock of that name, begun at `at`, by the playbook or as built in. Raises KeyError, DurationError."""
    stated: Mapping[str, Any] = playbook.section("clocks").get(name, {})
    due = deadline(str(stated.get("runs_for") or _DEFAULTS[name]), at, hours)
    return Clock(due, _warned(at, due, hours))


def _warned(at: datetime, due: datetime, hours: Hours) -> datetime:
    if open_time := calendar.open_time(at, due, hours):
        return calendar.after_open(at, open_time * _WARNED_AT, hours) or due
    return at + (due - at) * _WARNED_AT


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
    """The time in minutes and hours, or else the number of days. Raises DurationError."""
    read = durations.parse(duration)
    if read.unit in {Unit.DAY, Unit.BUSINESS_DAY}:
        return timedelta(), read.count
    return (timedelta(minutes=read.count) if read.unit == Unit.MINUTE else timedelta(hours=read.count)), 0
