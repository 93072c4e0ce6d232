"""Counts what has gone in a rolling window and says when the next may go. Pure: the counts are handed in.

Defaults are deliberately low (LAW LIM-01, LIM-03). The playbook's section `caps` may tighten them freely, and loosen
them with a reason in writing; a mailbox never sends more than a quarter of what its provider allows, because the
rest belongs to the people who write from it by hand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_QUARTER = 4
# What no sender of letters to single people needs, whatever reason is given: all that Exchange Online lets a mailbox
# send in a day, and ten a second.
_ABSURD = {_DAY: 10_000, _MINUTE: 600}
# A new mailbox begins with 20 a day and rises by a fifth a day to 50; above that by 8 % a day, so that a week never
# holds more than twice what the week before it held (LAW LIM-01).
_FIRST_DAY, _USUAL_TOP, _FAST, _SLOW = 20, 50, 20, 8


class CapError(ValueError):
    """The playbook states a cap that makes no sense."""


class Bound(StrEnum):
    """Where a limit comes from."""

    DEFAULT = "default"
    PLAYBOOK = "playbook"
    RAMP = "ramp"
    PROVIDER = "provider"


@dataclass(frozen=True)
class Cap:
    """At most `limit` in any stretch of `window`; with `rises_from`, less while the mailbox is new."""

    limit: int
    window: timedelta
    bound: Bound = field(default=Bound.DEFAULT, compare=False)
    rises_from: datetime | None = None

    def limit_at(self, at: datetime) -> int:
        """How many at this moment."""
        return self.limit if self.rises_from is None else ramped(self.limit, self.rises_from, at)


@dataclass(frozen=True)
class Room:
    """What a cap leaves: `used` of `limit`, and since there is none left, when the next may go (None: now)."""

    bound: Bound
    limit: int
    window: timedelta
    used: int
    free: datetime | None


@dataclass(frozen=True)
class Provider:
    """What a provider lets one mailbox send (LAW §13); `minute` where it says."""

    day: int
    minute: int | None = None


DEFAULTS: Mapping[str, Cap] = {
    "person": Cap(1, timedelta(hours=48)),
    "account": Cap(5, _DAY),
    "recipient_domain": Cap(20, _DAY),
    "mailbox": Cap(50, _DAY),
    "mailbox_minute": Cap(7, _MINUTE),
    "new_people": Cap(25, _DAY),
}
PROVIDERS: Mapping[str, Provider] = {
    "google": Provider(day=2_000),
    "microsoft": Provider(day=10_000, minute=30),
}
# A provider we know nothing about is taken for the stricter of those we know.
_UNKNOWN = Provider(day=2_000)
# Our own relay has no provider behind it whose limit could be overdrawn, and no mailbox whose reputation is young.
OURS = "relay"
_KEYS = {"limit", "hours", "because"}


def check(section: Any) -> None:
    """Refuse a section `caps` that cannot be used as it stands. Raises CapError, which names the key."""
    if not isinstance(section, Mapping):
        raise CapError(f"caps: needs a table for each cap: {', '.join(DEFAULTS)}")
    for name in section:
        if name not in DEFAULTS:
            raise CapError(f"caps.{name}: there is no such cap; there are {', '.join(DEFAULTS)}")
    for name in DEFAULTS:
        read(section, name)


def read(section: Mapping[str, Any], name: str) -> Cap:
    """The cap `name` from a section of `{"name": {"limit": 1, "hours": 48, "because": "…"}}`, else its default.

    Raises CapError when it is looser than the default and nobody says why, or looser than anybody needs.
    """
    if name not in section:
        return DEFAULTS[name]
    cap, because = _stated(section, name)
    if not is_tighter(cap, DEFAULTS[name]) and not because:
        raise CapError(f"caps.{name}: looser than {_said(DEFAULTS[name])}; say why in caps.{name}.because")
    if not is_tighter(cap, _widest(name)):
        raise CapError(f"caps.{name}: more than {_said(_widest(name))} is never let through, whatever the reason")
    return cap


def in_force(section: Mapping[str, Any], name: str) -> Cap:
    """The cap as the door takes it: what a playbook loosens without a reason, or beyond reason, does not count.

    Raises CapError for what cannot be read at all.
    """
    if name not in section:
        return DEFAULTS[name]
    cap, because = _stated(section, name)
    bounds = [cap, _widest(name)] if because else [cap, DEFAULTS[name]]
    return bounds[0] if is_tighter(bounds[0], bounds[1]) else bounds[1]


def of_mailbox(section: Mapping[str, Any], provider: str, since: datetime | None) -> tuple[Cap, ...]:
    """Every limit on what a mailbox sends in a day: the playbook's, a quarter of the provider's, that of its age."""
    cap = in_force(section, "mailbox")
    if provider == OURS:
        return (cap,)
    quarter = Cap(_limits(provider).day // _QUARTER, _DAY, Bound.PROVIDER)
    top = min(most_in(cap, _DAY), quarter.limit)
    return (cap, quarter, Cap(top, _DAY, Bound.RAMP, rises_from=since)) if since else (cap, quarter)


def per_minute(section: Mapping[str, Any], provider: str) -> tuple[Cap, ...]:
    """Every limit on what a mailbox sends in a minute; a relay of our own has one only if the playbook states it."""
    if provider == OURS and "mailbox_minute" not in section:
        return ()
    cap, theirs = in_force(section, "mailbox_minute"), _limits(provider).minute
    if provider == OURS or theirs is None:
        return (cap,)
    return (cap, Cap(theirs // _QUARTER, _MINUTE, Bound.PROVIDER))


def ramped(limit: int, since: datetime, at: datetime) -> int:
    """How many a mailbox known `since` may send a day at `at`: 20 at first, slowly more, never above `limit`."""
    now = min(limit, _FIRST_DAY)
    for _day in range(max(0, (at - since) // _DAY)):
        if now >= limit:
            break
        steep = now + now * _FAST // 100
        now = min(limit, max(min(steep, _USUAL_TOP), now + now * _SLOW // 100))
    return now


def next_free(cap: Cap, gone: Sequence[datetime], at: datetime) -> datetime | None:
    """None if one more may go at `at`, else the first moment at which it may. `gone` in any order."""
    free = _released(cap, cap.limit_at(at), gone, at)
    if free is None or cap.rises_from is None:
        return free
    for day in _days_between(cap.rises_from, at, free):
        if day >= free:
            break
        free = min(free, _released(cap, cap.limit_at(day), gone, day) or day)
    return free


def room(cap: Cap, gone: Sequence[datetime], at: datetime) -> Room:
    """What a cap leaves at `at`."""
    used = sum(moment > at - cap.window for moment in gone)
    return Room(cap.bound, cap.limit_at(at), cap.window, used, next_free(cap, gone, at))


def tightest(rooms: Sequence[Room]) -> Room:
    """The one that decides: which is longest without room, else which has the least left."""
    full = [one for one in rooms if one.free]
    if full:
        return max(full, key=lambda one: (one.free, -one.limit))
    return min(rooms, key=lambda one: one.limit - one.used)


def most_in(cap: Cap, stretch: timedelta) -> int:
    """How many a cap lets through in a stretch of any length, at the most."""
    return cap.limit * -(-stretch // cap.window)


def is_tighter(cap: Cap, other: Cap) -> bool:
    """Whether `cap` never lets through what `other` would not."""
    return most_in(cap, other.window) <= other.limit


def _released(cap: Cap, limit: int, gone: Sequence[datetime], at: datetime) -> datetime | None:
    inside = [moment for moment in gone if moment > at - cap.window]
    if len(inside) < limit:
        return None
    return sorted(inside)[len(inside) - limit] + cap.window


def _days_between(since: datetime, at: datetime, end: datetime) -> list[datetime]:
    """The moments in between at which a mailbox becomes a day older."""
    first = max(0, (at - since) // _DAY) + 1
    last = max(0, (end - since) // _DAY)
    return [since + number * _DAY for number in range(first, last + 1)]


def _stated(section: Mapping[str, Any], name: str) -> tuple[Cap, str]:
    row = section[name]
    if not isinstance(row, Mapping):
        raise CapError(f"caps.{name}: needs a limit and hours")
    if extra := sorted(set(row) - _KEYS):
        raise CapError(f"caps.{name}.{extra[0]}: there is no such key; there are limit, hours, because")
    try:
        window = _MINUTE if name == "mailbox_minute" else timedelta(hours=float(row["hours"]))
        cap = Cap(int(row["limit"]), window, Bound.PLAYBOOK)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise CapError(f"caps.{name}: needs a limit and hours") from error
    if name == "mailbox_minute" and "hours" in row:
        raise CapError(f"caps.{name}.hours: a minute is a minute; leave the hours out")
    if cap.limit < 1 or cap.window <= timedelta(0):
        raise CapError(f"caps.{name}: limit and hours must be positive")
    return cap, str(row.get("because", "")).strip()


def _widest(name: str) -> Cap:
    """What even a good reason does not exceed."""
    window = _MINUTE if name == "mailbox_minute" else _DAY
    return replace(DEFAULTS[name], limit=_ABSURD[window], window=window)


def _limits(provider: str) -> Provider:
    return PROVIDERS.get(provider, _UNKNOWN)


def _said(cap: Cap) -> str:
    if cap.window == _MINUTE:
        return f"{cap.limit} in a minute"
    return f"{cap.limit} in {cap.window.total_seconds() / 3600:g} hours"
