"""Open time: when so much of it has passed, how much lies between two moments, when a business day is over."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance import calendar
from compliance.calendar import Hours, parse_windows

QUICK = settings(max_examples=60, deadline=None, derandomize=True, database=None)
BERLIN = ZoneInfo("Europe/Berlin")
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri"]
OFFICE = {"days": WEEKDAYS, "opens": "09:00", "closes": "17:00"}
TWO_A_DAY = (
    {"days": WEEKDAYS, "opens": "09:00", "closes": "12:00"},
    {"days": WEEKDAYS, "opens": "19:00", "closes": "21:00"},
)
SUNDAY_NIGHT = {"days": ["sun"], "opens": "01:00", "closes": "05:00"}
NEVER = Hours((), BERLIN)

moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 6, 1)).map(  # noqa: DTZ001
    lambda wall: wall.replace(tzinfo=UTC, microsecond=0)
)
lengths = st.integers(0, 60 * 60 * 60).map(lambda seconds: timedelta(seconds=seconds))


def berlin(*windows: Any, country: str = "DE") -> Hours:
    return Hours(parse_windows(windows or (OFFICE,)), BERLIN, country)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


class TestAfterOpen:
    @pytest.mark.parametrize(
        ("begun", "minutes", "over"),
        [
            pytest.param("2026-11-17 10:00", 5, "2026-11-17 10:05", id="within a window"),
            pytest.param("2026-11-17 16:58", 5, "2026-11-18 09:03", id="over night"),
            pytest.param("2026-11-20 16:58", 5, "2026-11-23 09:03", id="over the weekend"),
            pytest.param("2026-11-21 12:00", 60, "2026-11-23 10:00", id="begun on a Saturday"),
            pytest.param("2026-12-24 16:00", 120, "2026-12-28 10:00", id="over Christmas"),
            pytest.param("2026-11-17 16:00", 60, "2026-11-17 17:00", id="ends with the window"),
            pytest.param("2026-11-17 17:00", 1, "2026-11-18 09:01", id="begun as the window ends"),
            pytest.param("2026-11-17 08:00", 480, "2026-11-17 17:00", id="a whole day"),
            pytest.param("2026-10-23 16:30", 60, "2026-10-26 09:30", id="over the end of summer time"),
            pytest.param("2026-03-27 16:30", 60, "2026-03-30 09:30", id="over its beginning"),
        ],
    )
    def test_only_open_time_counts(self, begun: str, minutes: int, over: str) -> None:
        assert calendar.after_open(at(begun), timedelta(minutes=minutes), berlin()) == at(over)

    def test_several_windows_a_day_count_one_after_the_other(self) -> None:
        found = calendar.after_open(at("2026-11-17 11:30"), timedelta(hours=1), berlin(*TWO_A_DAY))
        assert found == at("2026-11-17 19:30")

    @pytest.mark.parametrize(
        ("night", "over"),
        [("2026-03-29 01:00", "2026-04-05 02:00"), ("2026-10-25 01:00", "2026-10-25 04:00")],
        ids=["an hour is skipped", "an hour comes twice"],
    )
    def test_an_hour_is_an_hour_in_a_night_of_a_clock_change(self, night: str, over: str) -> None:
        found = calendar.after_open(at(night), timedelta(hours=4), berlin(SUNDAY_NIGHT, country=""))
        assert found == at(over)

    def test_there_is_none_where_nothing_ever_opens(self) -> None:
        assert calendar.after_open(at("2026-11-17 10:00"), timedelta(minutes=1), NEVER) is None

    def test_there_is_none_where_a_year_is_too_short(self) -> None:
        assert calendar.after_open(at("2026-11-17 10:00"), timedelta(hours=8 * 400), berlin()) is None

    @QUICK
    @given(moments, lengths)
    def test_so_much_lies_between_beginning_and_end(self, begun: datetime, length: timedelta) -> None:
        over = calendar.after_open(begun, length, berlin(*TWO_A_DAY))
        assert over is not None
        assert calendar.open_time(begun, over, berlin(*TWO_A_DAY)) == length

    @QUICK
    @given(moments, lengths, lengths)
    def test_it_passes_on_where_it_stopped(self, begun: datetime, one: timedelta, other: timedelta) -> None:
        stopped = calendar.after_open(begun, one, berlin())
        assert stopped is not None
        at_once = calendar.after_open(begun, one + other, berlin())
        assert calendar.after_open(stopped, other, berlin()) == at_once or not other


class TestOpenTime:
    @pytest.mark.parametrize(
        ("since", "until", "hours"),
        [
            ("2026-11-17 10:00", "2026-11-17 12:00", 2),
            ("2026-11-17 16:00", "2026-11-18 10:00", 2),
            ("2026-11-20 17:00", "2026-11-23 09:00", 0),
            ("2026-11-17 12:00", "2026-11-17 10:00", 0),
        ],
    )
    def test_nights_and_weekends_are_left_out(self, since: str, until: str, hours: int) -> None:
        assert calendar.open_time(at(since), at(until), berlin()) == timedelta(hours=hours)


class TestTheEndOfABusinessDay:
    @pytest.mark.parametrize(
        ("begun", "count", "over"),
        [
            pytest.param("2026-11-17 10:00", 1, "2026-11-18 17:00", id="the next day"),
            pytest.param("2026-11-17 03:00", 1, "2026-11-18 17:00", id="begun before the window"),
            pytest.param("2026-11-20 10:00", 1, "2026-11-23 17:00", id="over the weekend"),
            pytest.param("2026-11-21 10:00", 2, "2026-11-24 17:00", id="begun on a Saturday"),
            pytest.param("2026-12-23 10:00", 2, "2026-12-28 17:00", id="over Christmas"),
            pytest.param("2026-10-23 10:00", 1, "2026-10-26 17:00", id="over the end of summer time"),
        ],
    )
    def test_it_is_the_close_of_that_working_day(self, begun: str, count: int, over: str) -> None:
        assert calendar.end_of_business_day(at(begun), count, berlin()) == at(over)

    def test_the_last_window_of_the_day_counts(self) -> None:
        found = calendar.end_of_business_day(at("2026-11-17 10:00"), 1, berlin(*TWO_A_DAY))
        assert found == at("2026-11-18 21:00")

    def test_there_is_none_where_nothing_ever_opens(self) -> None:
        assert calendar.end_of_business_day(at("2026-11-17 10:00"), 1, NEVER) is None
