"""A person has a message in doubt sent again: once more, and through the whole door (LAW PIP-08, G2)."""

import email
import email.utils
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from compliance import clearance
from compliance.acts import Consent, offers, perform
from compliance.models import AuditEntry, Decision, Touch
from compliance.refusals import Refused
from compliance.transitions import NotPermitted
from sequences import enrollment, outbox, planner, resending, sender
from sequences.inbound import intake
from sequences.invariants import CLEARED_TWICE, DOUBT_SENT_AGAIN, RESENT_WITHOUT_A_REASON
from sequences.models import Contact, Enrollment, ExitReason, MessageEvent, OutboundMessage, Resend
from tests.cast import TUESDAY
from tests.factories import UserFactory, approved_sequence
from tests.promises import raw
from tests.sequences.campaign import State, broken_promises, message, opt_out, passage, play, played, under_way
from tests.sequences.scripted_smtp import CLOSE, ScriptedServer

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOT_THERE = Consent("Their postmaster says that it never arrived.")
RESEND = {act.arrow: act for act in outbox.ACTS}["resend"]


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """One that goes away after the first message, without a word, and takes every later one."""
    with ScriptedServer({"dot": [CLOSE]}) as running:
        yield running


@pytest.fixture
def _in_doubt(server: ScriptedServer) -> None:
    under_way(server.port, steps=2)
    assert play() == {"in_doubt": 1}


def again(at: datetime = TUESDAY + HOUR) -> OutboundMessage:
    by = UserFactory(role="sales_ops")
    row = perform(message(), RESEND, by=by, at=at, consent=NOT_THERE)
    assert isinstance(row, OutboundMessage)
    return row


def refusals() -> set[str]:
    by = UserFactory(role="sales_ops")
    (offer,) = [one for one in offers(message(), outbox.ACTS, by) if one.act.arrow == "resend"]
    return {refusal.code for refusal in offer.refusals}


@pytest.mark.usefixtures("_in_doubt")
class TestSentAgain:
    def test_it_goes_once_more_as_another_try_of_the_same_step(self, server: ScriptedServer) -> None:
        again()
        assert play(TUESDAY + HOUR) == {"accepted": 1}
        assert (message().state, message().attempts_made) == (State.ACCEPTED, 2)
        permits = Decision.objects.filter(outcome="permit").order_by("order_no")
        assert list(permits.values_list("ref", "attempt")) == [(message().ref, 1), (message().ref, 2)]
        assert Touch.objects.count() == 2
        assert server.verbs.count("dot") == 2
        assert broken_promises() == {}

    def test_while_it_is_young_the_very_same_bytes_go(self, server: ScriptedServer) -> None:
        first = message().content_digest
        again()
        play(TUESDAY + HOUR)
        assert message().content_digest == first

    def test_the_passage_goes_on_from_the_second_try(self) -> None:
        again()
        play(TUESDAY + HOUR)
        row = passage()
        assert row.next_step == 2
        assert row.due_at is not None
        assert row.due_at >= TUESDAY + HOUR + 14 * DAY

    def test_nothing_goes_before_somebody_decides(self, server: ScriptedServer) -> None:
        assert play(TUESDAY + HOUR) == {}
        again()
        assert play(TUESDAY + HOUR) == {"accepted": 1}
        assert play(TUESDAY + 2 * HOUR) == {}

    def test_who_decided_and_why_is_in_the_log(self) -> None:
        row = again()
        entry = AuditEntry.objects.get(verb="sequences.outboundmessage.resend")
        assert (entry.subject, entry.reason) == (f"sequences.outboundmessage:{row.pk}", NOT_THERE.comment)
        assert entry.data["attempt"] == 1
        said = Resend.objects.get()
        assert (said.attempt, f"user:{said.decided_by_id}", said.reason) == (1, entry.actor, NOT_THERE.comment)

    def test_a_second_click_does_nothing_twice(self, server: ScriptedServer) -> None:
        seen = message()
        resending.resend(seen, by=UserFactory(role="sales_ops"), at=TUESDAY + HOUR, consent=NOT_THERE)
        with pytest.raises(Refused) as refused:
            resending.resend(seen, by=UserFactory(role="sales_ops"), at=TUESDAY + HOUR, consent=NOT_THERE)
        assert refused.value.codes == ("lost_race",)
        assert (play(TUESDAY + HOUR), Resend.objects.count()) == ({"accepted": 1}, 1)

    def test_a_word_on_a_doubt_is_none_on_the_next_one(self, server: ScriptedServer) -> None:
        seen = message()
        server.script["dot"] = [CLOSE]
        again()
        assert play(TUESDAY + HOUR) == {"in_doubt": 1}
        with pytest.raises(Refused):
            resending.resend(seen, by=UserFactory(role="sales_ops"), at=TUESDAY + HOUR, consent=NOT_THERE)
        assert play(TUESDAY + 2 * HOUR) == {}
        again(TUESDAY + 2 * HOUR)
        assert play(TUESDAY + 2 * HOUR) == {"accepted": 1}
        assert broken_promises() == {}


