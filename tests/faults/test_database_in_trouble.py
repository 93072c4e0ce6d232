"""A database that is locked, slow, full or has no room for one more: nothing goes, nothing is half done, all goes later
(LAW G6; FT-17, FT-88).
"""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection
from django.test import Client

from compliance import clock, hosts, tokens, unsubscribing
from compliance.models import Decision, Touch
from compliance.tokens import Purpose
from sequences import planner, sender
from sequences.models import Attempt, Contact, OutboundMessage
from tests.cast import TUESDAY
from tests.compliance.asking import stopped
from tests.conftest import do_without
from tests.factories import playbook_loaded
from tests.faults.small_disk import SmallDisk, missing, small_disk
from tests.processes import database_url, eventually, started
from tests.sequences.campaign import PLENTY, State, broken_promises, play, under_way
from tests.sequences.scripted_smtp import ScriptedServer

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

PEOPLE = 3
HOUR = timedelta(hours=1)
ROLE = f"handoff_crowded_{os.getpid()}"
# Half a minute, where a mail server would wait for us and the next message with it.
SLOW = """
CREATE FUNCTION slow() RETURNS trigger AS $$ BEGIN PERFORM pg_sleep(30); RETURN NEW; END $$ LANGUAGE plpgsql;
CREATE TRIGGER slow BEFORE {moment} FOR EACH ROW {when} EXECUTE FUNCTION slow();
"""
MOMENTS = {
    "the decision": ("INSERT ON compliance_decision", ""),
    "the touch": ("INSERT ON compliance_touch", ""),
    "the message": ("UPDATE ON sequences_outboundmessage", "WHEN (NEW.state = 'cleared')"),
}


@pytest.fixture
def server(settings: Any) -> Iterator[ScriptedServer]:
    """Everything is planned and the door does not wait for long."""
    settings.DOOR_SECONDS = 1
    with ScriptedServer() as running:
        playbook_loaded(caps=PLENTY)
        under_way(running.port, people=PEOPLE)
        planner.plan_round(TUESDAY)
        yield running


@contextlib.contextmanager
def locked(table: str) -> Iterator[None]:
    """Somebody else holds the whole table, in a transaction that does not end."""
    with psycopg.connect(database_url()) as another:
        another.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        yield
        another.rollback()


