"""Caps: never more than the limit in any stretch of the window, and a promise of when the next one may go."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.caps import (
    DEFAULTS,
    Bound,
    Cap,
    CapError,
    check,
    in_force,
    is_tighter,
    most_in,
    next_free,
    of_mailbox,
    per_minute,
    ramped,
    read,
    tightest,
)
from compliance.caps import room as room_in

QUICK = settings(max_examples=200, deadline=None, derandomize=True, database=None)
NOON = datetime(2026, 11, 17, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

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
    stated = {"limit": "2", "hours": 0.5, "because": "They asked for it."}
    assert read({"person": stated}, "person") == Cap(2, timedelta(minutes=30))


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


# --- a new mailbox ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 15, 20, 21, 50, 51, 100, 500, 2500])
def test_a_new_mailbox_never_rises_by_more_than_a_fifth_and_never_above_its_limit(limit: int) -> None:
    days = [ramped(limit, NOON, NOON + number * DAY) for number in range(60)]
    assert days[0] == min(20, limit)
    assert all(before <= after <= before + before // 5 for before, after in zip(days, days[1:], strict=False))
    assert max(days) <= limit


@pytest.mark.parametrize("limit", [50, 100, 500, 2500])
def test_no_week_holds_more_than_twice_what_the_week_before_it_held(limit: int) -> None:
    days = [ramped(limit, NOON, NOON + number * DAY) for number in range(60)]
    weeks = [sum(days[first : first + 7]) for first in range(54)]
    assert all(after <= 2 * before for before, after in zip(weeks, weeks[7:], strict=False))


def test_a_mailbox_comes_to_its_fifty_within_a_week_and_to_its_limit_in_time() -> None:
    assert [ramped(50, NOON, NOON + number * DAY) for number in range(8)] == [20, 24, 28, 33, 39, 46, 50, 50]
    assert ramped(500, NOON, NOON + 60 * DAY) == 500


def test_it_rises_by_whole_days_of_its_age() -> None:
    assert ramped(50, NOON, NOON + DAY - timedelta(seconds=1)) == 20
    assert ramped(50, NOON, NOON + DAY) == 24
    assert ramped(50, NOON, NOON - DAY) == 20


@QUICK
@given(st.lists(st.integers(0, 3000), max_size=60), st.integers(0, 3000))
def test_while_it_rises_the_promised_moment_is_the_first_at_which_one_more_may_go(
    minutes: list[int], minute: int
) -> None:
    cap = Cap(50, DAY, rises_from=NOON)
    gone, at = [NOON + timedelta(minutes=one) for one in minutes if one <= minute], NOON + timedelta(minutes=minute)
    promised = next_free(cap, gone, at)
    if promised is not None:
        assert promised > at
        assert next_free(cap, gone, promised) is None
        assert next_free(cap, gone, promised - timedelta(microseconds=1)) == promised


# --- what a playbook may say ------------------------------------------------------------------------------------------


@QUICK
@given(caps, caps, moments)
def test_what_a_tighter_cap_lets_through_the_other_would_have_let_through(
    one: Cap, other: Cap, asked: list[datetime]
) -> None:
    gone = let_through(one, sorted(asked))
    if is_tighter(one, other):
        assert let_through(other, gone) == gone


def test_a_cap_may_be_looser_by_its_hours_alone() -> None:
    assert most_in(Cap(1, timedelta(hours=24)), timedelta(hours=48)) == 2
    assert not is_tighter(Cap(1, timedelta(hours=24)), DEFAULTS["person"])
    assert is_tighter(Cap(1, timedelta(hours=120)), DEFAULTS["person"])


@pytest.mark.parametrize("because", [{}, {"because": ""}, {"because": "  "}])
@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("person", {"limit": 1, "hours": 24}),
        ("account", {"limit": 6, "hours": 24}),
        ("recipient_domain", {"limit": 20, "hours": 12}),
        ("mailbox", {"limit": 51, "hours": 24}),
        ("mailbox_minute", {"limit": 8}),
        ("new_people", {"limit": 26, "hours": 24}),
    ],
)
def test_loosening_needs_a_reason(name: str, row: dict[str, Any], because: dict[str, str]) -> None:
    with pytest.raises(CapError, match=f"caps.{name}.because"):
        read({name: {**row, **because}}, name)
    assert in_force({name: {**row, **because}}, name) == DEFAULTS[name]
    stated = read({name: {**row, "because": "Agreed with all of them."}}, name)
    assert stated == in_force({name: {**row, "because": "Agreed."}}, name)
    assert (stated.limit, stated.bound) == (row["limit"], Bound.PLAYBOOK)


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("mailbox", {"limit": 10_001, "hours": 24}),
        ("person", {"limit": 10_000, "hours": 12}),
        ("mailbox_minute", {"limit": 601}),
    ],
)
def test_no_reason_is_good_enough_for_the_absurd(name: str, row: dict[str, Any]) -> None:
    section = {name: {**row, "because": "Because we can."}}
    with pytest.raises(CapError, match=f"caps.{name}: more than"):
        read(section, name)
    assert in_force(section, name).limit <= 10_000


@pytest.mark.parametrize(
    ("section", "where"),
    [
        ({"mailboxes": {"limit": 1, "hours": 1}}, "caps.mailboxes"),
        ({"person": {"limit": 1, "hours": 48, "becuase": "typo"}}, "caps.person.becuase"),
        ({"mailbox_minute": {"limit": 5, "hours": 1}}, "caps.mailbox_minute.hours"),
        ({"new_people": {"limit": 0, "hours": 24}}, "caps.new_people"),
    ],
)
def test_what_is_wrong_is_named_by_its_key(section: dict[str, Any], where: str) -> None:
    with pytest.raises(CapError, match=where):
        check(section)


def test_a_quarter_of_the_providers_day_bounds_every_mailbox_but_our_own() -> None:
    section = {"mailbox": {"limit": 9_000, "hours": 24, "because": "A big house."}}
    limits = {name: min(cap.limit for cap in of_mailbox(section, name, None)) for name in ("google", "microsoft", "?")}
    assert limits == {"google": 500, "microsoft": 2500, "?": 500}
    assert [cap.limit for cap in of_mailbox(section, "relay", NOON)] == [9_000]
    assert per_minute({}, "relay") == ()
    assert [cap.limit for cap in per_minute({"mailbox_minute": {"limit": 3}}, "relay")] == [3]


def test_of_several_limits_the_one_that_waits_longest_decides() -> None:
    gone = [NOON - timedelta(minutes=minute) for minute in (1, 2)]
    rooms = [
        room_in(Cap(1, HOUR), gone, NOON),
        room_in(Cap(2, 2 * HOUR), gone, NOON),
        room_in(Cap(9, HOUR), gone, NOON),
    ]
    assert tightest(rooms) == rooms[1]
    assert tightest(rooms[2:]) == rooms[2]
