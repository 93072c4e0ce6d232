"""When a step is due: waits across clock changes and holidays, places in a window, and in whose zone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from compliance.calendar import CalendarError, Hours, Window, closes_at, holiday_name, is_open, parse_windows, zone
from sequences.timetable import (
    TimetableError,
    Wait,
    WaitKind,
    ZoneChoice,
    choose_zone,
    due_at,
    expires_at,
    first_due,
    next_slot,
)

QUICK = settings(max_examples=60, deadline=None, derandomize=True, database=None)

BERLIN = ZoneInfo("Europe/Berlin")
PLACES = {"Europe/Berlin": "DE", "America/New_York": "US", "Australia/Lord_Howe": "AU", "Asia/Kathmandu": ""}
EVERY_DAY = frozenset(range(7))
MORNINGS = parse_windows([{"days": ["tue", "wed", "thu"], "opens": "08:30", "closes": "11:30"}])
TWICE_A_DAY = (Window(frozenset(range(5)), time(9), time(12)), Window(frozenset({0, 2, 5}), time(19), time(21)))
NIGHTS = (Window(EVERY_DAY, time(1), time(4)), Window(EVERY_DAY, time(22), time(23, 59)))
ALL_DAY = (Window(EVERY_DAY, time(0), time(23, 59)),)

moments = st.datetimes(datetime(2024, 1, 1), datetime(2030, 11, 1), timezones=st.just(UTC))  # noqa: DTZ001
waits = st.builds(Wait, st.integers(0, 30), st.sampled_from(WaitKind))
spreads = st.floats(0, 1, exclude_max=True)
zone_names = st.sampled_from(sorted(PLACES))


def desk(windows: tuple[Window, ...] = MORNINGS, name: str = "Europe/Berlin") -> Hours:
    return Hours(windows, zone(name), PLACES[name])


def hours_with(*choices: tuple[Window, ...]) -> st.SearchStrategy[Hours]:
    return st.builds(desk, st.sampled_from(choices), zone_names)


any_hours = hours_with(MORNINGS, TWICE_A_DAY, NIGHTS, ALL_DAY)
office_hours = hours_with(MORNINGS, TWICE_A_DAY)


def at(text: str, name: str = "Europe/Berlin") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone(name)).astimezone(UTC)


def calendar_days(count: int) -> Wait:
    return Wait(count, WaitKind.calendar)


def business_days(count: int) -> Wait:
    return Wait(count, WaitKind.business)


class TestDueAt:
    @pytest.mark.parametrize(
        ("after", "wait", "due"),
        [
            pytest.param("2026-11-03T09:15", calendar_days(14), "2026-11-17T09:15", id="inside the window"),
            pytest.param("2026-11-03T06:00", calendar_days(14), "2026-11-17T08:30", id="before it opens"),
            pytest.param("2026-11-03T11:30", calendar_days(14), "2026-11-18T08:30", id="as it closes"),
            pytest.param("2026-11-05T09:15", calendar_days(1), "2026-11-10T08:30", id="over closed days"),
            pytest.param(
                "2026-12-10T09:00", calendar_days(14), "2026-12-24T09:00", id="Christmas Eve is a working day"
            ),
            pytest.param("2026-04-30T09:00", calendar_days(14), "2026-05-19T08:30", id="a holiday in the window"),
            pytest.param("2026-11-03T09:15", calendar_days(0), "2026-11-03T09:15", id="no wait"),
            pytest.param("2026-11-05T09:15", business_days(4), "2026-11-11T09:15", id="weekend skipped"),
            pytest.param("2026-12-23T09:15", business_days(3), "2026-12-29T09:15", id="Christmas skipped"),
            pytest.param("2026-11-06T17:00", business_days(1), "2026-11-10T08:30", id="Friday evening"),
            pytest.param("2026-11-07T07:00", business_days(1), "2026-11-10T08:30", id="Saturday waits a whole Monday"),
            pytest.param("2026-11-03T09:15", business_days(0), "2026-11-03T09:15", id="no business wait"),
        ],
    )
    def test_table(self, after: str, wait: Wait, due: str) -> None:
        assert due_at(at(after), wait, desk()) == at(due)

    @pytest.mark.parametrize(
        ("name", "after", "days", "due"),
        [
            pytest.param("Europe/Berlin", "2026-03-28T08:00", 1, "2026-03-29T06:00", id="Berlin, spring"),
            pytest.param("Europe/Berlin", "2026-10-24T08:00", 1, "2026-10-25T07:00", id="Berlin, autumn"),
            pytest.param("Europe/Berlin", "2026-03-28T02:30", 1, "2026-03-29T01:00", id="Berlin, inside the gap"),
            pytest.param("Europe/Berlin", "2026-10-24T02:30", 1, "2026-10-25T00:30", id="Berlin, the first of two"),
            pytest.param("America/New_York", "2026-03-07T08:00", 1, "2026-03-08T12:00", id="New York, spring"),
            pytest.param("America/New_York", "2026-10-31T08:00", 1, "2026-11-01T13:00", id="New York, autumn"),
            pytest.param("Australia/Lord_Howe", "2026-10-03T08:00", 1, "2026-10-03T21:00", id="Lord Howe, spring"),
            pytest.param("Australia/Lord_Howe", "2026-10-03T02:15", 1, "2026-10-03T15:30", id="Lord Howe, gap"),
            pytest.param("Australia/Lord_Howe", "2026-04-04T08:00", 1, "2026-04-04T21:30", id="Lord Howe, autumn"),
            pytest.param("Asia/Kathmandu", "2026-03-28T08:00", 1, "2026-03-29T02:15", id="Kathmandu"),
        ],
    )
    def test_a_calendar_day_keeps_the_wall_clock(self, name: str, after: str, days: int, due: str) -> None:
        found = due_at(at(after, name), calendar_days(days), Hours(ALL_DAY, zone(name)))
        assert found == datetime.fromisoformat(due).replace(tzinfo=UTC)

    def test_a_wait_from_the_second_of_two_equal_clocks_never_goes_back(self) -> None:
        second_time = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
        assert due_at(second_time, calendar_days(0), desk(NIGHTS)) == second_time

    def test_business_days_follow_the_country_of_the_recipient(self) -> None:
        before_thanksgiving = at("2026-11-25T10:00", "America/New_York")
        weekdays = (Window(frozenset(range(5)), time(9), time(17)),)
        due = due_at(before_thanksgiving, business_days(1), desk(weekdays, "America/New_York"))
        assert due == at("2026-11-27T10:00", "America/New_York")

    @pytest.mark.parametrize(
        ("spread", "clock"), [(0.0, "08:30"), (0.5, "10:00"), (1 / 3, "09:30"), (0.99, "11:28:12")]
    )
    def test_the_spread_is_a_place_in_the_window(self, spread: float, clock: str) -> None:
        due = due_at(at("2026-11-03T06:00"), calendar_days(14), desk(), spread=spread)
        assert due == at(f"2026-11-17T{clock}")

    def test_a_message_past_its_place_is_not_pushed_towards_the_end(self) -> None:
        after = at("2026-11-03T10:00:20")
        assert due_at(after, calendar_days(14), desk(), spread=0.5) == at("2026-11-17T10:00:20")

    def test_a_thousand_places_do_not_share_the_minute_of_opening(self) -> None:
        after = at("2026-11-03T06:00")
        minutes = {due_at(after, calendar_days(14), desk(), spread=n / 1000).replace(second=0) for n in range(1000)}
        assert len(minutes) == 180

    @pytest.mark.parametrize("spread", [-0.1, 1.0, float("nan")])
    def test_a_spread_outside_its_range_is_refused(self, spread: float) -> None:
        with pytest.raises(TimetableError, match="^bad_spread: "):
            due_at(at("2026-11-03T06:00"), calendar_days(14), desk(), spread=spread)

    def test_hours_that_never_open_are_refused(self) -> None:
        with pytest.raises(TimetableError, match="^never_open: "):
            due_at(at("2026-11-03T06:00"), calendar_days(14), Hours((), BERLIN))

    def test_a_wait_is_never_negative(self) -> None:
        with pytest.raises(TimetableError, match="^negative_days: "):
            calendar_days(-1)

    def test_a_moment_without_zone_is_refused(self) -> None:
        with pytest.raises(CalendarError, match="^naive_datetime: "):
            due_at(datetime(2026, 11, 3, 9), calendar_days(0), desk())  # noqa: DTZ001

    @QUICK
    @given(moments, waits, any_hours, spreads)
    def test_it_is_open_and_no_holiday(self, after: datetime, wait: Wait, hours: Hours, spread: float) -> None:
        due = due_at(after, wait, hours, spread=spread)
        assert is_open(due, hours)
        assert next_slot(due, hours) == due
        assert holiday_name(due.astimezone(hours.zone).date(), hours.country) == ""

    @QUICK
    @given(moments, waits, any_hours, spreads)
    def test_it_never_cuts_the_wait_short(self, after: datetime, wait: Wait, hours: Hours, spread: float) -> None:
        due = due_at(after, wait, hours, spread=spread)
        local = after.astimezone(hours.zone).replace(tzinfo=None)
        assert due >= after
        assert due.astimezone(hours.zone).replace(tzinfo=None) >= local + timedelta(days=wait.days) or wait.days == 0

    @QUICK
    @given(moments, st.integers(0, 72 * 60), waits, office_hours, spreads)
    def test_a_later_after_is_never_due_earlier(
        self, after: datetime, minutes: int, wait: Wait, hours: Hours, spread: float
    ) -> None:
        later = after + timedelta(minutes=minutes)
        assert due_at(after, wait, hours, spread=spread) <= due_at(later, wait, hours, spread=spread)

    @QUICK
    @given(moments, st.integers(0, 72 * 60), waits, hours_with(NIGHTS, ALL_DAY), spreads)
    def test_nor_by_night_unless_the_clock_repeats_itself(
        self, after: datetime, minutes: int, wait: Wait, hours: Hours, spread: float
    ) -> None:
        later = after + timedelta(minutes=minutes)
        assume(not later.astimezone(hours.zone).fold)
        assert due_at(after, wait, hours, spread=spread) <= due_at(later, wait, hours, spread=spread)

    @QUICK
    @given(moments, st.integers(0, 30), st.integers(0, 30), st.sampled_from(WaitKind), any_hours, spreads)
    def test_a_longer_wait_is_never_due_earlier(
        self, after: datetime, one: int, other: int, kind: WaitKind, hours: Hours, spread: float
    ) -> None:
        shorter, longer = (Wait(days, kind) for days in sorted([one, other]))
        assume(not after.astimezone(hours.zone).fold)
        assert due_at(after, shorter, hours, spread=spread) <= due_at(after, longer, hours, spread=spread)

    @QUICK
    @given(moments, waits, any_hours, spreads, spreads)
    def test_a_greater_spread_is_never_due_earlier_and_stays_in_the_window(
        self, after: datetime, wait: Wait, hours: Hours, one: float, other: float
    ) -> None:
        first, second = (due_at(after, wait, hours, spread=spread) for spread in sorted([one, other]))
        closing = closes_at(first, hours)
        assert closing is not None
        assert first <= second < closing

    @QUICK
    @given(st.dates(date(2024, 1, 1), date(2030, 6, 1)), st.integers(5, 22), zone_names, st.data())
    def test_calendar_waits_add_up_where_it_is_always_open(
        self, day: date, hour: int, name: str, data: st.DataObject
    ) -> None:
        one, other = data.draw(st.integers(0, 60)), data.draw(st.integers(0, 60))
        hours = Hours(ALL_DAY, zone(name))
        after = datetime.combine(day, time(hour), hours.zone)
        stopped_over = due_at(due_at(after, calendar_days(one), hours), calendar_days(other), hours)
        assert stopped_over == due_at(after, calendar_days(one + other), hours)

    @QUICK
    @given(st.dates(date(2024, 1, 1), date(2030, 6, 1)), st.integers(0, 20), st.integers(0, 20))
    def test_business_waits_add_up_inside_office_hours(self, day: date, one: int, other: int) -> None:
        hours = desk((Window(frozenset(range(5)), time(9), time(17)),))
        after = first_due(datetime.combine(day, time(10), BERLIN), hours)
        stopped_over = due_at(due_at(after, business_days(one), hours), business_days(other), hours)
        assert stopped_over == due_at(after, business_days(one + other), hours)


class TestFirstDue:
    @pytest.mark.parametrize(
        ("now", "spread", "due"),
        [
            ("2026-11-17T06:00", 0.0, "2026-11-17T08:30"),
            ("2026-11-17T06:00", 0.5, "2026-11-17T10:00"),
            ("2026-11-17T10:30", 0.0, "2026-11-17T10:30"),
            ("2026-11-17T10:30", 0.5, "2026-11-17T11:00"),
            ("2026-11-19T11:30", 0.5, "2026-11-24T10:00"),
        ],
    )
    def test_table(self, now: str, spread: float, due: str) -> None:
        assert first_due(at(now), desk(), spread) == at(due)

    def test_a_list_enrolled_inside_the_window_does_not_leave_at_once(self) -> None:
        now = at("2026-11-17T10:30")
        assert len({first_due(now, desk(), n / 60).replace(second=0) for n in range(60)}) == 60

    @QUICK
    @given(moments, any_hours, spreads)
    def test_it_is_inside_a_window_and_not_before(self, moment: datetime, hours: Hours, spread: float) -> None:
        due = first_due(moment, hours, spread)
        assert due >= moment
        assert is_open(due, hours)

    @QUICK
    @given(moments, st.integers(0, 72 * 60), any_hours, spreads)
    def test_who_comes_later_is_not_served_earlier(
        self, moment: datetime, minutes: int, hours: Hours, spread: float
    ) -> None:
        later = moment + timedelta(minutes=minutes)
        assert first_due(moment, hours, spread) <= first_due(later, hours, spread) + timedelta(seconds=1)


class TestNextSlot:
    def test_a_retry_after_the_close_waits_for_the_next_window(self) -> None:
        assert next_slot(at("2026-11-17T11:30"), desk()) == at("2026-11-18T08:30")

    def test_an_open_window_is_now(self) -> None:
        assert next_slot(at("2026-11-17T11:29"), desk()) == at("2026-11-17T11:29")

    def test_hours_that_never_open_have_no_slot(self) -> None:
        assert next_slot(at("2026-11-17T11:29"), Hours((), BERLIN)) is None


class TestExpiresAt:
    def test_a_step_becomes_stale_after_whole_days(self) -> None:
        assert expires_at(at("2026-11-17T09:00"), days=10) == at("2026-11-27T09:00")

    def test_it_answers_in_utc(self) -> None:
        assert expires_at(datetime(2026, 11, 17, 9, tzinfo=BERLIN), days=0).isoformat() == "2026-11-17T08:00:00+00:00"

    def test_a_step_is_never_stale_before_it_is_due(self) -> None:
        with pytest.raises(TimetableError, match="^negative_days: "):
            expires_at(at("2026-11-17T09:00"), days=-1)


class TestChooseZone:
    @pytest.mark.parametrize(
        ("contact_zone", "country", "chosen"),
        [
            ("Asia/Kathmandu", "DE", ZoneChoice("Asia/Kathmandu", "contact")),
            (" Asia/Kathmandu ", "", ZoneChoice("Asia/Kathmandu", "contact")),
            ("", "DE", ZoneChoice("Europe/Berlin", "country")),
            ("Mars/Olympus", "Vereinigtes Königreich", ZoneChoice("Europe/London", "country")),
            ("CEST", "AU", ZoneChoice("Australia/Sydney", "country")),
            ("", "Canada", ZoneChoice("America/Toronto", "country")),
            ("", "USA", ZoneChoice("America/New_York", "country")),
            ("", "AQ", ZoneChoice("Europe/Vienna", "organisation")),
            ("", "Atlantis", ZoneChoice("Europe/Vienna", "organisation")),
            ("", "", ZoneChoice("Europe/Vienna", "organisation")),
        ],
    )
    def test_table(self, contact_zone: str, country: str, chosen: ZoneChoice) -> None:
        assert choose_zone(contact_zone=contact_zone, country=country, fallback="Europe/Vienna") == chosen

    def test_an_organisation_without_a_zone_is_a_broken_promise(self) -> None:
        with pytest.raises(CalendarError, match="^unknown_zone: "):
            choose_zone(contact_zone="", country="", fallback="Europe/Atlantis")