@pytest.mark.usefixtures("_in_doubt")
class TestWhoAndWhy:
    @pytest.mark.parametrize("role", ["cmo", "cro", "rep", "content", "legal", "chief_of_staff"])
    def test_not_everybody_decides(self, role: str) -> None:
        with pytest.raises(NotPermitted):
            resending.resend(message(), by=UserFactory(role=role), at=TUESDAY, consent=NOT_THERE)
        assert not Resend.objects.exists()

    def test_a_decision_has_a_reason(self) -> None:
        with pytest.raises(Refused) as refused:
            resending.resend(message(), by=UserFactory(role="sales_ops"), at=TUESDAY, consent=Consent(" "))
        assert refused.value.codes == ("comment_missing",)

    def test_the_database_takes_none_without_a_reason(self) -> None:
        by = UserFactory(role="sales_ops")
        with pytest.raises(IntegrityError, match="resent_for_a_reason"), transaction.atomic():
            Resend.objects.create(message=message(), attempt=1, at=TUESDAY, decided_by=by, reason="")


@pytest.mark.usefixtures("_in_doubt")
class TestTheDoorAsksAgain:
    def test_who_opted_out_before_it_was_decided_gets_nothing(self, server: ScriptedServer) -> None:
        opt_out(Contact.objects.get().address)
        again()
        assert play(TUESDAY + HOUR) == {"refused": 1}
        assert server.verbs.count("data") == 1
        assert (passage().state, passage().exit_reason) == (Enrollment.State.EXITED, ExitReason.OPTED_OUT)
        assert broken_promises() == {}

    def test_who_opts_out_after_it_was_decided_gets_nothing_either(self, server: ScriptedServer) -> None:
        again()
        opt_out(Contact.objects.get().address)
        assert play(TUESDAY + HOUR) == {"refused": 1}
        assert server.verbs.count("data") == 1

    def test_whose_passage_has_ended_nobody_decides_for(self) -> None:
        row = passage()
        enrollment.leave([row], ExitReason.OPTED_OUT, by=UserFactory(role="sales_ops"), at=TUESDAY)
        assert refusals() == {"passage_ended"}

    def test_it_is_not_sent_after_news_that_it_was_taken(self) -> None:
        MessageEvent.objects.create(message=message(), kind=MessageEvent.Kind.DELIVERED, at=TUESDAY, digest="a" * 64)
        assert refusals() == {"evidence"}

    def test_nor_after_an_answer_to_it(self) -> None:
        reply = f"From: ada@pumps.example.com\r\nIn-Reply-To: {message().message_id}\r\n\r\nThanks!\r\n"
        intake.take(reply.encode(), at=TUESDAY)
        assert refusals() == {"evidence"}

    def test_without_the_decision_the_door_refuses(self) -> None:
        again()
        raw("DELETE FROM sequences_resend")
        assert play(TUESDAY + HOUR) == {"refused": 1}
        assert message().reason == "maybe_sent_before"


