"""Business time: windows on the wall clock, clock changes, public holidays, business days."""

from datetime import UTC, date, datetime, time, timedelta
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance import calendar
from compliance.calendar import CalendarError, Hours, Window

QUICK = settings(max_examples=60, deadline=None, derandomize=True, database=None)

BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
ZONES = [BERLIN, ZoneInfo("America/New_York"), LORD_HOWE, ZoneInfo("Asia/Kathmandu"), ZoneInfo("America/St_Johns")]
MORNINGS = ({"days": ["tue", "wed", "thu"], "opens": "08:30", "closes": "11:30"},)
NO_ZONES = ["", "Europe", "Mars/Olympus", "europe/berlin", "../passwd", "/etc/localtime", "x" * 5000, "Europe/Berlin\0"]
FILES_THAT_ARE_NO_ZONES = ["localtime", "Factory", "right/UTC", "zone.tab"]
WEEKDAYS = frozenset(range(5))
EVERY_DAY = frozenset(range(7))

days = st.dates(date(2024, 1, 1), date(2030, 12, 31))
walls = st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 1))  # noqa: DTZ001
moments = walls.map(lambda wall: wall.replace(tzinfo=UTC))
zones = st.sampled_from(ZONES)


@st.composite
def windows(draw: st.DrawFn) -> tuple[Window, ...]:
    """One or two windows that never overlap, at any time of day, on any weekdays."""
    minutes = sorted(draw(st.sets(st.integers(0, 24 * 60 - 1), min_size=2, max_size=4)))
    clocks = [time(*divmod(minute, 60)) for minute in minutes]
    weekdays = draw(st.frozensets(st.integers(0, 6), min_size=1))
    return tuple(Window(weekdays, *pair) for pair in zip(clocks[::2], clocks[1::2], strict=False))


hours_of_anybody = st.builds(Hours, windows(), zones, st.sampled_from(["", "DE", "US", "AU"]))


def berlin(*windows: Window, country: str = "DE", subdivision: str = "") -> Hours:
    return Hours(windows or calendar.parse_windows(MORNINGS), BERLIN, country, subdivision)


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def row(weekdays: Any, opens: Any, closes: Any) -> dict[str, Any]:
    return {"days": weekdays, "opens": opens, "closes": closes}


class TestParseWindows:
    def test_rows_become_windows(self) -> None:
        assert calendar.parse_windows(MORNINGS) == (Window(frozenset({1, 2, 3}), time(8, 30), time(11, 30)),)

    @pytest.mark.parametrize(("day", "opens"), [("mon", "19:00"), ("mon", "12:00"), ("tue", "09:00")])
    def test_windows_beside_each_other_are_kept(self, day: str, opens: str) -> None:
        assert len(calendar.parse_windows([row(["mon"], "09:00", "12:00"), row([day], opens, "21:00")])) == 2

    def test_no_row_at_all_is_refused(self) -> None:
        with pytest.raises(CalendarError, match="^no_windows: "):
            calendar.parse_windows([])

    @pytest.mark.parametrize(
        ("second", "code", "what"),
        [
            (row(["tues"], "09:00", "12:00"), "unknown_day", "row 2: 'tues'"),
            (row([], "09:00", "12:00"), "no_days", "row 2: days"),
            (row("mon", "09:00", "12:00"), "bad_row", "row 2: "),
            ("mon 9-12", "bad_row", "row 2: "),
            (row(["mon"], "9:00", "12:00"), "bad_time", "row 2: opens '9:00'"),
            (row(["mon"], "09:00", "24:00"), "bad_time", "row 2: closes '24:00'"),
            (row(["mon"], "09:00", None), "bad_time", "row 2: closes None"),
            (row(["mon"], "22:00", "02:00"), "closes_before_opens", "row 2: 22:00-02:00"),
            (row(["mon"], "09:00", "09:00"), "closes_before_opens", "row 2: 09:00-09:00"),
            (row(["fri", "sat"], "09:59", "12:00"), "overlap", "row 2: overlaps row 1"),
        ],
    )
    def test_the_row_at_fault_is_named(self, second: Any, code: str, what: str) -> None:
        with pytest.raises(CalendarError) as caught:
            calendar.parse_windows([row(["sat", "sun"], "08:00", "10:00"), second])
        assert (caught.value.code, caught.value.what[: len(what)]) == (code, what)

    def test_an_impossible_window_cannot_be_built_by_hand_either(self) -> None:
        with pytest.raises(CalendarError, match="^unknown_day: "):
            Window(frozenset({7}), time(8), time(17))
        with pytest.raises(CalendarError, match="^bad_time: "):
            Window(WEEKDAYS, time(8, tzinfo=UTC), time(17))


