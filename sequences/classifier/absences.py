"""Decides on which day somebody is back, from the words of their absence note; never from what a person writes.

The day back counts if the note gives one, else the last day away. Without a year the next such day is meant, unless it
is more than half a year off: then the note is an old one. What has passed says nothing (LAW AUT-05).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from sequences.classifier.languages import Language, in_order, languages
from sequences.classifier.plain import bare, one_line
from sequences.classifier.wordbook import Patterns, any_of, compiled

_READ = 3000
_DAYS = 30
_BEFORE = 48
_AFTER = 48
_SOON = timedelta(days=183)
_FAR = timedelta(days=3 * 366)
_MONTHS = 12
_AMERICAN = (timedelta(hours=-10), timedelta(hours=-4))
_CLOSE = len("back at the office on ")
_NEXT = re.compile(r"[.!?;,]\s|\n|\d")
_BEFORE_A_NUMBER = re.compile(r"[.,]?\s*(?:the |den |dem |le |el |il |de |the )?\d")
_SENTENCE = re.compile(r"[.!?;]\s|\n")


# From, to, and the day meant there, if it is one that can be meant.
_Place = tuple[int, int, date | None]


@dataclass(frozen=True)
class _Day:
    """A day named in a text: where, and how it is meant (`back`, `until`, or neither)."""

    when: date
    start: int
    meant: str


@dataclass(frozen=True)
class _Calendar:
    """What a language calls days and months, and the words around them."""

    months: Mapping[str, int]
    weekdays: Mapping[str, int]
    named: re.Pattern[str]
    relative: re.Pattern[str]
    around: Mapping[str, Patterns]
    tomorrow: frozenset[str]


def day_back(said: str, subject: str, written: datetime) -> date | None:
    """The day, at or after the day on which the note was written; None if it names none or an old one."""
    text = f"{one_line(said)} . {one_line(subject)}"[:_READ]
    for language in in_order(text):
        days = list(_days(text, language, written))
        for meant in ("back", "until"):
            if found := [day.when for day in days if day.meant == meant and day.when >= written.date()]:
                return found[0]
    return None


def names_a_day(said: str, language: str) -> bool:
    """Whether a text names any day at all, in words or numbers."""
    calendar = _calendar(language)
    text = one_line(said)[:_READ]
    return bool(calendar.named.search(text) or _NUMBERS.search(text) or calendar.relative.search(text))


_NUMBERS = re.compile(
    r"(?<![\d/.:-])(?:(?P<y>20\d\d)-(?P<m>\d{1,2})-(?P<d>\d{1,2})|"
    r"(?P<a>\d{1,2})(?P<sep>[./-])(?P<b>\d{1,2})(?:(?P=sep)(?P<c>(?:20)?\d\d)|(?P<dot>\.))?)(?![\d/-]|[.:]\d)"
)


def _days(text: str, language: Language, written: datetime) -> Iterator[_Day]:
    calendar = _calendar(language.name)
    found = [*_named(text, calendar, written), *_numbered(text, language, written), *_relative(text, calendar, written)]
    taken: list[tuple[int, int]] = []
    for start, end, when in sorted(found, key=lambda row: (row[0], -row[1]))[:_DAYS]:
        if any(start < other_end and other_start < end for other_start, other_end in taken):
            continue
        taken.append((start, end))
        meant = _meant(text, start, end, calendar)
        if when and meant:
            yield _Day(when, start, meant)


def _meant(text: str, start: int, end: int, calendar: _Calendar) -> str:
    """Whether the words around a day make it the day back or the last day away; the nearest word decides."""
    before = _SENTENCE.split(text[max(0, start - _BEFORE) : start])[-1]
    after = _NEXT.split(text[end : end + _AFTER])[0]
    places = {name: _last(calendar.around[name], before) for name in ("back", "until", "since")}
    nearest = max(places, key=lambda name: places[name])
    is_again = bool(any_of(calendar.around["again"], after))
    if places["back"] >= 0 and nearest in {"back", "until"} and places["until"] - places["back"] < _CLOSE:
        return "back"
    if places[nearest] < 0 or nearest == "since":
        nearest = "back" if is_again or places["back"] >= 0 else ""
    sentence = _SENTENCE.split(text[max(0, start - 2 * _BEFORE) : start])[-1] + text[start:end] + after
    return "" if any_of(calendar.around["not_about"], sentence) else nearest


def _last(patterns: Patterns, text: str) -> int:
    """Where the last of some words ends, or -1."""
    return max((found.end() for pattern in patterns for found in pattern.finditer(bare(text))), default=-1)


def _named(text: str, calendar: _Calendar, written: datetime) -> Iterator[_Place]:
    for found in calendar.named.finditer(text):
        name = found["m1"] or found["m2"]
        day = found["d1"] or found["d2"]
        year = found["y1"] or found["y2"]
        when = _date(calendar.months[name], int(day), int(year) if year else None, written)
        yield found.start(), found.end(), when


def _numbered(text: str, language: Language, written: datetime) -> Iterator[_Place]:
    for found in _NUMBERS.finditer(text):
        if found["y"]:
            when = _date(int(found["m"]), int(found["d"]), int(found["y"]), written)
        else:
            bare_number = not found["c"] and not found["dot"]
            if bare_number and (found["sep"] == "-" or (found["sep"] == "." and language.name == "en")):
                continue
            when = _of_numbers(int(found["a"]), int(found["b"]), found["c"], found["sep"], language, written)
        yield found.start(), found.end(), when


def _of_numbers(a: int, b: int, year: str | None, sep: str, language: Language, written: datetime) -> date | None:
    """05/07: which is the month, the language and the time zone of the writer tell, else what lies ahead."""
    number = int(year) + (2000 if len(year) == len("26") else 0) if year else None
    zone = written.utcoffset() or timedelta()
    american = language.name == "en" and sep == "/" and _AMERICAN[0] <= zone <= _AMERICAN[1]
    day_first, month_first = _date(b, a, number, written), _date(a, b, number, written)
    if sep == ".":
        return day_first
    first, second = (month_first, day_first) if american else (day_first, month_first)
    ahead = [one for one in (first, second) if one and one >= written.date()]
    if not day_first or not month_first:
        return day_first or month_first
    if language.name == "en" and len(ahead) > 1 and not american:
        # Either may be meant; the one that is nearer pauses no longer than the note says.
        return min(ahead)
    return ahead[0] if ahead else first


def _relative(text: str, calendar: _Calendar, written: datetime) -> Iterator[_Place]:
    for found in calendar.relative.finditer(text):
        today = written.date()
        if _BEFORE_A_NUMBER.match(text, found.end()):
            continue
        if found["w"]:
            ahead = (calendar.weekdays[found["w"]] - today.weekday() - 1) % 7 + 1
            yield found.start(), found.end(), today + timedelta(days=ahead)
        elif found[0] in calendar.tomorrow:
            yield found.start(), found.end(), today + timedelta(days=1)
        else:
            yield found.start(), found.end(), today + timedelta(days=7 - today.weekday())


def _date(month: int, day: int, year: int | None, written: datetime) -> date | None:
    """A date that exists; without a year the next one, unless it is far off."""
    today = written.date()
    years = (year,) if year else (today.year, today.year + 1)
    for one in years:
        try:
            when = date(one, month, day)
        except ValueError:
            continue
        if year:
            return when if abs(when - today) < _FAR else None
        if when >= today and when - today <= _SOON:
            return when
    return None


@cache
def _calendar(name: str) -> _Calendar:
    dates = languages()[name].dates
    months = {word: number for number, row in enumerate(dates["months"], 1) for word in row.split()}
    weekdays = {word: number for number, row in enumerate(dates["weekdays"]) for word in row.split()}
    tomorrow = tuple(dates["tomorrow"])
    month, weekday = _one_of(months), _one_of(weekdays)
    of = r"(?:st|nd|rd|th|er|º|°|\.)?(?: of| de| di| del| van)? ?"
    year = r"(?:,? ?(?:de |del )?(?P<y{0}>20\d\d))?"
    named = (
        rf"(?:\b(?P<w>{weekday})\.?,? ?(?:the |den |dem |le |el |il |de )?)?"
        rf"(?:(?<![\d.:])(?P<d1>\d{{1,2}}){of}\b(?P<m1>{month})\b\.?{year.format(1)}|"
        rf"\b(?P<m2>{month})\b\.? ?(?:the )?(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b(?![:.]\d){year.format(2)})"
    )
    whole_days = _one_of({word: 0 for word in weekdays if len(word) > len("mon")})
    spoken = _one_of(dict.fromkeys((*tomorrow, *dates["next_week"]), 0))
    relative = rf"\b(?:(?P<w>{whole_days})|{spoken})\b"
    around = {key: compiled(dates[key]) for key in ("back", "until", "since", "again", "not_about")}
    return _Calendar(months, weekdays, re.compile(named), re.compile(relative), around, frozenset(tomorrow))


def _one_of(words: Mapping[str, int]) -> str:
    return "|".join(sorted((re.escape(word) for word in words), key=len, reverse=True))
