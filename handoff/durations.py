"""Decides how a duration is written: “5 minutes”, “4 hours”, “1 business hour”, “2 business days”. Pure.

All of them run in the open time of whoever has to act, so that a business hour is an hour and a business day a day.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _

_MOST = 10_000
_WRITTEN = re.compile(r"(\d{1,5}) (business )?(minute|hour|day)s?", re.ASCII)
_NO_CLOCK = "no clock, because "


class DurationError(ValueError):
    """A text that is no duration; says how to write one."""


class Unit(StrEnum):
    """What is counted."""

    MINUTE = "minute"
    HOUR = "hour"
    BUSINESS_HOUR = "business hour"
    DAY = "day"
    BUSINESS_DAY = "business day"


@dataclass(frozen=True)
class Duration:
    """So many of a unit."""

    count: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"


def parse(text: str) -> Duration:
    """A duration as it is written. Raises DurationError."""
    found = _WRITTEN.fullmatch(text)
    unit = f"{found[2] or ''}{found[3]}" if found else ""
    if not found or unit not in set(Unit) or not 0 < int(found[1]) <= _MOST:
        raise DurationError(_("not a duration; write it like “30 minutes”, “1 business hour” or “2 business days”"))
    return Duration(int(found[1]), Unit(unit))


def parse_due(text: str) -> Duration | None:
    """When something is due, None if there is no clock and it says why. Raises DurationError."""
    if text.startswith(_NO_CLOCK) and text.removeprefix(_NO_CLOCK).strip():
        return None
    try:
        return parse(text)
    except DurationError as error:
        raise DurationError(_("neither a duration (“2 business days”) nor “no clock, because …”")) from error