class TestZone:
    def test_a_zone_that_exists_is_found(self) -> None:
        assert calendar.zone("Australia/Lord_Howe") == LORD_HOWE

    @pytest.mark.parametrize("name", NO_ZONES + FILES_THAT_ARE_NO_ZONES)
    def test_any_other_name_is_refused(self, name: str) -> None:
        with pytest.raises(CalendarError, match="^unknown_zone: "):
            calendar.zone(name)


class TestInstant:
    @pytest.mark.parametrize(
        ("zone", "wall", "expected"),
        [
            pytest.param("Europe/Berlin", "2026-12-01T09:00", "2026-12-01T08:00", id="winter"),
            pytest.param("Europe/Berlin", "2026-03-29T01:59", "2026-03-29T00:59", id="before the gap"),
            pytest.param("Europe/Berlin", "2026-03-29T02:00", "2026-03-29T01:00", id="start of the gap"),
            pytest.param("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:00", id="inside the gap"),
            pytest.param("Europe/Berlin", "2026-03-29T03:00", "2026-03-29T01:00", id="end of the gap"),
            pytest.param("Europe/Berlin", "2026-03-29T02:30:15.5", "2026-03-29T01:00", id="a fraction inside the gap"),
            pytest.param("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30", id="the first of two"),
            pytest.param("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30", id="half-hour gap"),
            pytest.param("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45", id="first of two half hours"),
            pytest.param("Australia/Lord_Howe", "2026-04-05T02:00", "2026-04-04T15:30", id="after the half hour"),
            pytest.param("Asia/Kathmandu", "2026-03-29T02:30", "2026-03-28T20:45", id="quarter-hour offset"),
            pytest.param("America/Mexico_City", "2022-04-03T02:30", "2022-04-03T08:00", id="the last gap of Mexico"),
            pytest.param("America/Mexico_City", "2023-04-02T02:30", "2023-04-02T08:30", id="no gap once cancelled"),
            pytest.param("America/Mexico_City", "2023-10-29T01:30", "2023-10-29T07:30", id="no overlap once cancelled"),
            pytest.param("Europe/Istanbul", "2016-10-30T03:30", "2016-10-30T00:30", id="summer time kept for ever"),
            pytest.param("Pacific/Apia", "2011-12-30T09:00", "2011-12-30T10:00", id="a day that never was"),
        ],
    )
    def test_table(self, zone: str, wall: str, expected: str) -> None:
        local = datetime.fromisoformat(wall)
        found = calendar.instant(local.date(), local.time(), ZoneInfo(zone))
        assert found.isoformat() == datetime.fromisoformat(expected).replace(tzinfo=UTC).isoformat()

    def test_a_fold_in_the_clock_is_ignored(self) -> None:
        clock = time(2, 30, fold=1)
        assert calendar.instant(date(2026, 10, 25), clock, BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

    @QUICK
    @given(walls, st.timedeltas(timedelta(0), timedelta(days=1)), zones)
    def test_a_later_wall_clock_is_no_earlier_moment(self, wall: datetime, more: timedelta, zone: ZoneInfo) -> None:
        later = wall + more
        assert calendar.instant(wall.date(), wall.time(), zone) <= calendar.instant(later.date(), later.time(), zone)

    @QUICK
    @given(walls, zones)
    def test_a_moment_is_shown_as_asked_or_as_the_end_of_a_gap(self, wall: datetime, zone: ZoneInfo) -> None:
        found = calendar.instant(wall.date(), wall.time(), zone)
        shown = found.astimezone(zone)
        skipped = shown.utcoffset() != (found - timedelta(seconds=1)).astimezone(zone).utcoffset()
        assert shown.replace(tzinfo=None) == wall or skipped


class TestHolidays:
    @pytest.mark.parametrize(
        ("day", "country", "subdivision", "name"),
        [
            ("2026-12-25", " de ", "", "Christmas Day"),
            ("2026-11-26", "US", "", "Thanksgiving Day"),
            ("2021-12-31", "US", "", "New Year's Day (observed)"),
            ("2026-01-06", "DE", "BY", "Epiphany"),
            ("2026-01-06", "DE", "DE-BY", "Epiphany"),
            ("2026-01-06", "DE", "", ""),
            ("2026-12-25", "DE", "Narnia", "Christmas Day"),
            ("2026-12-24", "DE", "", ""),
        ],
    )
    def test_table(self, day: str, country: str, subdivision: str, name: str) -> None:
        assert calendar.holiday_name(date.fromisoformat(day), country, subdivision) == name

    @pytest.mark.parametrize("country", ["", "XX", "date", "HolidayBase", "__doc__", "NYSE", "Germany", "ß" * 500])
    def test_an_unknown_country_has_no_holidays(self, country: str) -> None:
        assert calendar.holiday_name(date(2026, 12, 25), country, "ZZ") == ""

    def test_the_version_that_decided_can_be_stored(self) -> None:
        assert version("holidays") == calendar.HOLIDAYS_VERSION

    @pytest.mark.parametrize(("day", "working"), [(14, False), (15, True), (16, False), (17, False), (18, True)])
    def test_a_working_day_is_a_weekday_without_holiday_whatever_the_windows(self, day: int, working: bool) -> None:
        assert calendar.is_working_day(date(2026, 5, day), berlin()) is working


class TestOpening:
    @pytest.mark.parametrize(
        ("now", "opens"),
        [
            pytest.param("2026-11-17T08:30", "2026-11-17T08:30", id="at the opening"),
            pytest.param("2026-11-17T11:29:59", "2026-11-17T11:29:59", id="the last second"),
            pytest.param("2026-11-17T11:30", "2026-11-18T08:30", id="closed at the closing"),
            pytest.param("2026-11-19T12:00", "2026-11-24T08:30", id="over the weekend"),
            pytest.param("2026-12-24T12:00", "2026-12-29T08:30", id="over Christmas"),
        ],
    )
    def test_next_open(self, now: str, opens: str) -> None:
        assert calendar.next_open(at(now), berlin()) == at(opens)

    def test_the_same_moment_in_any_zone_gives_the_same_answer_in_utc(self) -> None:
        moment = at("2026-11-17T12:00").astimezone(LORD_HOWE)
        assert str(calendar.next_open(moment, berlin())) == "2026-11-18 07:30:00+00:00"

    def test_a_moment_without_zone_is_refused(self) -> None:
        with pytest.raises(CalendarError, match="^naive_datetime: "):
            calendar.is_open(datetime(2026, 11, 17, 9), berlin())  # noqa: DTZ001

    def test_the_second_window_of_the_day_follows_the_first(self) -> None:
        evenings = berlin(Window(WEEKDAYS, time(19), time(21)), Window(WEEKDAYS, time(9), time(12)))
        assert calendar.next_open(at("2026-11-17T12:30"), evenings) == at("2026-11-17T19:00")

    def test_closing_is_told_only_inside_a_window(self) -> None:
        assert calendar.closes_at(at("2026-11-17T09:00"), berlin()) == at("2026-11-17T11:30")
        assert calendar.closes_at(at("2026-11-17T08:29"), berlin()) is None

    def test_no_window_never_opens(self) -> None:
        assert calendar.next_open(at("2026-11-17T09:00"), Hours((), BERLIN)) is None
        assert not calendar.is_open(at("2026-11-17T09:00"), Hours((), BERLIN))

    def test_a_subdivision_closes_what_its_country_leaves_open(self) -> None:
        assert calendar.is_open(at("2026-01-06T09:00"), berlin())
        assert not calendar.is_open(at("2026-01-06T09:00"), berlin(subdivision="BY"))

    def test_a_window_inside_the_gap_does_not_open_that_day(self) -> None:
        nights = berlin(Window(EVERY_DAY, time(2), time(3)))
        assert calendar.next_open(at("2026-03-28T12:00"), nights) == at("2026-03-30T02:00")

    def test_a_window_cut_by_the_gap_opens_at_its_end(self) -> None:
        nights = berlin(Window(EVERY_DAY, time(2, 30), time(4)))
        assert calendar.next_open(at("2026-03-28T12:00"), nights) == at("2026-03-29T03:00")

    def test_a_repeated_window_opens_once(self) -> None:
        nights = berlin(Window(EVERY_DAY, time(2), time(2, 30)))
        second_quarter_past_two = datetime(2026, 10, 25, 1, 15, tzinfo=UTC)
        assert not calendar.is_open(second_quarter_past_two, nights)

    def test_a_window_around_the_overlap_is_an_hour_longer(self) -> None:
        nights = berlin(Window(EVERY_DAY, time(2), time(3)))
        assert calendar.closes_at(at("2026-10-25T02:00"), nights) == datetime(2026, 10, 25, 2, tzinfo=UTC)

    @QUICK
    @given(moments, hours_of_anybody)
    def test_open_means_that_the_next_opening_is_now(self, moment: datetime, hours: Hours) -> None:
        assert calendar.is_open(moment, hours) == (calendar.next_open(moment, hours) == moment)

    @QUICK
    @given(moments, hours_of_anybody, st.floats(0, 1, exclude_max=True))
    def test_nothing_is_open_before_the_next_opening(self, moment: datetime, hours: Hours, share: float) -> None:
        found = calendar.next_open(moment, hours)
        assert found is not None
        assert found >= moment
        between = moment + timedelta(seconds=int(share * int((found - moment).total_seconds())))
        assert between == found or not calendar.is_open(between, hours)

    @QUICK
    @given(moments, hours_of_anybody)
    def test_the_next_opening_is_open_in_a_window_and_on_no_holiday(self, moment: datetime, hours: Hours) -> None:
        found = calendar.next_open(moment, hours)
        assert found is not None
        assert calendar.is_open(found, hours)
        local = found.astimezone(hours.zone)
        assert not calendar.holiday_name(local.date(), hours.country)
        assert any(local.weekday() in window.days and local.time() >= window.opens for window in hours.windows)

    @QUICK
    @given(moments, hours_of_anybody)
    def test_a_window_is_closed_at_its_end_and_open_just_before(self, moment: datetime, hours: Hours) -> None:
        span = calendar.span_after(moment, hours)
        assert span is not None
        assert calendar.is_open(span.closes_at - timedelta(seconds=1), hours)
        assert calendar.closes_at(span.closes_at, hours) != span.closes_at


class TestDays:
    @pytest.mark.parametrize(
        ("day", "count", "country", "expected"),
        [
            pytest.param("2026-11-20", 1, "DE", "2026-11-23", id="over the weekend"),
            pytest.param("2026-11-21", 1, "DE", "2026-11-23", id="from a Saturday"),
            pytest.param("2026-12-23", 3, "DE", "2026-12-29", id="over Christmas"),
            pytest.param("2026-11-25", 1, "US", "2026-11-27", id="over Thanksgiving"),
            pytest.param("2026-11-25", 1, "XX", "2026-11-26", id="unknown country"),
            pytest.param("2026-11-23", -1, "DE", "2026-11-20", id="backwards"),
        ],
    )
    def test_business_days(self, day: str, count: int, country: str, expected: str) -> None:
        assert str(calendar.add_business_days(date.fromisoformat(day), count, country=country)) == expected

    @QUICK
    @given(days, st.integers(0, 30), st.integers(0, 30), st.sampled_from(["", "DE", "US", "GB"]))
    def test_business_days_add_up(self, day: date, one: int, other: int, country: str) -> None:
        stopped_over = calendar.add_business_days(day, one, country=country)
        there = calendar.add_business_days(stopped_over, other, country=country)
        assert there == calendar.add_business_days(day, one + other, country=country)

    @QUICK
    @given(days, days, st.integers(0, 30))
    def test_a_later_day_is_never_due_earlier(self, one: date, other: date, count: int) -> None:
        first, second = sorted([one, other])
        found = calendar.add_business_days(first, count, country="DE")
        assert found <= calendar.add_business_days(second, count, country="DE")

    @QUICK
    @given(days, st.integers(-400, 400), st.integers(-400, 400))
    def test_calendar_days_add_up(self, day: date, one: int, other: int) -> None:
        assert calendar.add_days(calendar.add_days(day, one), other) == calendar.add_days(day, one + other)
