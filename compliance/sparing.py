"""Decides which of many alike are written down: the first few of a minute, then each time their number has doubled.

Kept in the memory of each process, so that a flood of sign-ins costs the database next to nothing (LAW AUD-03).
"""

import threading
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

_EACH, _ALTOGETHER = 5, 60


@dataclass(frozen=True)
class Worth:
    """What to write down: of whom, or of all of them together when they are many, and how many there were so far."""

    name: str
    count: int


class Sparing:
    """Counts by name and minute. Whatever comes, few are worth an entry and every number is known within a half."""

    def __init__(self, each: int = _EACH, altogether: int = _ALTOGETHER) -> None:
        self._each, self._altogether = each, altogether
        self._lock = threading.Lock()
        self._minute: datetime | None = None
        self._counts: Counter[str] = Counter()
        self._written = self._rest = 0

    def note(self, name: str, at: datetime) -> Worth | None:
        """One more; whether it is worth an entry."""
        with self._lock:
            self._begin(at.replace(second=0, microsecond=0))
            if name not in self._counts and self._written >= self._altogether:
                # A new name with each try would make as many entries: the rest is counted together.
                self._rest += 1
                return Worth("", self._rest) if _is_worth(self._rest, 1) else None
            self._counts[name] += 1
            if not _is_worth(self._counts[name], self._each):
                return None
            self._written += 1
            return Worth(name, self._counts[name])

    def _begin(self, minute: datetime) -> None:
        if minute != self._minute:
            self._minute, self._written, self._rest = minute, 0, 0
            self._counts.clear()


def _is_worth(count: int, first: int) -> bool:
    """Each of the first, and then the first times two, times four, …"""
    times, left = divmod(count, first)
    return count <= first or (not left and times.bit_count() == 1)
