"""Decides when a desk is open: windows on the wall clock, zones, public holidays, business days. Pure, for all floors.

Everything that is a moment comes in and goes out aware; what goes out is UTC. Windows are intervals between two
*instants*, found once per day, so that daylight saving is decided in one place only (`instant`).
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from importlib.metadata import version
from importlib.resources import files
from itertools import combinations
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import holidays

HOLIDAYS_VERSION: str = version("holidays")

_DAYS = {name: number for number, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))}
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_SATURDAY = 5
_HORIZON_DAYS = 370


class CalendarError(ValueError):
    """Something that is no calendar. `what` names the row, value or zone at fault.

    `code` is one of `no_windows`, `bad_row`, `no_days`, `unknown_day`, `bad_time`, `closes_before_opens`, `overlap`,
    `unknown_zone`, `naive_datetime`.
    """

    def __init__(self, code: str, what: str) -> None:
        super().__init__(f"{code}: {what}")
        self.code = code
        self.what = what


@dataclass(frozen=True)
class Window:
    """Open from `opens` up to but not including `closes`, local wall clock, on `days` (0 = Monday)."""

    days: frozenset[int]
    opens: time
    closes: time

    def __post_init__(self) -> None:
        if not self.days:
            raise CalendarError("no_days", "days")
        if not self.days <= set(_DAYS.values()):
            raise CalendarError("unknown_day", str(sorted(self.days)))
        if self.opens.tzinfo or self.closes.tzinfo:
            raise CalendarError("bad_time", "a wall clock has no zone")
        if self.opens >= self.closes:
            raise CalendarError("closes_before_opens", f"{self.opens:%H:%M}-{self.closes:%H:%M}")


@dataclass(frozen=True)
class Hours:
    """The windows of one person or desk. `country` is ISO 3166-1, `subdivision` ISO 3166-2; empty means no holidays."""

    windows: tuple[Window, ...]
    zone: ZoneInfo
    country: str = ""
    subdivision: str = ""


class Span(NamedTuple):
    """One window on one day as instants (UTC); `closes_at` is no longer inside."""

    opens_at: datetime
    closes_at: datetime


def parse_windows(data: Sequence[Mapping[str, Any]]) -> tuple[Window, ...]:
    """Read rows like `{"days": ["tue", "wed"], "opens": "08:30", "closes": "11:30"}`.

    Raises CalendarError; its `what` begins with the row at fault, counted from 1.
    """
    if not data:
        raise CalendarError("no_windows", "no row")
    windows = tuple(_parse_row(row, number) for number, row in enumerate(data, start=1))
    for (first, one), (second, other) in combinations(enumerate(windows, start=1), 2):
        if one.days & other.days and one.opens < other.closes and other.opens < one.closes:
            raise CalendarError("overlap", f"row {second}: overlaps row {first}")
    return windows


def zone(name: str) -> ZoneInfo:
    """The IANA zone of exactly this name. Raises CalendarError `unknown_zone`."""
    if name not in _zone_names():
        raise CalendarError("unknown_zone", repr(name[:80]))
    return ZoneInfo(name)


def instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The moment (UTC) at which a wall clock in this zone shows `clock` on `day` (LAW TIM-04).

    A local time that does not exist moves to the first valid one; of a repeated one the first counts.
    Never decreases when (day, clock) grows.
    """
    wall = datetime.combine(day, clock.replace(fold=0, tzinfo=None))
    at = wall.replace(tzinfo=zone).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) == wall:
        return at
    return _end_of_gap(wall.replace(microsecond=0), zone)


def utc(at: datetime) -> datetime:
    """The same moment in UTC. Raises CalendarError `naive_datetime`, as Python would take the machine's own zone."""
    if at.utcoffset() is None:
        raise CalendarError("naive_datetime", at.isoformat())
    return at.astimezone(UTC)


def holiday_name(day: date, country: str, subdivision: str = "") -> str:
    """The public holiday's English name, or "" on any other day.

    An unknown country has no holidays; an unknown subdivision has those of its country.
    """
    return _holidays(country.strip().upper(), subdivision.strip(), day.year).get(day, "")


def is_working_day(day: date, hours: Hours) -> bool:
    """Monday to Friday and no public holiday, whatever the windows say."""
    return _is_business_day(day, hours.country, hours.subdivision)


def span_after(at: datetime, hours: Hours) -> Span | None:
    """The span that contains `at`, else the next one; None when nothing opens within 370 days."""
    moment = utc(at)
    first = moment.astimezone(hours.zone).date()
    return next((span for span in _spans(first, hours) if span.closes_at > moment), None)


def is_open(at: datetime, hours: Hours) -> bool:
    """Whether `at` lies inside a window on a day that is no holiday."""
    return closes_at(at, hours) is not None


def next_open(at: datetime, hours: Hours) -> datetime | None:
    """The earliest moment not before `at` that is open; None when there is none within 370 days."""
    span = span_after(at, hours)
    return max(utc(at), span.opens_at) if span else None


