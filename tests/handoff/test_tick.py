"""`tick`: every round once, at the real moment or, where time is played, at a later one (spec X4, W2)."""

import io
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from compliance import clock, installation
from compliance.models import Purpose
from handoff import rounds
from sequences.models import Mailbox
from tests.cast import TUESDAY
from tests.factories import MailboxFactory, playbook_loaded
from tests.sequences.campaign import State, message, under_way
from tests.sequences.scripted_smtp import ScriptedServer

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _a_playbook() -> None:
    playbook_loaded()


def tick(at: datetime | str = "", **options: Any) -> str:
    said = io.StringIO()
    shown = at.isoformat() if isinstance(at, datetime) else at
    call_command("tick", at=shown, stdout=said, **options)
    return said.getvalue()


def refused(at: datetime | str) -> str:
    with pytest.raises(CommandError) as error:
        tick(at)
    return str(error.value)


class TestTheMoment:
    @pytest.mark.parametrize("purpose", [Purpose.DEMO, Purpose.TEST])
    def test_a_later_one_may_be_played_in_a_demo_or_a_test(self, purpose: Purpose) -> None:
        installation.mark(purpose, at=TUESDAY)
        MailboxFactory()
        assert "nothing to do" in tick(clock.now() + DAY)

    @pytest.mark.parametrize("purpose", [None, Purpose.PRODUCTION, Purpose.STAGING])
    def test_on_a_live_installation_it_is_refused(self, purpose: Purpose | None) -> None:
        if purpose:
            installation.mark(purpose, at=TUESDAY)
        assert "live" in refused(clock.now() + DAY)

    def test_with_a_mailbox_that_leaves_the_machine_it_is_refused(self) -> None:
        installation.mark(Purpose.TEST, at=TUESDAY)
        MailboxFactory(host="smtp.provider.example", security=Mailbox.Security.TLS)
        assert "smtp.provider.example" in refused(clock.now() + DAY)

    def test_an_earlier_one_may_always_be_named(self) -> None:
        installation.mark(Purpose.PRODUCTION, at=TUESDAY)
        assert tick(clock.now() - DAY)

    @pytest.mark.parametrize("at", ["tomorrow", "2026-11-17", "2026-11-17T10:00:00", "2026-13-01T10:00:00+00:00"])
    def test_what_is_no_moment_is_refused(self, at: str) -> None:
        assert at in refused(at)

    def test_what_is_refused_sends_nothing(self) -> None:
        installation.mark(Purpose.PRODUCTION, at=TUESDAY)
        with ScriptedServer() as server:
            under_way(server.port, at=TUESDAY + timedelta(days=3650))
            refused(TUESDAY + timedelta(days=3650))
        assert server.log == []


class TestWhatItDoes:
    def test_it_plans_and_sends(self) -> None:
        installation.mark(Purpose.TEST, at=TUESDAY)
        with ScriptedServer() as server:
            under_way(server.port)
            said = json.loads(tick(TUESDAY, json=True))
        assert said["at"] == TUESDAY.isoformat()
        assert (said["rounds"]["plan"]["planned"], said["rounds"]["send"]["accepted"]) == (1, 1)
        assert message().state == State.ACCEPTED

    def test_it_prints_one_object_with_every_round_in_order(self) -> None:
        said = json.loads(tick(json=True))
        assert list(said) == ["at", "rounds"]
        assert list(said["rounds"]) == rounds.names()
        assert all(isinstance(count, int) for counts in said["rounds"].values() for count in counts.values())

    def test_without_a_moment_it_is_now(self) -> None:
        assert abs(datetime.fromisoformat(json.loads(tick(json=True))["at"]) - clock.now()) < timedelta(minutes=1)

    def test_single_rounds_may_be_named(self) -> None:
        assert list(json.loads(tick(round=["plan", "seal"], json=True))["rounds"]) == ["plan", "seal"]

    def test_an_unknown_round_is_refused(self) -> None:
        with pytest.raises(CommandError, match="invalid choice"):
            call_command("tick", "--round", "everything")

    def test_people_are_told_in_lines(self) -> None:
        assert "plan: nothing to do" in tick().splitlines()

    def test_twice_changes_nothing(self) -> None:
        installation.mark(Purpose.TEST, at=TUESDAY)
        with ScriptedServer() as server:
            under_way(server.port)
            for _time in range(3):
                tick(TUESDAY)
        assert len(server.messages) == 1
