"""Decides when a step is due: calendar or business days of waiting, in the recipient's zone, inside their hours.

Pure: moments come in aware and go out in UTC, and no clock is read. Country names are read by `country_code`.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from compliance.calendar import (
    CalendarError,
    Hours,
    Span,
    add_business_days,
    add_days,
    instant,
    is_working_day,
    next_open,
    span_after,
    utc,
    zone,
)
from sequences.countries import CAPITAL_ZONES, country_code

__all__ = [
    "TimetableError",
    "Wait",
    "WaitKind",
    "ZoneChoice",
    "choose_zone",
    "country_code",
    "due_at",
    "expires_at",
    "first_due",
    "next_slot",
]


class TimetableError(ValueError):
    """An impossible request: `code` is `negative_days`, `bad_spread` or `never_open` (no opening within 370 days)."""

    def __init__(self, code: str, what: str) -> None:
        super().__init__(f"{code}: {what}")
        self.code = code
        self.what = what


class WaitKind(StrEnum):
    calendar = "calendar"
    business = "business"


@dataclass(frozen=True)
class Wait:
    """How many whole days lie between two steps, 0 or more."""

    days: int
    kind: WaitKind

    def __post_init__(self) -> None:
        if self.days < 0:
            raise TimetableError("negative_days", str(self.days))


@dataclass(frozen=True)
class ZoneChoice:
    """An IANA zone name and who gave it: `contact`, `country` or `organisation`."""

    name: str
    source: str


def choose_zone(*, contact_zone: str, country: str, fallback: str) -> ZoneChoice:
    """The contact's own zone if it exists, else that of their country's capital, else the organisation's `fallback`.

    `country` is a code or a name. Raises CalendarError when the fallback is reached and is itself no zone.
    """
    own = contact_zone.strip()
    if _exists(own):
        return ZoneChoice(own, "contact")
    capital = CAPITAL_ZONES.get(country_code(country), "")
    if _exists(capital):
        return ZoneChoice(capital, "country")
    return ZoneChoice(zone(fallback).key, "organisation")


def due_at(after: datetime, wait: Wait, hours: Hours, *, spread: float = 0.0) -> datetime:
    """The first allowed moment of a step, never before `after` plus the wait and never outside a window.

    Calendar days keep the local wall clock (LAW TIM-05). Business days do too; counted from a weekend or holiday they
    begin with the next working day, so a later `after` is never due earlier (only two moments within one hour that
    the clock repeats may swap, by less than that hour). `spread` in [0, 1) is this message's place in the window,
    measured from its opening; a wait that ends beyond that place is due at once. Raises TimetableError.
    """
    earliest = _end_of_wait(after, wait, hours)
    span = _span(earliest, hours)
    return max(earliest, _place(span.opens_at, span, spread))


def first_due(at: datetime, hours: Hours, spread: float = 0.0) -> datetime:
    """The moment of a first step for somebody enrolled at `at`: `spread` is its place in what is left of the window.

    A whole list is enrolled at one moment, often inside the window; measured from the opening, all places
    already past would leave together. Raises TimetableError.
    """
    span = _span(at, hours)
    return _place(max(utc(at), span.opens_at), span, spread)


def expires_at(due: datetime, *, days: int) -> datetime:
    """When a step due at `due` and still unsent becomes stale: `days` of 24 hours later."""
    if days < 0:
        raise TimetableError("negative_days", str(days))
    return utc(due) + timedelta(days=days)


def next_slot(at: datetime, hours: Hours) -> datetime | None:
    """`at` itself when the window is open, else the next opening; None if it never opens in 370 days (LAW TIM-06)."""
    return next_open(at, hours)


def _end_of_wait(after: datetime, wait: Wait, hours: Hours) -> datetime:
    if wait.days == 0:
        return utc(after)
    local = utc(after).astimezone(hours.zone)
    if wait.kind is WaitKind.calendar:
        return instant(add_days(local.date(), wait.days), local.time(), hours.zone)
    if is_working_day(local.date(), hours):
        return instant(_business_day(local, wait.days, hours), local.time(), hours.zone)
    return instant(_business_day(local, wait.days + 1, hours), time(), hours.zone)


def _business_day(local: datetime, count: int, hours: Hours) -> date:
    return add_business_days(local.date(), count, country=hours.country, subdivision=hours.subdivision)


def _span(at: datetime, hours: Hours) -> Span:
    span = span_after(at, hours)
    if not span:
        raise TimetableError("never_open", f"{hours.zone.key} {at.isoformat()}")
    return span


def _place(start: datetime, span: Span, spread: float) -> datetime:
    """The moment at `spread` between `start` and the end of the span, on a whole second, so always before the end."""
    if not 0 <= spread < 1:
        raise TimetableError("bad_spread", str(spread))
    return start + timedelta(seconds=int(spread * int((span.closes_at - start).total_seconds())))


def _exists(name: str) -> bool:
    try:
        return bool(zone(name))
    except CalendarError:
        return False
