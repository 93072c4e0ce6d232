"""Counts what has gone in a rolling window and says when the next may go. Pure: the counts are handed in.

Defaults are deliberately low (LAW LIM-01, LIM-03); the playbook's section `caps` may set others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any


class CapError(ValueError):
    """The playbook states a cap that makes no sense."""


@dataclass(frozen=True)
class Cap:
    """At most `limit` in any stretch of `window`."""

    limit: int
    window: timedelta


DEFAULTS: Mapping[str, Cap] = {
    "person": Cap(1, timedelta(hours=48)),
    "account": Cap(5, timedelta(days=1)),
    "recipient_domain": Cap(20, timedelta(days=1)),
    "mailbox": Cap(50, timedelta(days=1)),
}


def read(section: Mapping[str, Any], name: str) -> Cap:
    """The cap `name` from a playbook section of `{"name": {"limit": 1, "hours": 48}}`, else its default."""
    if name not in section:
        return DEFAULTS[name]
    row = section[name]
    try:
        cap = Cap(int(row["limit"]), timedelta(hours=float(row["hours"])))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise CapError(f"caps.{name}: needs a limit and hours") from error
    if cap.limit < 1 or cap.window <= timedelta(0):
        raise CapError(f"caps.{name}: limit and hours must be positive")
    return cap


def next_free(cap: Cap, gone: Sequence[datetime], at: datetime) -> datetime | None:
    """None if one more may go at `at`, else the first moment at which it may. `gone` in any order."""
    inside = sorted(moment for moment in gone if moment > at - cap.window)
    if len(inside) < cap.limit:
        return None
    return inside[len(inside) - cap.limit] + cap.window