def closes_at(at: datetime, hours: Hours) -> datetime | None:
    """When the window containing `at` ends; None when `at` is not open."""
    span = span_after(at, hours)
    return span.closes_at if span and span.opens_at <= utc(at) else None


def after_open(at: datetime, length: timedelta, hours: Hours) -> datetime | None:
    """When `length` of open time has passed since `at`; None when there is not so much within 370 days.

    A length that ends with a window ends there, not at the next opening.
    """
    left, moment = length, utc(at)
    for span in _spans(moment.astimezone(hours.zone).date(), hours):
        begins = max(span.opens_at, moment)
        if span.closes_at - begins >= left:
            return begins + left
        left -= max(span.closes_at - begins, timedelta())
    return None


def open_time(since: datetime, until: datetime, hours: Hours) -> timedelta:
    """How much open time lies between two moments, of the first 370 days."""
    first, last, found = utc(since), utc(until), timedelta()
    for span in _spans(first.astimezone(hours.zone).date(), hours):
        if span.opens_at >= last:
            break
        found += max(min(span.closes_at, last) - max(span.opens_at, first), timedelta())
    return found


def end_of_business_day(at: datetime, count: int, hours: Hours) -> datetime | None:
    """The close of the `count`-th working day after the day of `at`; None when nothing opens within 370 days."""
    today = utc(at).astimezone(hours.zone).date()
    days: dict[date, datetime] = {}
    for span in _spans(add_days(today, 1), hours):
        days[span.opens_at.astimezone(hours.zone).date()] = span.closes_at
        if len(days) > count:
            return list(days.values())[count - 1]
    return None


def add_days(day: date, count: int) -> date:
    """`count` calendar days later, or earlier when negative."""
    return day + timedelta(days=count)


def add_business_days(day: date, count: int, *, country: str, subdivision: str = "") -> date:
    """The `count`-th business day after `day`, or before it when negative; `day` itself when 0."""
    step = timedelta(days=1 if count > 0 else -1)
    left = abs(count)
    while left:
        day += step
        left -= _is_business_day(day, country, subdivision)
    return day


def _parse_row(row: Any, number: int) -> Window:
    try:
        return _window(row)
    except CalendarError as error:
        raise CalendarError(error.code, f"row {number}: {error.what}") from error


def _window(row: Any) -> Window:
    if not isinstance(row, Mapping) or not isinstance(row.get("days"), Sequence) or isinstance(row["days"], str):
        raise CalendarError("bad_row", f"days, opens and closes are needed, not {row!r:.80}")
    for name in row["days"]:
        if not isinstance(name, str) or name not in _DAYS:
            raise CalendarError("unknown_day", f"{name!r:.80}")
    return Window(frozenset(_DAYS[name] for name in row["days"]), _clock(row, "opens"), _clock(row, "closes"))


def _clock(row: Mapping[str, Any], key: str) -> time:
    value = row.get(key)
    match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise CalendarError("bad_time", f"{key} {value!r:.80}")
    return time(int(match[1]), int(match[2]))


def _spans(first: date, hours: Hours) -> Iterator[Span]:
    """In order of time, since `instant` never decreases; a window swallowed whole by a clock change is left out."""
    for day in (add_days(first, count) for count in range(_HORIZON_DAYS + 1)):
        for window in _windows_on(day, hours):
            span = Span(instant(day, window.opens, hours.zone), instant(day, window.closes, hours.zone))
            if span.opens_at < span.closes_at:
                yield span


def _windows_on(day: date, hours: Hours) -> list[Window]:
    windows = [window for window in hours.windows if day.weekday() in window.days]
    if not windows or holiday_name(day, hours.country, hours.subdivision):
        return []
    return sorted(windows, key=lambda window: window.opens)


def _end_of_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    # PEP 495: inside a gap fold=1 reads the new offset, which lies before the change, and fold=0 the old one, after it.
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    offset = after.astimezone(zone).utcoffset()

    def has_changed(seconds: int) -> bool:
        return (before + timedelta(seconds=seconds)).astimezone(zone).utcoffset() == offset

    return before + timedelta(seconds=bisect_left(range(int((after - before).total_seconds())), True, key=has_changed))


def _is_business_day(day: date, country: str, subdivision: str) -> bool:
    return day.weekday() < _SATURDAY and not holiday_name(day, country, subdivision)


@lru_cache(maxsize=2048)
def _holidays(country: str, subdivision: str, year: int) -> Mapping[date, str]:
    # The library looks any other name up among its own attributes, and without a language it asks the environment.
    if country not in holidays.list_supported_countries():
        return {}
    region = subdivision.removeprefix(f"{country}-") or None
    try:
        return dict(holidays.country_holidays(country, subdiv=region, years=year, expand=False, language="en_US"))
    except NotImplementedError:
        return _holidays(country, "", year) if region else {}


@cache
def _zone_names() -> frozenset[str]:
    # The list of the pinned tzdata: a system's directory also holds "localtime", "posix/…" and "right/…".
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()) - {"Factory"}
