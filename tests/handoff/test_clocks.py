"""When something is due: in the open time of whoever has to act, over nights, weekends, holidays, clock changes."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User

from compliance.calendar import Hours, parse_windows
from handoff import clocks
from handoff.durations import DurationError
from handoff.models import Owner, Tier
from handoff.models.owners import office_hours
from tests.cast import TUESDAY
from tests.factories import UserFactory, playbook_loaded

BERLIN = ZoneInfo("Europe/Berlin")
HOURS = Hours(parse_windows(office_hours()), BERLIN, "DE")
NEVER = Hours((), BERLIN)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


class TestDurations:
    @pytest.mark.parametrize(
        ("duration", "begun", "over"),
        [
            ("5 minutes", "2026-11-17 10:00", "2026-11-17 10:05"),
            ("1 business hour", "2026-11-17 16:30", "2026-11-18 09:30"),
            ("4 hours", "2026-11-20 15:00", "2026-11-23 11:00"),
            ("1 business day", "2026-11-20 10:00", "2026-11-23 17:00"),
            ("2 business days", "2026-12-23 10:00", "2026-12-28 17:00"),
            ("24 business hours", "2026-10-23 12:00", "2026-10-28 12:00"),
        ],
    )
    def test_they_run_in_open_time(self, duration: str, begun: str, over: str) -> None:
        assert clocks.deadline(duration, at(begun), HOURS) == at(over)

    @pytest.mark.parametrize("text", ["", "soon", "5", "minutes", "-5 minutes", "1.5 hours", "5 weeks", "٥ minutes"])
    def test_anything_else_is_refused(self, text: str) -> None:
        with pytest.raises(DurationError):
            clocks.deadline(text, TUESDAY, HOURS)

    def test_a_very_long_text_is_not_told_again(self) -> None:
        with pytest.raises(DurationError) as error:
            clocks.deadline("x" * 100_000, TUESDAY, HOURS)
        assert len(str(error.value)) < 200

    @pytest.mark.parametrize(("duration", "length"), [("5 minutes", {"minutes": 5}), ("2 business days", {"days": 2})])
    def test_where_nothing_ever_opens_they_run_on_the_wall(self, duration: str, length: Any) -> None:
        assert clocks.deadline(duration, TUESDAY, NEVER) == TUESDAY + timedelta(**length)


@pytest.mark.django_db
class TestClocks:
    @pytest.fixture(autouse=True)
    def _a_playbook(self) -> None:
        playbook_loaded()

    @pytest.mark.parametrize(
        ("tier", "over"),
        [(Tier.A, "2026-11-17 10:05"), (Tier.B, "2026-11-17 11:00"), (Tier.C, "2026-11-18 17:00")],
    )
    def test_an_offer_is_answered_by_its_tier(self, tier: Tier, over: str) -> None:
        assert clocks.accept(tier, at("2026-11-17 10:00"), HOURS).due_at == at(over)

    def test_the_playbook_says_for_how_long(self) -> None:
        playbook_loaded(clocks={"accept_A": {"runs_for": "15 minutes"}})
        assert clocks.accept(Tier.A, at("2026-11-17 10:00"), HOURS).due_at == at("2026-11-17 10:15")

    def test_a_clock_that_nobody_knows_does_not_run(self) -> None:
        with pytest.raises(KeyError):
            clocks.runs("lunch", TUESDAY, HOURS)

    @pytest.mark.parametrize(
        ("name", "begun", "warned"),
        [
            ("accept_A", "2026-11-17 10:00", "2026-11-17 10:04"),
            ("accept_A", "2026-11-20 16:58", "2026-11-23 09:02"),
            ("accept_B", "2026-11-20 17:30", "2026-11-23 09:48"),
        ],
        ids=["within a window", "over the weekend", "begun after hours"],
    )
    def test_it_warns_at_four_fifths_of_the_open_time(self, name: str, begun: str, warned: str) -> None:
        assert clocks.runs(name, at(begun), HOURS).warn_at == at(warned)

    def test_it_warns_where_nothing_ever_opens(self) -> None:
        assert clocks.runs("accept_A", TUESDAY, NEVER).warn_at == TUESDAY + timedelta(minutes=4)


@pytest.mark.django_db
class TestWorkingTime:
    def owner(self, **columns: Any) -> User:
        user: User = UserFactory(role="rep")
        Owner.objects.create(user=user, **columns)
        return user

    def test_it_is_what_they_said(self) -> None:
        windows = [{"days": ["sat"], "opens": "10:00", "closes": "12:00"}]
        found = clocks.hours_of(self.owner(zone="Europe/Berlin", country="AT", windows=windows))
        assert (found.zone, found.country, found.windows) == (BERLIN, "AT", parse_windows(windows))

    @pytest.mark.parametrize(
        "wrong", [{"zone": "Mars/Olympus"}, {"windows": []}, {"windows": "always"}, {"windows": [{"days": ["day"]}]}]
    )
    def test_what_cannot_be_read_is_office_time(self, wrong: Any) -> None:
        assert clocks.hours_of(self.owner(**wrong)) == clocks.hours_of(None)

    def test_whoever_said_nothing_works_from_nine_to_five(self) -> None:
        found = clocks.hours_of(UserFactory(role="rep"))
        assert (found.zone.key, found.windows) == ("UTC", parse_windows(office_hours()))


@pytest.mark.django_db
class TestTheFirstOfARole:
    def test_it_is_who_has_it_for_longest(self) -> None:
        first, _second = UserFactory(role="cro"), UserFactory(role="cro")
        assert clocks.first_of("cro") == first

    @pytest.mark.parametrize("gone", [{"is_active": False}, {"is_staff": False}])
    def test_who_has_left_does_not_count(self, gone: Any) -> None:
        UserFactory(role="cro", **gone)
        assert clocks.first_of("cro") is None
