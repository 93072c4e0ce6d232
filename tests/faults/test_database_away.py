"""The database goes away while mail is on the wire: what the server said is kept, nothing more is taken (FT-10, FT-13).

The worker is a real process that reaches the database through a proxy of the test.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import pytest
from django.db import connection

from compliance import arming
from compliance.spool import Spool
from sequences.models import OutboundMessage
from tests.cast import TUESDAY
from tests.factories import armed, playbook_loaded
from tests.faults.proxy import Proxy, between
from tests.processes import database_url, eventually, started
from tests.sequences.campaign import PLENTY, State, broken_promises, message, passage, under_way
from tests.sequences.scripted_smtp import Act, ScriptedServer

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

MINUTE, TEN_MINUTES = timedelta(minutes=1), timedelta(minutes=10)
SLOWLY = Act("250 2.0.0 queued as 4711", delay=2)
# `make faults` asks for the thousand of LAW FT-13.
PEOPLE = min(1000, int(os.environ.get("HANDOFF_FAULT_ROUNDS", "12")))


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A way to the database that can be cut; this host was armed for it, too."""
    with between() as running:
        row = armed()
        with monkeypatch.context() as patch:
            patch.setitem(connection.settings_dict, "PORT", running.port)
            arming.begin(row, TUESDAY)
        yield running
    # A session whose client has gone goes a moment later; until then the database could not be emptied.
    eventually(lambda: not others())


def others() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


def worker(proxy: Proxy, at: datetime) -> AbstractContextManager["subprocess.Popen[bytes]"]:
    """One tick through the proxy; it may hold a message for a second."""
    there = database_url().replace(f":{connection.settings_dict['PORT'] or 5432}/", f":{proxy.port}/")
    return started("manage.py", "tick", "--at", at.isoformat(), DATABASE_URL=there, HANDOFF_LEASE_SECONDS="1")


def cut(proxy: Proxy, when: Callable[[], object]) -> None:
    """A worker loses the database at some moment, and ends with an error."""
    with worker(proxy, TUESDAY) as process:
        eventually(when, 60)
        proxy.refuse()
        assert process.wait(60) != 0
    proxy.open()


def worked(proxy: Proxy, at: datetime) -> None:
    with worker(proxy, at) as process:
        assert process.wait(180) == 0


def waiting() -> int:
    return Spool("results").counts()["waiting"]


def test_the_answer_of_the_server_outlives_the_database(proxy: Proxy) -> None:
    with ScriptedServer({"dot": SLOWLY}) as server:
        under_way(server.port, steps=2)
        cut(proxy, lambda: "dot" in server.verbs)
        assert (message().state, waiting()) == (State.CLEARED, 1)
        worked(proxy, TUESDAY + MINUTE)
    assert (message().state, passage().next_step, waiting()) == (State.ACCEPTED, 2, 0)
    assert "queued as 4711" in message().reply
    assert server.verbs.count("dot") == 1
    assert broken_promises() == {}


def test_a_batch_stops_within_one_message_and_everybody_is_written_to_once(proxy: Proxy) -> None:
    with ScriptedServer() as server:
        playbook_loaded(caps=PLENTY)
        under_way(server.port, people=PEOPLE)
        cut(proxy, lambda: len(server.messages) >= 3)
        gone = len(server.messages)
        assert gone < PEOPLE
        assert OutboundMessage.objects.filter(state=State.ACCEPTED).count() + waiting() >= gone - 1

        # What the dead worker had claimed goes back first, and is due a minute later.
        for turn in range(1, 13):
            if len(server.messages) < PEOPLE:
                worked(proxy, TUESDAY + turn * TEN_MINUTES)
    theirs = [caught.raw for caught in server.messages]
    assert len(theirs) == len(set(theirs)) == PEOPLE
    assert broken_promises() == {}
