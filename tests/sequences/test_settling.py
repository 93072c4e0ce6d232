"""What a try comes to: later, never or nobody knows, for servers that refuse, break off and fall silent."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection

from compliance.acts import Consent
from compliance.models import Suppression, SuppressionReason
from sequences import erasing, mailboxes, planner, sender, settling, wording
from sequences.dispositions import Phase, Rejected, Reply
from sequences.models import Attempt, Contact, Enrollment, ExitReason, ListRow, Mailbox, OutboundMessage
from tests.cast import TUESDAY
from tests.factories import MailboxFactory, UserFactory
from tests.sequences.campaign import (
    State,
    broken_promises,
    left_behind,
    message,
    passage,
    play,
    played,
    under_way,
)
from tests.sequences.scripted_smtp import CLOSE, RESET, Act, ScriptedServer, say

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
Servers = Iterator[ScriptedServer]


@pytest.fixture
def server() -> Servers:
    """A server that accepts everything."""
    with ScriptedServer() as running:
        yield running


class TestLater:
    @pytest.mark.parametrize("phase", ["mail", "rcpt", "data", "dot"])
    def test_a_transient_refusal_is_tried_again_by_the_schedule(self, phase: str) -> None:
        _server, counts = played({phase: say("451 4.3.0 try again later")})
        assert counts == {"system": 1}
        assert message().state == State.PLANNED
        assert message().not_before == TUESDAY + 30 * MINUTE

    @pytest.mark.parametrize("phase", ["mail", "rcpt", "data"])
    @pytest.mark.parametrize("act", [CLOSE, RESET], ids=["close", "reset"])
    def test_a_drop_before_the_final_dot_is_tried_again(self, phase: str, act: Act) -> None:
        _server, counts = played({phase: act})
        assert counts == {"connection_failed": 1}
        assert message().state == State.PLANNED

    def test_what_was_deferred_is_accepted_at_its_next_try(self) -> None:
        with ScriptedServer({"dot": [say("451 4.7.1 greylisted")]}) as server:
            under_way(server.port)
            play()
            assert play(TUESDAY + 30 * MINUTE) == {"accepted": 1}
        assert len(server.messages) == 1
        assert list(Attempt.objects.order_by("number").values_list("outcome", flat=True)) == ["rejected", "accepted"]

    def test_every_try_transmits_the_same_bytes_under_one_message_id(self) -> None:
        with ScriptedServer({"dot": [say("250 ok"), say("451 4.3.0 no"), say("451 4.3.0 no")]}) as server:
            under_way(server.port)
            play()
            first = message()
            for later in (30 * MINUTE, 3 * HOUR):
                play(TUESDAY + later)
        assert first.content_digest == message().content_digest
        assert len(server.messages) == 1

    def test_bytes_seen_by_a_server_stay_as_they_are(self) -> None:
        with ScriptedServer({"dot": [say("451 4.3.0 no")]}) as server:
            under_way(server.port)
            play()
            before = message()
            assert before.content is not None
            play(TUESDAY + 30 * MINUTE)
        assert server.messages[0].content + b"\r\n" == bytes(before.content)

    def test_being_held_at_the_door_is_no_failure_of_the_schedule(self) -> None:
        with ScriptedServer({"rcpt": [say("250 ok"), say("451 4.3.0 no")]}) as server:
            under_way(server.port)
            planner.plan_round(TUESDAY)
            Contact.objects.update(first_name="Augusta")
            assert play() == {"row_changed": 1}
            Contact.objects.update(first_name="Ada")
            play(TUESDAY + DAY)
        assert message().not_before == TUESDAY + DAY + 30 * MINUTE

    def test_a_message_is_given_up_two_days_after_its_first_try(self) -> None:
        at = TUESDAY
        with ScriptedServer({"rcpt": say("451 4.3.0 not today")}) as server:
            under_way(server.port, steps=2)
            play(at)
            while message().state == State.PLANNED:
                at = message().not_before
                play(at)
        assert message().state == State.EXPIRED
        assert TUESDAY + DAY < at <= TUESDAY + 2 * DAY
        assert passage().next_step == 2

    def test_bytes_older_than_two_days_are_not_sent_any_more(self) -> None:
        with ScriptedServer({"dot": [say("451 4.3.0 no")]}) as server:
            under_way(server.port)
            play()
            OutboundMessage.objects.update(not_before=TUESDAY + 49 * HOUR)
            play(TUESDAY + 49 * HOUR)
        assert server.messages == []
        assert message().state == State.EXPIRED

    def test_a_refusal_after_the_body_at_the_end_of_its_life_expires(self) -> None:
        with ScriptedServer({"dot": say("451 4.3.0 no")}) as server:
            under_way(server.port, steps=2)
            planner.plan_round(TUESDAY)
            OutboundMessage.objects.update(expires_at=TUESDAY + MINUTE)
            play()
        assert message().state == State.EXPIRED
        assert passage().next_step == 2
        assert broken_promises() == {}

    def test_what_became_stale_expires_visibly_and_the_passage_goes_on_from_then(self, server: ScriptedServer) -> None:
        under_way(server.port, steps=2)
        assert play(TUESDAY + 20 * DAY) == {"expired": 1}
        assert (message().state, message().reason) == (State.EXPIRED, "stale")
        due = passage().due_at
        assert due is not None
        assert due >= TUESDAY + 34 * DAY


class TestNever:
    @pytest.mark.parametrize("phase", ["rcpt", "data", "dot"])
    def test_a_permanent_refusal_is_never_tried_again(self, phase: str) -> None:
        with ScriptedServer({phase: say("554 5.7.1 not here")}) as server:
            under_way(server.port)
            assert play() == {"rejected": 1}
            for days in range(1, 12):
                play(TUESDAY + days * DAY)
        assert server.verbs.count("rcpt") == 1
        assert message().state == State.REJECTED

    def test_the_passage_goes_on_where_nobody_said_no_for_good(self) -> None:
        played({"rcpt": say("552 5.2.2 mailbox full")}, steps=2)
        assert passage().state == Enrollment.State.ACTIVE
        assert passage().next_step == 2

    def test_an_address_that_does_not_exist_is_stopped_and_its_passage_ends(self) -> None:
        played({"rcpt": say("550 5.1.1 no such user")}, steps=2)
        assert Suppression.objects.get().reason == SuppressionReason.NO_SUCH_ADDRESS
        assert passage().exit_reason == ExitReason.BOUNCED

    def test_somebody_who_blocked_us_has_opted_out(self) -> None:
        played({"rcpt": say("550 5.7.1 recipient has blocked you")}, steps=2)
        assert Suppression.objects.get().reason == SuppressionReason.BLOCKED_US
        assert passage().exit_reason == ExitReason.OPTED_OUT

    def test_the_audit_log_holds_no_word_of_the_server_about_a_person(self) -> None:
        played({"dot": say("550 5.1.1 <ada@secret.example> unknown")})
        assert not audit_mentions("secret.example")


class TestInDoubt:
    def test_a_drop_after_the_final_dot_is_in_doubt(self) -> None:
        server, counts = played({"dot": Act("", "close")})
        assert counts == {"in_doubt": 1}
        assert message().state == State.IN_DOUBT
        assert server.verbs.count("dot") == 1

    def test_it_is_never_sent_again_by_itself(self) -> None:
        with ScriptedServer({"dot": CLOSE}) as server:
            under_way(server.port, steps=2)
            play()
            for days in range(1, 12):
                sender.recover_round(TUESDAY + days * DAY)
                play(TUESDAY + days * DAY)
        assert server.verbs.count("dot") == 1

    def test_after_three_days_it_counts_as_sent_and_the_passage_goes_on(self) -> None:
        played({"dot": CLOSE}, steps=2)
        assert sender.recover_round(TUESDAY + 71 * HOUR)["assumed_sent"] == 0
        assert sender.recover_round(TUESDAY + 72 * HOUR)["assumed_sent"] == 1
        assert (message().state, message().reason) == (State.IN_DOUBT, "assumed_sent")
        assert passage().next_step == 2

    def test_until_then_the_next_step_waits(self) -> None:
        played({"dot": CLOSE}, steps=2)
        assert passage().due_at is None
        assert broken_promises() == {}


class TestSenderFaults:
    """What is our fault stops us, never the person (LAW SMTP-07)."""

    LOGIN = {"auth": say("535 5.7.8 bad credentials of rick@ours.example.com")}

    def test_a_refused_login_stops_the_mailbox_and_nobody_else(self) -> None:
        with ScriptedServer(self.LOGIN, offers=["AUTH PLAIN"]) as server:
            under_way(server.port, people=3, username="rick", password="wrong")
            assert play() == {"login_refused": 1, "mailbox_stopped": 2}
        assert Mailbox.objects.get().state == Mailbox.State.STOPPED
        assert set(OutboundMessage.objects.values_list("state", flat=True)) == {State.PLANNED}
        assert not Suppression.objects.exists()

    def test_a_stopped_mailbox_does_not_try_to_log_in_again(self) -> None:
        with ScriptedServer(self.LOGIN, offers=["AUTH PLAIN"]) as server:
            under_way(server.port, people=3, username="rick", password="wrong")
            for hours in range(5):
                play(TUESDAY + hours * HOUR)
        assert server.verbs.count("auth") == 1

    def test_once_started_again_what_waited_goes(self) -> None:
        with ScriptedServer({"auth": [say("535 5.7.8 no")]}, offers=["AUTH PLAIN"]) as server:
            under_way(server.port, people=3, username="rick", password="right by now")
            play()
            staff, consent = UserFactory(role="sales_ops"), Consent("The password was mended.")
            mailboxes.start(Mailbox.objects.get(), by=staff, at=TUESDAY + 5 * MINUTE, consent=consent)
            assert play(TUESDAY + 5 * MINUTE) == {"accepted": 3}

    def test_why_it_stopped_names_no_address(self) -> None:
        with ScriptedServer(self.LOGIN, offers=["AUTH PLAIN"]) as server:
            under_way(server.port, username="rick", password="wrong")
            play()
        assert "535 5.7.8 bad credentials" in Mailbox.objects.get().stopped_because
        assert "@" not in Mailbox.objects.get().stopped_because

    def test_a_used_up_quota_plans_everybody_again_for_tomorrow(self) -> None:
        server, counts = played({"dot": say("550 5.4.5 Daily user sending limit exceeded")}, people=5)
        assert counts == {"quota": 1, "mailbox_stopped": 4}
        assert set(OutboundMessage.objects.values_list("state", flat=True)) == {State.PLANNED}
        assert min(OutboundMessage.objects.values_list("not_before", flat=True)) == TUESDAY + DAY
        assert not Suppression.objects.exists()

    def test_a_fault_of_our_domain_stops_every_mailbox_of_it(self) -> None:
        with ScriptedServer({"dot": say("550 5.7.26 unauthenticated mail")}) as server:
            other, elsewhere = MailboxFactory(port=server.port), MailboxFactory(address="rick@other.example.com")
            under_way(server.port)
            Enrollment.objects.update(mailbox=other)
            ListRow.objects.update(signed_sender=wording.sender_digest(other))
            play()
        stopped = Mailbox.objects.filter(state=Mailbox.State.STOPPED)
        assert elsewhere not in stopped
        assert other in stopped

    def test_a_server_that_is_closing_is_asked_once_and_everybody_waits(self) -> None:
        with ScriptedServer({"connect": say("421 4.3.2 closing", then="close")}) as server:
            under_way(server.port, people=4)
            assert play() == {"system": 4}
            play(TUESDAY + MINUTE)
        assert server.verbs.count("connect") == 1
        assert Mailbox.objects.get().state == Mailbox.State.ACTIVE

    def test_nobody_listening_is_found_out_once(self) -> None:
        under_way(1, people=4)
        assert play() == {"connection_failed": 4}
        assert Attempt.objects.count() == 1

    def test_a_server_that_asks_us_to_slow_down_is_left_alone_for_a_while(self) -> None:
        server, counts = played({"mail": say("421 4.7.28 unusual rate", then="close")}, people=4)
        assert counts == {"rate_limited": 4}
        assert min(OutboundMessage.objects.values_list("not_before", flat=True)) >= TUESDAY + 10 * MINUTE

    def test_an_unreadable_password_waits_for_somebody(self) -> None:
        under_way(people=2, username="rick", secret="sealed with a lost key")
        assert play() == {"mailbox_unreadable": 2}
        assert broken_promises() == {}


@pytest.mark.django_db(transaction=True)
def test_an_address_that_is_found_dead_after_its_erasure_is_stopped_all_the_same() -> None:
    left_behind(cleared=True)
    erasing.erase(Contact.objects.get(), by=UserFactory(role="legal"), at=TUESDAY, consent=Consent("Asked for."))
    outcome = Rejected(Phase.RCPT, Reply(550, "5.1.1", "no such user"))
    assert settling.settle(settling.Tried(message(), None, outcome), TUESDAY) == "rejected"
    assert Suppression.objects.filter(reason=SuppressionReason.NO_SUCH_ADDRESS).exists()


def audit_mentions(text: str) -> bool:
    """Whether any column of the log holds a text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM compliance_auditentry")
        return any(text in str(row) for row in cursor.fetchall())
