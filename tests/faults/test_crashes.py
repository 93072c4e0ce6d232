"""Workers killed at every point of a delivery, from outside: at most one copy, and the right state (FT-01..11).

The server of the test holds its answer at the chosen phase; there the worker, a real process, dies by SIGKILL.
"""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from functools import partial

import pytest
from django.db import connection, transaction

from compliance import installation
from compliance.models import Purpose
from handoff import metrics
from handoff.demo.catcher import Catcher
from sequences import sender
from sequences.models import Contact, ExitReason, OutboundMessage
from tests.cast import TUESDAY
from tests.concurrency.together import waited_for
from tests.factories import playbook_loaded
from tests.processes import eventually, started
from tests.sequences.campaign import PLENTY, State, broken_promises, message, opt_out, passage, play, under_way
from tests.sequences.scripted_smtp import HANG, Act, ScriptedServer

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SLOWLY = Act("250 2.1.5 recipient ok", delay=2.5)


@pytest.fixture(autouse=True)
def _a_test_installation() -> None:
    installation.mark(Purpose.TEST, at=TUESDAY)


def worker(at: datetime = TUESDAY) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """One that plans and sends at the moment of the test, and may hold a message for a second."""
    return started(
        *("manage.py", "tick", "--round", "plan", "--round", "send", "--at", at.isoformat()), HANDOFF_LEASE_SECONDS="1"
    )


@contextmanager
def killed_at(phase: str, *, steps: int = 1) -> Iterator[ScriptedServer]:
    """A worker dies when the server has heard this; the server goes on as if nothing had been."""
    with ScriptedServer({phase: [HANG]}) as server:
        under_way(server.port, steps=steps)
        with worker() as process:
            eventually(lambda: phase in server.verbs)
            process.kill()
            process.wait()
        yield server


def recovered(what: str) -> None:
    """Once the lease has run out, somebody looks after what was left."""
    eventually(lambda: sender.recover_round(TUESDAY)[what], seconds=5)


class TestBeforeTheDoor:
    """Certainly not sent: the message goes back, and another worker sends it once."""

    @pytest.fixture(params=["connect", "mail", "rcpt"])
    def server(self, request: pytest.FixtureRequest) -> Iterator[ScriptedServer]:
        with killed_at(request.param) as server:
            yield server

    def test_the_message_goes_back_and_is_sent_once(self, server: ScriptedServer) -> None:
        assert message().state == State.CLAIMED
        recovered("put_back")
        assert (message().state, message().reason) == (State.PLANNED, "worker_lost")
        assert play(TUESDAY + MINUTE) == {"accepted": 1}
        assert len(server.messages) == server.verbs.count("dot") == 1
        assert broken_promises() == {}


class TestPastTheDoor:
    """Nobody can know: in doubt, and never again by itself."""

    @pytest.fixture(params=["data", "dot"])
    def server(self, request: pytest.FixtureRequest) -> Iterator[ScriptedServer]:
        with killed_at(request.param, steps=2) as server:
            yield server

    def test_the_message_is_in_doubt_and_there_is_no_second_copy(self, server: ScriptedServer) -> None:
        assert message().state == State.CLEARED
        copies = server.verbs.count("dot")
        recovered("in_doubt")
        for later in (MINUTE, HOUR, 24 * HOUR):
            play(TUESDAY + later)
        assert message().state == State.IN_DOUBT
        assert server.verbs.count("dot") == copies <= 1
        assert broken_promises() == {}

    def test_after_three_days_the_passage_goes_on(self, server: ScriptedServer) -> None:
        recovered("in_doubt")
        sender.recover_round(TUESDAY + 72 * HOUR)
        assert passage().next_step == 2
        assert broken_promises() == {}


def test_a_worker_killed_after_the_250_leaves_one_copy_and_a_doubt() -> None:
    with ScriptedServer() as server:
        under_way(server.port)
        with worker() as process, transaction.atomic(), connection.cursor() as cursor:
            # What the server said cannot be written down while somebody holds this table.
            cursor.execute("LOCK TABLE sequences_attempt IN EXCLUSIVE MODE")
            eventually(lambda: server.messages and waited_for())
            process.kill()
            process.wait()
        assert message().state == State.CLEARED
        recovered("in_doubt")
        assert play(TUESDAY + HOUR) == {}
        assert len(server.messages) == 1
    assert broken_promises() == {}


def test_an_opt_out_while_the_worker_lies_dead_is_obeyed() -> None:
    with killed_at("rcpt") as server:
        opt_out(Contact.objects.get().address)
        recovered("put_back")
        assert play(TUESDAY + MINUTE) == {"refused": 1}
    assert server.messages == []
    assert passage().exit_reason == ExitReason.OPTED_OUT


def test_a_worker_that_slept_through_its_lease_sends_nothing_when_it_wakes() -> None:
    with ScriptedServer({"rcpt": [SLOWLY]}) as server:
        under_way(server.port)
        with worker() as process:
            eventually(lambda: "rcpt" in server.verbs)
            os.kill(process.pid, signal.SIGSTOP)
            recovered("put_back")
            assert play(TUESDAY + MINUTE) == {"accepted": 1}
            os.kill(process.pid, signal.SIGCONT)
            assert process.wait(timeout=10) == 0
    assert len(server.messages) == 1
    assert message().state == State.ACCEPTED
    assert broken_promises() == {}


def test_a_campaign_survives_one_dead_worker_after_another() -> None:
    with Catcher() as catcher:
        playbook_loaded(caps=PLENTY)
        under_way(catcher.port, people=40)
        for number in (1, 2):
            enough = len(catcher.caught) + 8
            with worker(TUESDAY + number * HOUR) as process:
                eventually(partial(has, catcher, enough))
                process.kill()
                process.wait()
            eventually(lambda: not left_lying(), seconds=5)
        play(TUESDAY + 3 * HOUR)
    theirs = [caught.message_id for caught in catcher.caught]
    assert len(theirs) == len(set(theirs))
    assert set(theirs) <= ids(State.ACCEPTED, State.IN_DOUBT)
    assert ids(State.ACCEPTED) <= set(theirs)
    assert len(ids(State.ACCEPTED, State.IN_DOUBT)) == sum(metrics.message_states().values()) == 40
    assert broken_promises() == {}


def has(catcher: Catcher, mails: int) -> bool:
    return len(catcher.caught) >= mails


def left_lying() -> bool:
    """Whether a dead worker still holds something, after another look."""
    sender.recover_round(TUESDAY)
    return OutboundMessage.objects.filter(state__in=[State.CLAIMED, State.CLEARED]).exists()


def ids(*states: str) -> set[str]:
    return set(OutboundMessage.objects.filter(state__in=states).values_list("message_id", flat=True))
