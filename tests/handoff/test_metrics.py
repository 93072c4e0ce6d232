"""Numbers from the tables, each able to be more than nothing."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from compliance.models import Suppression
from handoff import metrics
from sequences.models import Contact, Enrollment, OutboundMessage
from tests.cast import TUESDAY
from tests.promises import permitted_again, sent
from tests.sequences.campaign import State, opt_out, play, played, under_way
from tests.sequences.scripted_smtp import CLOSE, ScriptedServer, say

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

DAY = timedelta(days=1)


def test_promises_are_counted_as_the_ledger_counts_them() -> None:
    sent()
    opt_out(Contact.objects.get().address)
    permitted_again()
    assert (metrics.sends_after_stop(), metrics.cleared_twice()) == (1, 1)
    Enrollment.objects.update(due_at=None)
    OutboundMessage.objects.update(ref="around/1")
    assert (metrics.sent_without_clearance(), metrics.stranded()) == (1, 1)


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