class TestAssumedSent:
    @pytest.fixture
    def assumed(self, server: ScriptedServer, steps: int) -> datetime:
        under_way(server.port, steps=steps)
        play()
        sender.recover_round(TUESDAY + 72 * HOUR)
        assert message().reason == "assumed_sent"
        return TUESDAY + 3 * DAY + HOUR

    @pytest.mark.parametrize("steps", [1, 2])
    def test_the_passage_stands_at_that_step_again_until_it_is_sent(self, assumed: datetime, steps: int) -> None:
        again(assumed)
        row = passage()
        assert (row.state, row.next_step, row.due_at) == (Enrollment.State.ACTIVE, 1, None)
        assert play(assumed) == {"accepted": 1}
        row = passage()
        assert (row.state == Enrollment.State.FINISHED, row.next_step) == (steps == 1, steps)
        assert broken_promises() == {}

    @pytest.mark.parametrize("steps", [1])
    def test_after_two_days_it_is_written_anew_under_the_same_message_id(
        self, server: ScriptedServer, assumed: datetime
    ) -> None:
        again(assumed)
        play(assumed)
        row = message()
        assert row.content is not None
        letter = email.message_from_bytes(bytes(row.content))
        assert letter["Message-ID"] == row.message_id
        assert email.utils.parsedate_to_datetime(letter["Date"]) == assumed
        assert server.messages[-1].content + b"\r\n" == bytes(row.content)

    @pytest.mark.parametrize("steps", [2])
    def test_once_a_later_step_is_planned_it_is_too_late(self, assumed: datetime) -> None:
        Enrollment.objects.update(due_at=assumed)
        planner.plan_round(assumed)
        row = OutboundMessage.objects.get(step=1)
        with pytest.raises(Refused) as refused:
            resending.resend(row, by=UserFactory(role="sales_ops"), at=assumed, consent=NOT_THERE)
        assert refused.value.codes == ("later_step",)

    @pytest.mark.parametrize("steps", [1])
    def test_who_is_in_another_sequence_by_now_is_left_there(self, assumed: datetime) -> None:
        under_way(people=[Contact.objects.get()], version=approved_sequence(TUESDAY, steps=1), at=assumed)
        assert refusals() == {"another_sequence"}

    @pytest.mark.parametrize("steps", [2])
    def test_a_planner_that_saw_the_next_step_due_plans_nothing(
        self, assumed: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It had read the passage, and asked the door, when somebody decided."""
        Enrollment.objects.update(due_at=assumed)
        asked = clearance.preview

        def decided_meanwhile(*given: object) -> object:
            monkeypatch.setattr(clearance, "preview", asked)
            again(assumed)
            return asked(*given)  # type: ignore[arg-type]

        monkeypatch.setattr(clearance, "preview", decided_meanwhile)
        assert planner.plan_round(assumed)["planned"] == 0
        assert (message().step, passage().next_step) == (1, 1)


class TestInvariants:
    @pytest.fixture(autouse=True)
    def _twice(self, server: ScriptedServer) -> None:
        under_way(server.port, steps=2)
        play()
        again()
        play(TUESDAY + HOUR)

    def test_the_word_of_a_person_is_the_only_excuse(self) -> None:
        assert (CLEARED_TWICE.count(), DOUBT_SENT_AGAIN.count()) == (0, 0)
        raw("DELETE FROM sequences_resend")
        assert (CLEARED_TWICE.count(), DOUBT_SENT_AGAIN.count()) == (1, 1)

    def test_it_excuses_the_try_that_was_in_doubt_and_no_other(self) -> None:
        raw("UPDATE sequences_resend SET attempt = 3")
        assert (CLEARED_TWICE.count(), DOUBT_SENT_AGAIN.count()) == (1, 1)

    def test_a_word_that_the_log_does_not_know_is_found(self) -> None:
        raw("UPDATE sequences_resend SET decided_by_id = %s", UserFactory().pk)
        assert RESENT_WITHOUT_A_REASON.run() == [message().ref]


def test_a_message_that_was_accepted_is_not_sent_again() -> None:
    played({})
    assert refusals() == {"wrong_state"}


def test_what_only_a_journal_knows_is_not_sent_again() -> None:
    played({"dot": CLOSE})
    raw("UPDATE compliance_decision SET code = 'replayed'")
    assert refusals() == {"maybe_sent_before"}