def said(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def sent() -> dict[str, int]:
    """One round of sending; what the messages came to, without the zeros."""
    return {what: count for what, count in sender.send_round(TUESDAY).items() if count}


def assert_nothing_happened(server: ScriptedServer) -> None:
    """Nothing went, and nothing says that it might have."""
    assert "data" not in server.verbs
    assert set(OutboundMessage.objects.values_list("state", "lease_token")) == {(State.PLANNED, "")}
    assert not Decision.objects.exists() | Touch.objects.exists()
    assert broken_promises() == {}


def assert_all_goes_once(server: ScriptedServer) -> None:
    assert play(TUESDAY + HOUR) == {"accepted": PEOPLE}
    assert len(server.messages) == len({caught.raw for caught in server.messages}) == PEOPLE
    assert broken_promises() == {}


class TestTheDoorIsNotAnswered:
    """One message finds it out; the others are not even offered to the mail server."""

    @pytest.mark.parametrize("table", ["compliance_suppression", "compliance_addressdigest", "compliance_budget"])
    def test_what_it_must_read_is_locked(self, server: ScriptedServer, table: str) -> None:
        with locked(table):
            assert sent() == {"door_failed": 1, "left": PEOPLE - 1}
        assert_nothing_happened(server)
        assert server.verbs.count("rcpt") == 1
        assert_all_goes_once(server)

    @pytest.mark.parametrize("moment", MOMENTS)
    def test_what_it_must_write_takes_half_a_minute(self, server: ScriptedServer, moment: str) -> None:
        where, when = MOMENTS[moment]
        said(SLOW.format(moment=where, when=when))
        try:
            assert sent() == {"door_failed": 1, "left": PEOPLE - 1}
        finally:
            said("DROP FUNCTION slow CASCADE")
        assert_nothing_happened(server)
        assert_all_goes_once(server)

    def test_the_try_is_written_down_with_its_reason(self, server: ScriptedServer) -> None:
        with locked("compliance_suppression"):
            sender.send_round(TUESDAY)
        (tried,) = Attempt.objects.all()
        assert (tried.outcome, tried.phase, tried.answer) == ("notsent", "gate", "OperationalError")
        assert OutboundMessage.objects.get(pk=tried.message_id).reason == "door_failed"

    def test_other_work_of_the_database_may_take_its_time(self, server: ScriptedServer) -> None:
        sender.send_round(TUESDAY)
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout')")
            assert cursor.fetchone() == ("0",)


class TestNoRoomForOneMoreConnection:
    @pytest.fixture
    def crowded(self, server: ScriptedServer) -> Iterator[str]:
        """The address of the database for a role that may come in once."""
        said(
            f"CREATE ROLE {ROLE} LOGIN PASSWORD 'one' CONNECTION LIMIT 1;"
            f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {ROLE}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {ROLE}"
        )
        told = connection.settings_dict
        yield f"postgres://{ROLE}:one@{told['HOST']}:{told['PORT'] or 5432}/{told['NAME']}"
        eventually(lambda: not sessions(ROLE))
        said(f"DROP OWNED BY {ROLE}; DROP ROLE {ROLE}")

    def test_the_worker_leaves_everything_as_it_was_and_the_next_one_sends(
        self, server: ScriptedServer, crowded: str
    ) -> None:
        with psycopg.connect(crowded), worker(crowded) as process:
            assert process.wait(60) != 0
        assert "connect" not in server.verbs
        assert_nothing_happened(server)
        eventually(lambda: not sessions(ROLE))
        with worker(crowded) as process:
            assert process.wait(60) == 0
        assert len(server.messages) == PEOPLE
        assert broken_promises() == {}


def sessions(role: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = %s", [role])
        return int(cursor.fetchone()[0])


def worker(url: str) -> AbstractContextManager["subprocess.Popen[bytes]"]:
    """One that sends what is planned, and may hold a message for a second."""
    told = {"DATABASE_URL": url, "HANDOFF_LEASE_SECONDS": "1"}
    return started("manage.py", "tick", "--round", "send", "--at", TUESDAY.isoformat(), **told)


class TestTheDiskOfTheDatabaseIsFull:
    @pytest.fixture
    def disk(self, transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallDisk]:
        """This test works on a database of its own, whose disk can be filled."""
        if reason := missing():
            do_without(reason)
        with small_disk() as running, monkeypatch.context() as patch:
            connection.close()
            for name, value in {"HOST": "127.0.0.1", "PORT": running.port, "USER": "postgres", "PASSWORD": ""}.items():
                patch.setitem(connection.settings_dict, name, value)
            patch.setitem(connection.settings_dict, "NAME", "postgres")
            yield running
            connection.close()

    def test_it_stops_in_the_middle_and_everybody_is_written_to_once(self, disk: SmallDisk) -> None:
        people = 60
        with ScriptedServer() as server:
            playbook_loaded(caps=PLENTY)
            under_way(server.port, people=people)
            planner.plan_round(TUESDAY)
            with worker(disk.url) as process:
                eventually(lambda: len(server.messages) >= 3)
                disk.fill()
                # Whether it can still write down why it stopped depends on the last page that was free.
                process.wait(60)
            gone = len(server.messages)
            assert 3 <= gone < people
            disk.empty()
            eventually(lambda: not left_lying())
            play(TUESDAY + HOUR)
        theirs = [caught.raw for caught in server.messages]
        assert len(theirs) == len(set(theirs)) == people
        assert set(OutboundMessage.objects.values_list("state", flat=True)) == {State.ACCEPTED}
        assert broken_promises() == {}

    def test_no_opt_out_is_lost(self, disk: SmallDisk, client: Client) -> None:
        under_way(people=80)
        hosts.say_empty(at=clock.lease_clock())
        links = {row.address: link(row) for row in Contact.objects.select_related("card")}
        disk.fill()
        answers = [client.post(at, {"List-Unsubscribe": "One-Click"}).status_code for at in links.values()]
        assert {202} <= set(answers) <= {200, 202}
        with pytest.raises(OperationalError):
            unsubscribing.drain()
        disk.empty()
        assert unsubscribing.drain() == answers.count(202)
        assert all(stopped(address) for address in links)
        assert broken_promises() == {}


def left_lying() -> bool:
    """Whether the worker that gave up still holds something, after another look."""
    sender.recover_round(TUESDAY)
    return OutboundMessage.objects.filter(state__in=[State.CLAIMED, State.CLEARED]).exists()


def link(row: Contact) -> str:
    return f"/u/{tokens.make(Purpose.UNSUBSCRIBE, message=row.pk, digest=row.card.digest)}"
