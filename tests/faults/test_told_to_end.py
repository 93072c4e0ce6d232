"""Workers told to end while a server takes its time with the last word: accepted, not in doubt (FT-94, LAW PIP-16)."""

import logging
import signal
import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from celery import Celery

from compliance import clock
from sequences import planner, sender
from sequences.models import OutboundMessage
from tests.factories import ContactFactory, armed, playbook_loaded
from tests.processes import eventually, noon_zone, started
from tests.sequences.campaign import EVERY_DAY, PLENTY, State, broken_promises, under_way
from tests.sequences.scripted_smtp import Act, ScriptedServer

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

HOUR = timedelta(hours=1)


class Slow:
    """A server that has all of the first message and keeps its answer back until it is told."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.server = ScriptedServer({"dot": [Act("250 2.0.0 queued as 4711", awaits=self.may_answer)]})

    def has_the_first(self) -> bool:
        return "dot" in self.server.verbs


@pytest.fixture
def slow() -> Iterator[Slow]:
    """Three people are due there now, by the clock of the worker."""
    found = Slow()
    with found.server:
        armed()
        playbook_loaded(caps=PLENTY, sequences={"windows": [EVERY_DAY]})
        people = ContactFactory.create_batch(3, country="", zone=noon_zone())
        under_way(found.server.port, people=people, at=clock.now() - HOUR)
        yield found


def told_to_end(process: subprocess.Popen[bytes], slow: Slow) -> None:
    """It hears the signal while it waits; only then does the server answer."""
    eventually(slow.has_the_first)
    process.send_signal(signal.SIGTERM)
    eventually(lambda: not pending(process.pid))
    slow.may_answer.set()


def pending(pid: int) -> bool:
    """Whether a signal has yet to reach the process, as the kernel tells."""
    told = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return any(int(line.split()[1], 16) for line in told if line.startswith(("SigPnd", "ShdPnd")))


def states() -> list[str]:
    return sorted(OutboundMessage.objects.values_list("state", flat=True))


def assert_one_was_finished(slow: Slow) -> None:
    assert states() == [State.ACCEPTED, State.PLANNED, State.PLANNED]
    assert slow.server.verbs.count("dot") == 1
    assert broken_promises() == {}


@pytest.mark.parametrize("command", [("loop",), ("run", "--port", "0"), ("tick",)])
def test_one_process_finishes_what_is_on_the_wire_and_ends(slow: Slow, command: tuple[str, ...]) -> None:
    with started("manage.py", *command) as process:
        told_to_end(process, slow)
        assert process.wait(timeout=60) == 0
    assert_one_was_finished(slow)


def test_a_celery_worker_does_the_same(slow: Slow, redis_url: str) -> None:
    planner.plan_round(clock.now())
    queue = f"handoff-test-{uuid4().hex}"
    settings = {"CELERY_BROKER_URL": redis_url, "CELERY_QUEUE": queue}
    worker = ("-m", "celery", "-A", "handoff.config", "worker", "--hostname", f"{queue}@%h", "--concurrency", "1")
    with Celery(broker=redis_url) as app, started(*worker, **settings) as process:
        app.conf.task_default_queue = queue
        app.send_task("handoff.tasks.run_round", ["send"])
        told_to_end(process, slow)
        assert process.wait(timeout=60) == 0
    with redis.Redis.from_url(redis_url) as client:
        client.delete(queue, f"_kombu.binding.{queue}")
    assert_one_was_finished(slow)


def test_one_that_is_killed_too_early_leaves_a_doubt_and_an_alarm(slow: Slow, caplog: pytest.LogCaptureFixture) -> None:
    with started("manage.py", "loop", HANDOFF_LEASE_SECONDS="1") as process:
        eventually(slow.has_the_first)
        process.send_signal(signal.SIGTERM)
        process.kill()
        process.wait()
    with caplog.at_level(logging.CRITICAL):
        eventually(lambda: sender.recover_round(clock.now())["in_doubt"], seconds=5)
    assert "must give them 660 seconds" in caplog.text
    assert State.IN_DOUBT in states()
