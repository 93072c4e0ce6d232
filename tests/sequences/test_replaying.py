"""After a restore nobody is written to twice: what the journal knows as cleared is in doubt or skipped (LAW PIP-14)."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from compliance import arming, journaling
from compliance.acts import Consent
from compliance.append_only import lifted
from compliance.models import AddressCard, Decision, Installation, LostStep, PersonKey
from sequences import planner, replaying, sender
from sequences.models import Attempt, Enrollment, Mailbox, OutboundMessage
from tests.cast import LONG_AGO, TUESDAY
from tests.compliance.forgetting import back_to
from tests.factories import UserFactory
from tests.faults.backups import Backup
from tests.sequences.campaign import State, broken_promises, message, passage, play, under_way
from tests.sequences.scripted_smtp import ScriptedServer, say

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.everywhere]
HOUR = timedelta(hours=1)


def restored(*, planned: bool) -> None:
    """The database as it was before anything was sent: the step planned already, or still due."""
    with lifted(connection):
        Attempt.objects.all().delete()
        OutboundMessage.objects.all().delete()
    Enrollment.objects.update(state=Enrollment.State.ACTIVE, next_step=1, due_at=TUESDAY, exit_reason="", ended_at=None)
    back_to(0)
    if planned:
        planner.plan_round(TUESDAY)
        assert message().reason == "behind_journal"
    assert sender.send_round(TUESDAY) == {"disarmed": 1}


def arm() -> None:
    by = UserFactory(role="legal")
    arming.arm(Installation.objects.get(), by=by, at=TUESDAY, consent=Consent("Restored."))


def test_a_message_that_was_planned_is_in_doubt_and_not_sent_again() -> None:
    with ScriptedServer() as server:
        under_way(server.port, steps=2)
        play()
        restored(planned=True)
        arm()
        assert replaying.replay_round(TUESDAY + HOUR) == {"maybe_sent": 1}
        assert play(TUESDAY + HOUR) == {}
    assert len(server.messages) == 1
    assert (message().state, message().reason, message().settled_at) == (State.IN_DOUBT, "maybe_sent_before", TUESDAY)
    assert broken_promises() == {}


def test_after_three_days_it_counts_as_sent_and_the_passage_goes_on() -> None:
    with ScriptedServer() as server:
        under_way(server.port, steps=2)
        play()
        restored(planned=True)
        arm()
    replaying.replay_round(TUESDAY)
    sender.recover_round(TUESDAY + 72 * HOUR)
    assert (message().reason, passage().next_step) == ("assumed_sent", 2)


def test_a_step_that_is_planned_anew_is_skipped() -> None:
    with ScriptedServer() as server:
        under_way(server.port, steps=2)
        play()
        restored(planned=False)
        arm()
        assert play(TUESDAY + HOUR) == {}
    assert len(server.messages) == 1
    assert (message().state, message().reason) == (State.REFUSED, "maybe_sent_before")
    assert (passage().next_step, passage().state) == (2, Enrollment.State.ACTIVE)
    assert broken_promises() == {}


def test_the_door_stops_what_the_round_has_not_come_to_yet() -> None:
    with ScriptedServer() as server:
        under_way(server.port, steps=2)
        play()
        restored(planned=True)
        arm()
        assert play(TUESDAY + HOUR) == {"refused": 1}
    assert len(server.messages) == 1
    assert passage().next_step == 2
    assert broken_promises() == {}


def test_a_failed_try_after_the_restore_proves_nothing_of_the_one_before_it() -> None:
    with ScriptedServer() as server:
        under_way(server.port, steps=2)
        play()
        restored(planned=True)
        arm()
    assert play(TUESDAY + HOUR) == {"connection_failed": 1}
    with ScriptedServer() as server:
        Mailbox.objects.update(port=server.port)
        assert play(TUESDAY + 2 * HOUR) == {"refused": 1}
    assert server.messages == []
    assert broken_promises() == {}


def test_tries_before_the_lost_one_are_known_not_to_have_gone() -> None:
    with ScriptedServer({"dot": [say("451 4.3.0 later")]}) as server:
        under_way(server.port, steps=2)
        play()
        play(TUESDAY + HOUR)
        restored(planned=True)
        arm()
    replaying.replay_round(TUESDAY + 2 * HOUR)
    tries = Attempt.objects.order_by("number").values_list("number", "outcome")
    assert list(tries) == [(1, "notsent"), (2, "indoubt")]
    assert broken_promises() == {}


def test_the_reference_of_somebody_else_costs_one_try_at_most() -> None:
    with ScriptedServer() as server:
        under_way(server.port, steps=2)
        play()
        restored(planned=True)
        arm()
        another = PersonKey.objects.create(created_at=TUESDAY)
        AddressCard.objects.update(person=another)
        with lifted(connection):
            # Of another person the address is another one too.
            LostStep.objects.all().delete()
        assert replaying.replay_round(TUESDAY + HOUR) == {"maybe_sent": 0}
        play(TUESDAY + HOUR)
        play(TUESDAY + 2 * HOUR)
    assert message().state == State.ACCEPTED


def test_a_person_who_was_merged_meanwhile_is_still_the_same() -> None:
    with ScriptedServer() as server:
        under_way(server.port, steps=2)
        play()
        restored(planned=False)
        arm()
        now = PersonKey.objects.create(created_at=TUESDAY)
        PersonKey.objects.exclude(pk=now.pk).update(merged_into=now)
        AddressCard.objects.update(person=now)
        play(TUESDAY + HOUR)
    assert len(server.messages) == 1


def test_what_is_proven_unsent_is_tried_again() -> None:
    with ScriptedServer({"dot": [say("451 4.3.0 later")]}) as server:
        under_way(server.port)
        play()
        assert Decision.objects.filter(outcome="permit").count() == 1
        assert play(TUESDAY + HOUR) == {"accepted": 1}
    assert len(server.messages) == 1


def test_without_a_restore_the_round_has_nothing_to_do() -> None:
    with ScriptedServer() as server:
        under_way(server.port)
        play()
    assert replaying.replay_round(TUESDAY) == {"maybe_sent": 0}


class TestOnTheWireWhenTheBackupWasMade:
    """The older copy holds a try past the door; the journal tells of a later one, before which the first had failed."""

    @pytest.fixture
    def server(self) -> Iterator[ScriptedServer]:
        with ScriptedServer({"dot": [say("451 4.3.0 later")]}) as server:
            yield server

    @pytest.fixture(autouse=True)
    def _restored(self, server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        under_way(server.port, steps=2)
        made: list[Backup] = []
        note = journaling.note_cleared

        def copied_first(rows: Sequence[Any], at: datetime, steps: Any) -> None:
            if not made:
                made.append(Backup(tmp_path))
            note(rows, at, steps)

        monkeypatch.setattr(journaling, "note_cleared", copied_first)
        play()
        assert play(TUESDAY + HOUR) == {"accepted": 1}
        made[0].restore()
        made[0].remove()
        assert (message().state, message().attempts_made) == (State.CLEARED, 0)
        assert sender.send_round(TUESDAY + 2 * HOUR) == {"disarmed": 1}
        arm()

    def test_no_promise_is_called_broken(self) -> None:
        assert broken_promises() == {}

    @pytest.mark.parametrize("rounds", ["replay", "recover replay", "recover recover replay replay"])
    def test_whoever_finds_it_first_its_last_try_is_in_doubt(self, rounds: str, server: ScriptedServer) -> None:
        OutboundMessage.objects.update(lease_until=LONG_AGO)
        verbs = {"replay": replaying.replay_round, "recover": sender.recover_round}
        for name in rounds.split():
            verbs[name](TUESDAY + 2 * HOUR)
            assert broken_promises() == {}
        tries = Attempt.objects.order_by("number").values_list("number", "outcome")
        assert list(tries) == [(1, "notsent"), (2, "indoubt")]
        assert (message().state, message().settled_at) == (State.IN_DOUBT, TUESDAY + HOUR)
        assert play(TUESDAY + 3 * HOUR) == {}
        assert len(server.messages) == 1

    def test_a_copy_that_went_in_this_life_as_well_is_one_too_many(self) -> None:
        """Nothing hides a real second copy: a try after the restore is no earlier one of the lost life."""
        told = Decision.objects.get(code="")
        with lifted(connection):
            Decision.objects.filter(pk=told.pk).update(at=TUESDAY + 3 * HOUR)
        assert broken_promises() == {"cleared_twice": 1}
