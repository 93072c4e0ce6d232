"""Decides which moment a command may act at: the real one, an earlier one, or, where time is played, a later one."""

from datetime import UTC, datetime, timedelta

from django.utils.dateparse import parse_datetime

from compliance import installation

_SLACK = timedelta(seconds=60)


class MomentError(ValueError):
    """The moment cannot be read, or lies in the future of a live installation."""


def chosen(text: str, *, now: datetime) -> datetime:
    """The moment that `--at` asks for; `now` when it asks for none. Raises MomentError (spec X4)."""
    if not text:
        return now
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise MomentError(f"--at {text}: not an ISO 8601 moment such as 2026-11-20T09:00:00+00:00")
    if moment.tzinfo is None:
        raise MomentError(f"--at {text}: the offset from UTC is missing, as in 2026-11-20T09:00:00+00:00")
    try:
        moment = moment.astimezone(UTC)
    except OverflowError as error:
        raise MomentError(f"--at {text}: lies beyond the calendar") from error
    if moment > now + _SLACK and not installation.may_simulate_time():
        raise MomentError(f"--at {text}: lies in the future, and this installation is live; nothing was done")
    return moment
