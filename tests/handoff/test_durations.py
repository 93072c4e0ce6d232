"""Durations as a playbook writes them."""

import pytest

from handoff.durations import Duration, DurationError, Unit, parse, parse_due


@pytest.mark.parametrize(
    ("written", "read"),
    {
        "5 minutes": Duration(5, Unit.MINUTE),
        "1 business hour": Duration(1, Unit.BUSINESS_HOUR),
        "24 hours": Duration(24, Unit.HOUR),
        "2 business days": Duration(2, Unit.BUSINESS_DAY),
        "90 days": Duration(90, Unit.DAY),
    }.items(),
)
def test_a_duration_is_read_and_written_back(written: str, read: Duration) -> None:
    assert (parse(written), str(read)) == (read, written)


@pytest.mark.parametrize(
    "written",
    [
        *("", "soon", "5", "minutes", "0 days", "-1 day", "1.5 days", "99999 days", "5  minutes", " 5 minutes"),
        *("1 business minute", "2 weeks", "1 month", "1 Day", "٥ days", "5 minutes\n", "no clock"),
    ],
)
def test_anything_else_is_none(written: str) -> None:
    with pytest.raises(DurationError, match="not a duration"):
        parse(written)


def test_what_is_due_may_have_no_clock_if_it_says_why() -> None:
    assert parse_due("no clock, because a name waits for interest") is None
    assert parse_due("2 business days") == Duration(2, Unit.BUSINESS_DAY)


@pytest.mark.parametrize("written", ["no clock", "no clock, because ", "no clock, because  ", "whenever"])
def test_no_clock_without_a_reason_is_refused(written: str) -> None:
    with pytest.raises(DurationError, match="no clock, because"):
        parse_due(written)
