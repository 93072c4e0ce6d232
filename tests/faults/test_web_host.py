"""The web server as it runs in production, a database that is away or silent, a kill -9 (LAW UNS-09; FT-24).

The server is a real gunicorn at the database of the test; what is taken away is the way there.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from compliance import addresses, cards, clearance, clock, heartbeats, hosts, tokens
from compliance.heartbeats import Kind
from compliance.models import Heartbeat, Suppression
from compliance.principals import SYSTEM
from compliance.tokens import Purpose
from handoff import serving
from tests.cast import LONG_AGO, TUESDAY
from tests.compliance.asking import ADA, ask, stopped
from tests.compliance.test_views_on_a_socket import speak, wait_for
from tests.faults.proxy import Proxy, between
from tests.processes import database_url, eventually

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

RULES = ["compliance.rules_standing.OptOutsAreIn", "compliance.rules.NotSuppressed"]
ONE_CLICK = b"List-Unsubscribe=One-Click"
FORM = "Content-Type: application/x-www-form-urlencoded\nContent-Length: 26"


def token(text: str = ADA) -> str:
    card = cards.find_or_make([addresses.parse(text)], at=LONG_AGO)[addresses.parse(text).canonical]
    return tokens.make(Purpose.UNSUBSCRIBE, message=4711, digest=card.digest)


def answer_to(port: int, head: str, body: bytes = b"") -> Any:
    return cast(Any, speak(port, head, body))


def one_click(port: int, text: str = ADA) -> int:
    return int(answer_to(port, f"POST /u/{token(text)} HTTP/1.1\nHost: x\nConnection: close\n{FORM}", ONE_CLICK).status)


@contextlib.contextmanager
def web_host(url: str, state: Path, **environment: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A web host of its own: port and process."""
    port = serving.free_port(0)
    told = {"DATABASE_URL": url, "HANDOFF_STATE_DIR": str(state), "LOG_LEVEL": "CRITICAL", **environment}
    with serving.web(port, told) as process:
        wait_for(port)
        yield port, process


@pytest.fixture(autouse=True)
def _the_door_asks_for_opt_outs(settings: Any) -> None:
    settings.CLEARANCE_RULES = RULES


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with between() as proxy:
        yield proxy


def through(proxy: Proxy) -> str:
    there = urlsplit(database_url())
    return there._replace(netloc=f"{there.netloc.rpartition('@')[0]}@127.0.0.1:{proxy.port}").geturl()


def owed() -> list[str]:
    return list(heartbeats.owed(Kind.WEB_HOST))


def door(text: str = "somebody.else@customer.example") -> str:
    return clearance.preview([ask(text)], TUESDAY)[0].code


def a_minute_passes() -> None:
    for row in Heartbeat.objects.filter(kind=Kind.WEB_HOST):
        Heartbeat.objects.filter(pk=row.pk).update(at=row.at - timedelta(seconds=61))


def workers_of(process: subprocess.Popen[bytes]) -> list[str]:
    return Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()


def present(worker: str, state: Path) -> bool:
    """Whether that process counts itself to the host: before its first round it is nobody who goes on."""
    opened = Path(f"/proc/{worker}/fd").iterdir()
    return any(os.path.realpath(descriptor) == str(state.resolve() / "present.lock") for descriptor in opened)


def kill(process: subprocess.Popen[bytes]) -> None:
    """The master and its workers at once, as a machine that loses its power."""
    workers = workers_of(process)
    process.kill()
    for worker in workers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(worker), signal.SIGKILL)
    process.wait()


def test_an_opt_out_survives_a_lost_database_and_a_killed_server(proxy: Proxy, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    with web_host(through(proxy), elsewhere) as (port, process):
        eventually(owed)
        assert door() == ""
        proxy.refuse()
        assert one_click(port) == 202
        kill(process)
    a_minute_passes()
    assert door() == "opt_outs_may_wait"
    assert not stopped(ADA)
    proxy.open()
    with web_host(through(proxy), elsewhere):
        eventually(lambda: stopped(ADA))
        eventually(lambda: door() == "")
        assert door(ADA) == "suppressed"


def test_the_sender_on_the_same_host_waits_at_once(proxy: Proxy) -> None:
    with web_host(through(proxy), Path(settings.STATE_DIR)) as (port, _process):
        eventually(owed)
        proxy.refuse()
        assert one_click(port) == 202
        assert door() == "opt_outs_may_wait"
        proxy.open()
        eventually(lambda: stopped(ADA))
        assert hosts.opt_outs().empty()
        assert door() == ""


def test_a_hundred_opt_outs_taken_while_it_was_away_are_all_there(proxy: Proxy, tmp_path: Path) -> None:
    people = [f"person{number}@customer.example" for number in range(100)]
    with web_host(through(proxy), tmp_path / "host") as (port, process):
        eventually(owed)
        proxy.refuse()
        assert {one_click(port, person) for person in people} == {202}
        kill(process)
    proxy.open()
    with web_host(through(proxy), tmp_path / "host"):
        eventually(lambda: Suppression.objects.count() == len(people))
    assert all(stopped(person) for person in people)


def test_a_database_that_falls_silent_holds_nobody_up(proxy: Proxy, tmp_path: Path) -> None:
    with web_host(through(proxy), tmp_path / "host") as (port, _process):
        eventually(owed)
        assert one_click(port, "first@customer.example") == 200
        proxy.hold()
        began = time.monotonic()
        assert one_click(port) == 202
        assert time.monotonic() - began < 10
        proxy.open()
        eventually(lambda: stopped(ADA))


def test_an_orderly_end_is_not_waited_for(tmp_path: Path) -> None:
    with web_host(database_url(), tmp_path / "host"):
        eventually(owed)
    assert owed() == []
    assert Heartbeat.objects.get().retired_at is not None


def test_of_several_processes_the_last_one_says_goodbye(tmp_path: Path) -> None:
    with web_host(database_url(), tmp_path / "host", WEB_CONCURRENCY="3"):
        eventually(owed)
    assert owed() == []


def test_a_process_that_ends_while_others_go_on_says_nothing(tmp_path: Path) -> None:
    state = tmp_path / "host"
    with web_host(database_url(), state, WEB_CONCURRENCY="2") as (_port, process):
        eventually(lambda: [present(worker, state) for worker in workers_of(process)] == [True, True])
        eventually(owed)
        process.send_signal(signal.SIGTTOU)
        eventually(lambda: len(workers_of(process)) == 1)
        assert len(owed()) == 1


def test_a_killed_server_is_waited_for(tmp_path: Path) -> None:
    with web_host(database_url(), tmp_path / "host") as (_port, process):
        eventually(owed)
        kill(process)
    a_minute_passes()
    assert door() == "opt_outs_may_wait"
    hosts.retire(
        Heartbeat.objects.get(), by=SYSTEM, at=clock.now(), now=clock.lease_clock(), reason="The machine was sold."
    )
    assert door() == ""
