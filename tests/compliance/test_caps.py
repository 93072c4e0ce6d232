"""Caps: never more than the limit in any stretch of the window, and a promise of when the next one may go."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.caps import DEFAULTS, Cap, CapError, next_free, read

QUICK = settings(max_examples=200, deadline=None, derandomize=True, database=None)
NOON = datetime(2026, 11, 17, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

caps = st.builds(Cap, st.integers(1, 5), st.integers(1, 90).map(lambda minutes: timedelta(minutes=minutes)))
moments = st.lists(st.integers(0, 300).map(lambda minute: NOON + timedelta(minutes=minute)), max_size=40)


def let_through(cap: Cap, asked: Sequence[datetime]) -> list[datetime]:
    """What goes when each asks in turn, whatever its clock says."""
    gone: list[datetime] = []
    for at in asked:
        if next_free(cap, gone, at) is None:
            gone.append(at)
    return gone


@QUICK
@given(caps, moments)
def test_no_window_ever_holds_more_than_the_limit(cap: Cap, asked: list[datetime]) -> None:
    gone = let_through(cap, asked)
    assert all(sum(end - cap.window < one <= end for one in gone) <= cap.limit for end in gone)


@QUICK
@given(caps, moments, st.integers(0, 300))
def test_at_the_promised_moment_one_more_may_go_and_not_before(cap: Cap, asked: list[datetime], minute: int) -> None:
    gone = [one for one in let_through(cap, sorted(asked)) if one <= NOON + timedelta(minutes=minute)]
    at = NOON + timedelta(minutes=minute)
    promised = next_free(cap, gone, at)
    if promised is not None:
        assert promised > at
        assert next_free(cap, gone, promised) is None
        assert next_free(cap, gone, promised - timedelta(microseconds=1)) == promised


@QUICK
@given(caps, moments)
def test_the_order_in_which_they_went_makes_no_difference(cap: Cap, gone: list[datetime]) -> None:
    assert next_free(cap, gone, NOON) == next_free(cap, sorted(gone, reverse=True), NOON)


def test_nothing_gone_means_now() -> None:
    assert next_free(Cap(1, HOUR), [], NOON) is None


def test_a_message_exactly_one_window_old_counts_no_more() -> None:
    assert next_free(Cap(1, HOUR), [NOON - HOUR], NOON) is None


def test_a_message_a_moment_younger_still_counts() -> None:
    just = timedelta(microseconds=1)
    assert next_free(Cap(1, HOUR), [NOON - HOUR + just], NOON) == NOON + just


def test_over_the_limit_the_one_counts_that_makes_room() -> None:
    gone = [NOON - timedelta(minutes=minutes) for minutes in (50, 40, 10)]
    assert next_free(Cap(2, HOUR), gone, NOON) == NOON + timedelta(minutes=20)


def test_what_a_faster_clock_let_through_counts_too() -> None:
    assert next_free(Cap(1, HOUR), [NOON + timedelta(seconds=5)], NOON) == NOON + HOUR + timedelta(seconds=5)


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_playbook_that_is_silent_means_the_default(name: str) -> None:
    assert read({}, name) == DEFAULTS[name]


def test_the_defaults_are_those_of_the_law() -> None:
    assert DEFAULTS["person"] == Cap(1, timedelta(hours=48))
    assert DEFAULTS["account"] == Cap(5, timedelta(days=1))
    assert DEFAULTS["mailbox"].limit <= 50


def test_a_playbook_may_state_another_cap() -> None:
    assert read({"person": {"limit": "2", "hours": 0.5}}, "person") == Cap(2, timedelta(minutes=30))


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"limit": 1},
        {"hours": 1},
        {"limit": 0, "hours": 1},
        {"limit": -1, "hours": 1},
        {"limit": 1, "hours": 0},
        {"limit": 1, "hours": -1},
        {"limit": "many", "hours": 1},
        {"limit": None, "hours": 1},
        {"limit": 1, "hours": float("nan")},
        {"limit": 1, "hours": float("inf")},
        {"limit": float("inf"), "hours": 1},
        {"limit": 1, "hours": 1e15},
        {"limit": [], "hours": 1},
        [],
        3,
        None,
        "one a day",
    ],
)
def test_a_cap_that_makes_no_sense_is_told(row: Any) -> None:
    section: Mapping[str, Any] = {"person": row}
    with pytest.raises(CapError, match="caps.person"):
        read(section, "person")
