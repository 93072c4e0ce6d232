"""The round that sends: in which order, through which door, and what a worker that died leaves behind."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from compliance.models import Decision, Suppression
from compliance.principals import SYSTEM
from compliance.transitions import move
from sequences import lists, planner, sender, settling
from sequences.dispositions import Accepted, Phase, Rejected, Reply
from sequences.models import Attempt, Contact, Enrollment, ExitReason, OutboundMessage, RecipientList
from sequences.settling import Tried
from tests.cast import TUESDAY
from tests.factories import (
    AccountFactory,
    ContactFactory,
    UserFactory,
    approved_sequence,
    having_read,
    playbook_loaded,
)
from tests.sequences.campaign import (
    PLENTY,
    State,
    broken_promises,
    left_behind,
    message,
    opt_out,
    passage,
    play,
    under_way,
)
from tests.sequences.scripted_smtp import ScriptedServer

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
Servers = Iterator[ScriptedServer]


@pytest.fixture
def server() -> Servers:
    """A server that accepts everything."""
    with ScriptedServer() as running:
        yield running


class TestAccepted:
    def test_the_server_has_it_once_and_the_row_says_so(self, server: ScriptedServer) -> None:
        under_way(server.port)
        assert play() == {"accepted": 1}
        assert len(server.messages) == 1
        assert message().state == State.ACCEPTED

    def test_another_round_sends_nothing_again(self, server: ScriptedServer) -> None:
        under_way(server.port)
        play()
        assert play() == {}
        assert len(server.messages) == 1

    def test_the_bytes_in_the_row_are_those_on_the_wire(self, server: ScriptedServer) -> None:
        under_way(server.port)
        play()
        content = message().content
        assert content is not None
        assert server.messages[0].content + b"\r\n" == bytes(content)

    def test_the_next_step_gets_its_time_from_the_acceptance(self, server: ScriptedServer) -> None:
        under_way(server.port, steps=2)
        play(TUESDAY + 3 * HOUR)
        row = passage()
        assert row.next_step == 2
        assert row.due_at is not None
        assert row.due_at >= TUESDAY + 3 * HOUR + 14 * DAY

    def test_the_last_step_finishes_the_passage(self, server: ScriptedServer) -> None:
        under_way(server.port)
        play()
        assert passage().state == Enrollment.State.FINISHED
        assert passage().exit_reason == ExitReason.FINISHED

    def test_what_is_due_first_goes_first(self, server: ScriptedServer) -> None:
        under_way(server.port, people=3)
        for place, row in enumerate(Enrollment.objects.order_by("-pk")):
            Enrollment.objects.filter(pk=row.pk).update(due_at=TUESDAY - HOUR + place * MINUTE)
        play()
        wanted = Enrollment.objects.order_by("-pk").values_list("contact__address", flat=True)
        assert [mail.recipients[0] for mail in server.messages] == list(wanted)

    def test_a_batch_shares_one_connection(self, server: ScriptedServer) -> None:
        under_way(server.port, people=3)
        play()
        assert server.verbs.count("connect") == 1

    def test_a_round_ends_after_its_time_and_the_next_one_sends_the_rest(
        self, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sender, "_ROUND", timedelta(0))
        under_way(server.port, people=3)
        assert play() == {"accepted": 1, "left": 2}
        assert play(TUESDAY + MINUTE) == {"accepted": 1, "left": 1}

    def test_every_promise_is_kept(self, server: ScriptedServer) -> None:
        under_way(server.port, people=3, steps=2)
        play()
        assert broken_promises() == {}


class TestTheDoor:
    def test_an_opt_out_after_planning_means_no_data(self, server: ScriptedServer) -> None:
        under_way(server.port)
        planner.plan_round(TUESDAY)
        opt_out(Contact.objects.get().address)
        assert play() == {"refused": 1}
        assert "data" not in server.verbs
        assert server.verbs[-2:] == ["rset", "quit"]

    def test_an_opt_out_of_one_sequence_holds_for_every_other(self) -> None:
        with ScriptedServer() as server:
            under_way(server.port)
            contact = Contact.objects.get()
            under_way(people=[ContactFactory()], version=approved_sequence(TUESDAY, steps=1))
            opt_out(contact.address)
            assert play()["accepted"] == 1
            later = under_way(people=[contact], version=approved_sequence(TUESDAY, steps=1))
        assert not later.rows.get().enrollments.exists()

    def test_the_passage_ends_with_the_reason(self, server: ScriptedServer) -> None:
        under_way(server.port, steps=2)
        planner.plan_round(TUESDAY)
        opt_out(Contact.objects.get().address)
        play()
        assert (message().state, message().reason) == (State.REFUSED, "suppressed")
        assert passage().exit_reason == ExitReason.OPTED_OUT

    def test_nothing_goes_to_an_imitation_of_somebody_who_opted_out_since(self, server: ScriptedServer) -> None:
        under_way(server.port, people=[ContactFactory(address="bob@xn--exmple-cxc.com")])
        planner.plan_round(TUESDAY)
        opt_out("bob@example.com")
        assert play() == {"refused": 1}
        assert "data" not in server.verbs
        assert (message().reason, passage().exit_reason) == ("looks_suppressed", ExitReason.NOT_ADDRESSABLE)

    def test_the_decision_is_kept_with_every_rule(self, server: ScriptedServer, settings: Settings) -> None:
        under_way(server.port)
        play()
        decision = Decision.objects.get()
        assert (decision.ref, decision.attempt, decision.outcome) == (message().ref, 1, "permit")
        assert len(decision.verdicts) == len(settings.CLEARANCE_RULES)

    def test_over_the_cap_nobody_is_dropped(self, server: ScriptedServer) -> None:
        playbook_loaded(caps={**PLENTY, "mailbox": {"limit": 3, "hours": 24}})
        under_way(server.port, people=5)
        assert play() == {"accepted": 3}
        assert OutboundMessage.objects.filter(state=State.PLANNED, reason="mailbox_cap").count() == 2
        assert play(TUESDAY + DAY) == {"accepted": 2}

    @pytest.mark.parametrize("planned", [False, True])
    def test_what_no_cap_lets_go_within_its_life_expires(self, server: ScriptedServer, planned: bool) -> None:
        """At once when the door says so, else when its life is over; with the cap as its reason either way."""
        playbook_loaded(caps={**PLENTY, "account": {"limit": 1, "hours": 15 * 24}})
        under_way(server.port, people=ContactFactory.create_batch(2, account=AccountFactory()))
        planner.plan_round(TUESDAY)
        if planned:
            assert play() == {"accepted": 1}
            assert OutboundMessage.objects.get(reason="account_cap").not_before == TUESDAY + 15 * DAY
            assert play(TUESDAY + 10 * DAY) == {"expired": 1}
        else:
            OutboundMessage.objects.update(not_before=TUESDAY)
            assert play() == {"accepted": 1, "expired": 1}
        assert OutboundMessage.objects.get(state=State.EXPIRED).reason == "account_cap"
        assert broken_promises() == {}

    def test_a_missing_value_of_one_person_holds_nobody_else(self, server: ScriptedServer) -> None:
        under_way(server.port, people=5)
        Contact.objects.filter(pk=Contact.objects.order_by("pk")[2].pk).update(first_name="")
        assert play() == {"accepted": 4}
        assert OutboundMessage.objects.get(state=State.REFUSED).reason == "missing_value"

    def test_what_the_door_did_not_let_out_is_not_kept(self, server: ScriptedServer) -> None:
        under_way(server.port)
        planner.plan_round(TUESDAY)
        Contact.objects.update(first_name="Augusta")
        play()
        assert message().content is None

    def test_data_put_right_again_goes_out_as_it_was_signed(self, server: ScriptedServer) -> None:
        under_way(server.port)
        planner.plan_round(TUESDAY)
        Contact.objects.update(first_name="Augusta")
        play()
        Contact.objects.update(first_name="Ada")
        assert play(TUESDAY + DAY) == {"accepted": 1}
        assert b"Augusta" not in server.messages[0].raw

    def test_a_text_changed_behind_everybodys_back_stays_here(self, server: ScriptedServer) -> None:
        under_way(server.port)
        planner.plan_round(TUESDAY)
        row = message().template_version
        type(row).objects.filter(pk=row.pk).update(body=row.body + "\nP.S. Buy now.\n")
        assert play() == {"text_changed": 1}
        assert server.messages == []


class TestPoison:
    """One message that cannot be written or sent must not stop the others."""

    def test_a_wording_that_fails_for_one_person_holds_that_one(self, server: ScriptedServer) -> None:
        under_way(server.port, people=3)
        planner.plan_round(TUESDAY)
        contact = Contact.objects.order_by("pk")[0]
        Contact.objects.filter(pk=contact.pk).update(first_name="Ada\u202e")
        assert play() == {"wording_failed": 1, "accepted": 2}

    def test_an_address_that_cannot_be_read_holds_that_one(self, server: ScriptedServer) -> None:
        under_way(server.port, people=3)
        planner.plan_round(TUESDAY)
        Contact.objects.filter(pk=Contact.objects.order_by("pk")[0].pk).update(address="nobody at all")
        assert play() == {"wording_failed": 1, "accepted": 2}
        assert broken_promises() == {}

    def test_an_address_with_somebody_elses_card_is_held(self, server: ScriptedServer) -> None:
        row = under_way(server.port)
        Contact.objects.update(address="somebody.else@pumps.example.com")
        cro, row = UserFactory(role="cro"), RecipientList.objects.get(pk=row.pk)
        lists.sign(row, by=cro, at=TUESDAY, consent=having_read(row, cro, TUESDAY))
        play()
        assert server.messages == []
        assert message().reason == "address_without_card"


class TestDeadWorkers:
    def test_what_was_claimed_goes_back(self) -> None:
        left_behind(cleared=False)
        assert sender.recover_round(TUESDAY) == {"put_back": 1, "in_doubt": 0, "assumed_sent": 0}
        assert (message().state, message().reason) == (State.PLANNED, "worker_lost")
        assert broken_promises() == {}

    def test_what_was_cleared_is_in_doubt(self) -> None:
        left_behind(cleared=True)
        assert sender.recover_round(TUESDAY) == {"put_back": 0, "in_doubt": 1, "assumed_sent": 0}
        assert message().state == State.IN_DOUBT
        assert Attempt.objects.get().outcome == "indoubt"

    def test_a_lease_that_runs_is_left_alone(self) -> None:
        left_behind(cleared=False, lease=DAY)
        assert sender.recover_round(TUESDAY)["put_back"] == 0
        assert message().state == State.CLAIMED

    def test_a_worker_that_passed_the_door_meanwhile_keeps_its_message(self) -> None:
        left_behind(cleared=False)
        seen = message()
        move(seen, "clear", by=SYSTEM, at=TUESDAY)
        assert settling.take_over(seen, TUESDAY) == "lost"
        assert message().state == State.CLEARED

    def test_a_lost_try_counts_so_that_the_door_is_asked_under_a_new_number(self, server: ScriptedServer) -> None:
        under_way(server.port)
        left_behind(cleared=False, planned=True)
        sender.recover_round(TUESDAY)
        play(TUESDAY + MINUTE)
        assert Decision.objects.get().attempt == 2
        assert message().state == State.ACCEPTED

    def test_a_slow_worker_that_comes_back_with_an_answer_settles_the_doubt(self) -> None:
        left_behind(cleared=True)
        slow = message()
        sender.recover_round(TUESDAY)
        answer = Accepted(Reply(250, "2.0.0", "queued"))
        assert settling.settle(Tried(slow, None, answer), TUESDAY) == "accepted"
        assert Attempt.objects.get().outcome == "accepted"

    def test_a_worker_whose_message_was_taken_over_changes_nothing(self) -> None:
        left_behind(cleared=False)
        slow = message()
        sender.recover_round(TUESDAY)
        refusal = Rejected(Phase.RCPT, Reply(550, "5.1.1", "no such user"))
        assert settling.settle(Tried(slow, None, refusal), TUESDAY) == "lost"
        assert message().state == State.PLANNED
        assert not Suppression.objects.exists()
