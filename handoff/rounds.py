"""Runs the rounds of the timetable (the setting ROUNDS): for the loop, for `tick`, for Celery alike.

A round may be run twice, late, or by two workers at once: the tables decide what is to be done, so only the time
at which it happens changes (spec X4).
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from django.conf import settings
from django.db import Error, close_old_connections
from django.utils.module_loading import import_string

from compliance import clock

_log = logging.getLogger(__name__)

Counts = Mapping[str, int]
Verb = Callable[[datetime], Counts]


class UnknownRound(LookupError):
    """No round of that name stands in the timetable."""


def names() -> list[str]:
    """The rounds in order."""
    return [name for name, _verb, _seconds in settings.ROUNDS]


def run(name: str, at: datetime) -> Counts:
    """One round at one moment. Raises UnknownRound."""
    for known, verb, _seconds in settings.ROUNDS:
        if known == name:
            found: Verb = import_string(verb)
            return found(at)
    raise UnknownRound(name)


def run_all(at: datetime) -> dict[str, Counts]:
    """Every round once, in order, at one moment."""
    return {name: run(name, at) for name in names()}


def loop(stop: Callable[[], bool], *, pause: float = 0.5) -> None:
    """Run each round when its time has come, until `stop()` says so. A round that fails is logged and tried again."""
    due = dict.fromkeys(names(), 0.0)
    while not stop():
        for name, _verb, seconds in settings.ROUNDS:
            if stop() or clock.ticks() < due[name]:
                continue
            _run_safely(name)
            due[name] = clock.ticks() + seconds
        time.sleep(pause)


def _run_safely(name: str) -> None:
    try:
        counts = run(name, clock.now())
    except Error:
        _log.exception("round %s: the database did not answer", name)
        close_old_connections()
    except Exception:  # noqa: BLE001 - one broken round must not stop the others
        _log.exception("round %s failed", name)
    else:
        if any(counts.values()):
            _log.info("round %s: %s", name, _shown(counts))


def _shown(counts: Counts) -> str:
    parts: Sequence[str] = [f"{count} {what}" for what, count in counts.items() if count]
    return ", ".join(parts)
