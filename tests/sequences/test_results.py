"""What a server answered while the database was away is kept on disk and settled first of all (LAW PIP-09, FT-10)."""

from collections.abc import Iterator

import pytest
from django.db import OperationalError
from pytest_django.fixtures import Settings

from compliance.models import AuditEntry
from compliance.spool import Spool
from sequences import results, sender, settling
from sequences.models import Attempt, OutboundMessage
from tests.cast import TUESDAY
from tests.sequences.campaign import State, broken_promises, message, passage, play, under_way
from tests.sequences.scripted_smtp import ScriptedServer, say

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.everywhere]


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The database goes away when an answer is to be written down."""
    with monkeypatch.context() as patch:

        def gone(*_args: object) -> str:
            raise OperationalError("server closed the connection unexpectedly")

        patch.setattr(settling, "settle", gone)
        yield patch


def lost(script: dict[str, object], people: int = 1, steps: int = 2) -> ScriptedServer:
    """One round during which the database goes away after the first answer."""
    with ScriptedServer(script) as server:  # type: ignore[arg-type]
        under_way(server.port, people=people, steps=steps)
        with pytest.raises(OperationalError):
            play()
    return server


def waiting() -> int:
    return Spool("results").counts()["waiting"]


def test_an_answer_is_kept_and_no_further_work_is_taken(away: pytest.MonkeyPatch) -> None:
    server = lost({}, people=3)
    assert (len(server.messages), waiting()) == (1, 1)
    assert OutboundMessage.objects.filter(state=State.CLEARED).count() == 1
    with pytest.raises(OperationalError):
        sender.send_round(TUESDAY)
    assert waiting() == 1


def test_it_becomes_what_the_server_said(away: pytest.MonkeyPatch) -> None:
    lost({})
    away.undo()
    assert sender.send_round(TUESDAY)["accepted"] == 1
    assert (message().state, passage().next_step, waiting()) == (State.ACCEPTED, 2, 0)
    assert "250" in message().reply
    assert broken_promises() == {}


def test_it_is_settled_before_leases_are_taken_over(away: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.LEASE_SECONDS = -1
    lost({})
    away.undo()
    assert sender.recover_round(TUESDAY)["in_doubt"] == 0
    assert message().state == State.ACCEPTED


def test_one_that_another_host_had_given_up_settles_the_doubt(away: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.LEASE_SECONDS = -1
    lost({})
    away.undo()
    settling.take_over(message(), TUESDAY)
    assert message().state == State.IN_DOUBT
    results.drain()
    assert (message().state, message().attempts_made, passage().next_step) == (State.ACCEPTED, 1, 2)
    assert Attempt.objects.get().outcome == "accepted"
    assert broken_promises() == {}


def test_a_refusal_for_good_is_kept_like_a_yes(away: pytest.MonkeyPatch) -> None:
    lost({"dot": say("554 5.7.1 no")})
    away.undo()
    results.drain()
    assert message().state == State.REJECTED


def test_what_was_certainly_not_sent_goes_back(away: pytest.MonkeyPatch) -> None:
    lost({"dot": say("451 4.3.0 later")})
    away.undo()
    results.drain()
    assert message().state == State.PLANNED


def test_it_is_written_down_once_however_often_it_is_taken(away: pytest.MonkeyPatch) -> None:
    lost({})
    ((path, _told),) = Spool("results").waiting()
    again = path.read_bytes()
    away.undo()
    results.drain()
    path.write_bytes(again)
    results.drain()
    assert AuditEntry.objects.filter(verb="sequences.outboundmessage.accept").count() == 1
    assert (message().attempts_made, passage().next_step, waiting()) == (1, 2, 0)


def test_one_that_nobody_can_read_is_set_aside_and_its_message_stays_a_doubt(away: pytest.MonkeyPatch) -> None:
    lost({})
    ((path, _told),) = Spool("results").waiting()
    path.write_text('{"kind": "nonsense"}')
    away.undo()
    sender.send_round(TUESDAY)
    assert Spool("results").counts() == {"waiting": 0, "unreadable": 1}
    assert message().state == State.CLEARED
