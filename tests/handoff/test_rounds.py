"""The timetable: every round in order, by name, by the loop, by Celery's task; one broken round stops no other."""

import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

import pytest
from celery import current_app
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.test import override_settings

from compliance import clock, installation
from compliance.models import Purpose
from handoff import rounds, tasks
from sequences.models import Contact, Enrollment
from tests.cast import TUESDAY
from tests.factories import ContactFactory, armed, playbook_loaded
from tests.processes import eventually, noon_zone, started
from tests.sequences.campaign import EVERY_DAY, State, message, under_way
from tests.sequences.scripted_smtp import Act, ScriptedServer

HERE = "tests.handoff.test_rounds"
SLOWLY = Act("250 2.0.0 queued", delay=1.5)
seen: list[tuple[str, datetime]] = []


def one(at: datetime) -> Mapping[str, int]:
    seen.append(("one", at))
    return {"done": 1}


def two(at: datetime) -> Mapping[str, int]:
    seen.append(("two", at))
    return {"done": 0}


def broken(at: datetime) -> Mapping[str, int]:
    raise RuntimeError("no such luck")


def cut_off(at: datetime) -> Mapping[str, int]:
    raise OperationalError("server closed the connection")


def closed(at: datetime) -> Mapping[str, int]:
    raise InterfaceError("connection already closed")


def timetable(*verbs: str) -> override_settings:
    return override_settings(ROUNDS=[(verb, f"{HERE}.{verb}", 0) for verb in verbs])


@pytest.fixture(autouse=True)
def _nothing_seen() -> Iterator[None]:
    seen.clear()
    yield
    seen.clear()


def stop_after(turns: int) -> threading.Event:
    """An event whose answer is yes from the so-manyeth time it is asked."""

    class Event(threading.Event):
        asked = 0

        def is_set(self) -> bool:
            self.asked += 1
            return self.asked > turns

    return Event()


class TestOnce:
    def test_all_run_in_their_order_at_one_moment(self) -> None:
        with timetable("two", "one"):
            assert rounds.run_all(TUESDAY) == {"two": {"done": 0}, "one": {"done": 1}}
        assert seen == [("two", TUESDAY), ("one", TUESDAY)]

    def test_one_runs_by_its_name(self) -> None:
        with timetable("two", "one"):
            assert rounds.run("one", TUESDAY) == {"done": 1}

    def test_an_unknown_one_is_an_error(self) -> None:
        with timetable("one"), pytest.raises(rounds.UnknownRound):
            rounds.run("three", TUESDAY)

    @pytest.mark.django_db
    def test_those_of_the_house_run_on_an_empty_database_and_twice(self) -> None:
        armed()
        playbook_loaded()
        assert list(rounds.run_all(TUESDAY)) == rounds.names()
        assert not any(any(counts.values()) for counts in rounds.run_all(TUESDAY).values())


@pytest.mark.django_db
class TestTheLoop:
    @pytest.mark.parametrize("fault", ["broken", "cut_off", "closed"])
    def test_one_broken_round_stops_no_other(self, fault: str, caplog: pytest.LogCaptureFixture) -> None:
        with timetable(fault, "one"):
            rounds.loop(stop_after(8).is_set, pause=0)
        assert len(seen) >= 2
        assert f"round {fault}" in caplog.text

    def test_a_round_whose_time_has_not_come_waits(self) -> None:
        with override_settings(ROUNDS=[("one", f"{HERE}.one", 3600)]):
            rounds.loop(stop_after(8).is_set, pause=0)
        assert len(seen) == 1

    def test_nothing_more_is_begun_after_the_end(self) -> None:
        with timetable("one", "two"):
            rounds.loop(stop_after(2).is_set, pause=0)
        assert [name for name, _at in seen] == ["one"]

    def test_what_was_done_is_logged_and_what_was_not_is_not(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level("INFO"), timetable("one", "two"):
            rounds.loop(stop_after(3).is_set, pause=0)
        assert "round one: 1 done" in caplog.text
        assert "round two" not in caplog.text


@pytest.mark.django_db
class TestCelery:
    def test_the_task_runs_one_round_now(self) -> None:
        with timetable("one"):
            tasks.run_round("one")
        assert abs(seen[0][1] - clock.now()) < timedelta(minutes=1)

    def test_beat_has_the_same_timetable(self) -> None:
        made = {name: (entry["args"], entry["schedule"]) for name, entry in settings.CELERY_BEAT_SCHEDULE.items()}
        assert made == {name: ([name], seconds) for name, _verb, seconds in settings.ROUNDS}

    def test_a_hint_expires_instead_of_piling_up(self) -> None:
        schedule: dict[str, Any] = settings.CELERY_BEAT_SCHEDULE
        assert all(entry["options"]["expires"] <= max(entry["schedule"], 60) for entry in schedule.values())

    def test_the_task_is_known_by_the_name_beat_uses(self) -> None:
        assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(current_app.tasks)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestTheProcess:
    """`manage.py loop`, asked to stop while a server is slow to answer (LAW PIP-16)."""

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_it_finishes_what_it_has_begun(self, number: int) -> None:
        installation.mark(Purpose.TEST, at=TUESDAY)
        playbook_loaded(sequences={"windows": [EVERY_DAY]})
        with ScriptedServer({"dot": [SLOWLY]}) as server, loop(server.port) as process:
            eventually(lambda: "dot" in server.verbs)
            process.send_signal(number)
            assert process.wait(timeout=15) == 0
        assert message().state == State.ACCEPTED


def loop(port: int) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """One at work on one message that is due, for somebody for whom it is noon."""
    at = clock.now() - timedelta(hours=1)
    under_way(port, people=[ContactFactory(country="", zone=noon_zone())], at=at)
    assert Contact.objects.count() == Enrollment.objects.count() == 1
    return started("manage.py", "loop")
