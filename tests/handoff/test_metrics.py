"""Numbers from the tables; and each invariant, shown able to be more than nothing."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from compliance.models import Decision, Suppression
from handoff import metrics
from sequences.models import Attempt, Contact, OutboundMessage
from tests.cast import TUESDAY
from tests.sequences.campaign import State, broken_promises, message, opt_out, play, played, under_way
from tests.sequences.scripted_smtp import CLOSE, ScriptedServer, say

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

DAY = timedelta(days=1)


@pytest.fixture
def _sent() -> None:
    """One message that was accepted, of a passage with another step."""
    with ScriptedServer() as server:
        under_way(server.port, steps=2)
        play()


def decision_again(**columns: object) -> None:
    """A permission for a second try at the same message."""
    row = Decision.objects.get()
    row.pk, row.order_no, row.attempt = None, row.order_no + 1000, row.attempt + 1
    for name, value in columns.items():
        setattr(row, name, value)
    row.save(force_insert=True)


@pytest.mark.usefixtures("_sent")
class TestInvariants:
    def test_all_are_nothing_when_all_is_well(self) -> None:
        assert broken_promises() == {}

    def test_a_message_cleared_after_its_stop_is_found(self) -> None:
        opt_out(Contact.objects.get().address)
        assert metrics.sends_after_stop() == 0
        decision_again()
        assert metrics.sends_after_stop() == 1

    def test_by_the_person_too_when_the_address_is_another(self) -> None:
        opt_out(Contact.objects.get().address)
        decision_again(card=0)
        assert metrics.sends_after_stop() == 1

    def test_a_refusal_after_a_stop_is_no_message(self) -> None:
        opt_out(Contact.objects.get().address)
        decision_again(outcome="refuse")
        assert metrics.sends_after_stop() == 0

    def test_a_message_cleared_before_its_stop_is_none(self) -> None:
        opt_out(Contact.objects.get().address)
        assert metrics.sends_after_stop() == 0

    @pytest.mark.parametrize("outcome", ["accepted", "indoubt"])
    def test_two_copies_that_may_have_gone_are_found(self, outcome: str) -> None:
        decision_again()
        Attempt.objects.create(message=message(), number=2, at=TUESDAY, outcome=outcome)
        assert metrics.cleared_twice() == 1

    def test_so_is_a_second_permission_of_which_nothing_is_known(self) -> None:
        decision_again()
        assert metrics.cleared_twice() == 1

    @pytest.mark.parametrize("outcome", ["rejected", "notsent"])
    def test_a_try_proven_unsent_is_no_copy(self, outcome: str) -> None:
        decision_again()
        Attempt.objects.create(message=message(), number=2, at=TUESDAY, outcome=outcome)
        assert metrics.cleared_twice() == 0

    def test_a_message_that_went_around_the_door_is_found(self) -> None:
        OutboundMessage.objects.update(ref="around/1")
        assert metrics.sent_without_clearance() == 1

    def test_a_passage_that_nothing_will_move_is_found(self) -> None:
        # The next step has neither a time nor a message.
        with connection.cursor() as cursor:
            cursor.execute("UPDATE sequences_enrollment SET due_at = NULL")
        assert metrics.stranded() == 1

    def test_an_old_message_of_an_earlier_step_moves_nothing(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE sequences_enrollment SET due_at = NULL")
            cursor.execute("UPDATE sequences_outboundmessage SET state = 'in_doubt'")
        assert metrics.stranded() == 1


def out_of_reach() -> None:
    played({"connect": CLOSE}, steps=2)


def nobody_there() -> None:
    played({"rcpt": say("550 5.1.1 no such user")}, steps=2)


def no_answer() -> None:
    played({"dot": CLOSE}, steps=2)


class TestNumbers:
    @pytest.mark.parametrize(
        ("told", "states", "ends"),
        [
            (out_of_reach, {"planned": 1}, {"active": 1}),
            (nobody_there, {"rejected": 1}, {"bounced": 1}),
            (no_answer, {"in_doubt": 1}, {"active": 1}),
        ],
    )
    def test_messages_and_passages_are_counted_by_what_became_of_them(
        self, told: Callable[[], None], states: dict[str, int], ends: dict[str, int]
    ) -> None:
        told()
        assert (metrics.message_states(), metrics.enrollment_ends()) == (states, ends)

    def test_the_states_add_up_to_all_messages(self) -> None:
        with ScriptedServer({"rcpt": [say("550 5.1.1 nobody"), say("451 4.3.0 later")]}) as server:
            under_way(server.port, people=6)
            play()
        assert metrics.message_states() == {State.ACCEPTED: 4, State.PLANNED: 1, State.REJECTED: 1}
        assert sum(metrics.message_states().values()) == OutboundMessage.objects.count()

    def test_what_did_not_go_is_counted_by_its_reason(self) -> None:
        under_way(people=2)
        opt_out(Contact.objects.order_by("pk")[0].address)
        play(TUESDAY + 20 * DAY)
        assert metrics.messages_refused() == {"suppressed": 1, "stale": 1}

    def test_stops_are_counted_by_how_they_came(self) -> None:
        under_way(people=2)
        for contact in Contact.objects.all():
            opt_out(contact.address)
        assert metrics.opt_outs() == {"one_click": 2}
        assert Suppression.objects.count() == 2

    def test_nothing_has_moved_on_the_ladder(self) -> None:
        assert metrics.stage_moves() == {}
