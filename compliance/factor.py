"""Decides what needs a second factor, and whether one was used a moment ago (LAW APR-07, APR-08).

A stolen cookie may look and may stop; it signs, starts, lifts and carries away nothing. What checks a code is told by
the setting FACTOR_CHECK, so that this floor knows nothing of how people sign in.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils.module_loading import import_string

from compliance.refusals import Refusal

FRESH = timedelta(minutes=5)
_KEY = "factor_used_at"

Check = Callable[[HttpRequest, str], Refusal | None]


class Kind(StrEnum):
    """What an act or a page does, as far as the second factor goes. Each says so; a house test finds who does not."""

    APPROVES = "approves"
    STARTS = "starts"
    LIFTS = "lifts"
    EXPORTS = "exports"
    KEYS = "keys"
    """Changes who sends, who may sign in, or with what."""
    STOPS = "stops"
    WRITES = "writes"


ASKS = frozenset({Kind.APPROVES, Kind.STARTS, Kind.LIFTS, Kind.EXPORTS, Kind.KEYS})
"""What is done only with a factor used a moment ago. Stopping is never among them."""


def note(session: SessionBase, user: Any, at: datetime) -> None:
    """A factor of this user was used in this session."""
    session[_KEY] = {"user": str(user.pk), "at": at.isoformat()}


def forget(session: SessionBase) -> None:
    """The factor that was used is none any more."""
    session.pop(_KEY, None)


def used_at(request: HttpRequest) -> datetime | None:
    """When whoever is signed in last used a factor in this session."""
    said = request.session.get(_KEY)
    return datetime.fromisoformat(said["at"]) if said and said["user"] == str(request.user.pk) else None


def is_fresh(request: HttpRequest, at: datetime) -> bool:
    """Whether a factor was used within the last five minutes."""
    used = used_at(request)
    # On either side: the clocks of two hosts may differ a little.
    return used is not None and abs(at - used) < FRESH


def is_wanted(request: HttpRequest, kind: Kind | None, at: datetime) -> bool:
    """Whether a factor has to be used before this may be done; what has not said its kind needs one."""
    return settings.REQUIRE_MFA and (kind is None or kind in ASKS) and not is_fresh(request, at)


def check(request: HttpRequest, code: str) -> Refusal | None:
    """Try a code; the one who checks notes its use in the session, or says why not."""
    found: Check = import_string(settings.FACTOR_CHECK)
    return found(request, code)
