"""Stopping is easy and binds the next clearance; a person starts again (SOP 7; LAW APR-08, SMTP-07)."""

from datetime import timedelta

import pytest

from compliance import halts, vault
from compliance.acts import Consent
from compliance.models import Halt
from compliance.principals import SYSTEM
from compliance.refusals import Refused
from compliance.transitions import NotPermitted
from handoff.roles import ROLES
from sequences import mailboxes, planner
from sequences.models import Mailbox, OutboundMessage
from tests.cast import TUESDAY
from tests.factories import MailboxFactory, UserFactory
from tests.sequences.campaign import message, play, under_way
from tests.sequences.scripted_smtp import ScriptedServer

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

MINUTE = timedelta(minutes=1)
WHY = Consent("Odd replies came in.")


def stopped() -> Mailbox:
    return mailboxes.stop(Mailbox.objects.get(), by=SYSTEM, at=TUESDAY, consent=Consent("quota: 550 5.4.5"))


class TestStopping:
    def test_it_is_the_systems_answer_to_a_fault(self) -> None:
        MailboxFactory()
        row = stopped()
        assert (row.state, row.stopped_because) == (Mailbox.State.STOPPED, "quota: 550 5.4.5")

    @pytest.mark.parametrize("role", sorted(set(ROLES) - {"integration"}))
    def test_a_person_places_a_halt_instead(self, role: str) -> None:
        row, by = MailboxFactory(), UserFactory(role=role)
        with pytest.raises(NotPermitted):
            mailboxes.stop(row, by=by, at=TUESDAY, consent=WHY)
        halts.place(row.key, Halt.Kind.KILL_SWITCH, WHY.comment, by=by, at=TUESDAY)
        assert row.key in halts.standing()

    def test_twice_is_once_and_keeps_the_first_reason(self) -> None:
        MailboxFactory()
        stopped()
        row = mailboxes.stop(Mailbox.objects.get(), by=SYSTEM, at=TUESDAY, consent=WHY)
        assert row.stopped_because == "quota: 550 5.4.5"

    def test_it_binds_the_next_clearance(self) -> None:
        with ScriptedServer() as server:
            under_way(server.port)
            planner.plan_round(TUESDAY)
            stopped()
            assert play() == {"mailbox_stopped": 1}
        assert server.log == []


class TestStarting:
    def test_it_is_all_that_a_person_does_to_its_state(self) -> None:
        assert [act.arrow for act in mailboxes.ACTS] == ["start"]

    def test_a_halt_on_it_still_stands_afterwards(self) -> None:
        with ScriptedServer() as server:
            under_way(server.port)
            planner.plan_round(TUESDAY)
            row = stopped()
            halts.place(row.key, Halt.Kind.KILL_SWITCH, WHY.comment, by=SYSTEM, at=TUESDAY)
            mailboxes.start(row, by=UserFactory(role="sales_ops"), at=TUESDAY, consent=WHY)
            assert play() == {"halted": 1}

    @pytest.mark.parametrize("role", ["cmo", "cro", "rep", "content", "legal"])
    def test_not_everybody_may(self, role: str) -> None:
        MailboxFactory()
        with pytest.raises(NotPermitted):
            mailboxes.start(stopped(), by=UserFactory(role=role), at=TUESDAY, consent=WHY)

    def test_the_system_never_does(self) -> None:
        MailboxFactory()
        with pytest.raises(NotPermitted):
            mailboxes.start(stopped(), by=SYSTEM, at=TUESDAY, consent=WHY)

    def test_what_waited_for_it_is_asked_again_at_once(self) -> None:
        with ScriptedServer() as server:
            under_way(server.port)
            planner.plan_round(TUESDAY)
            row = stopped()
            play()
            mailboxes.start(row, by=UserFactory(role="sales_ops"), at=TUESDAY + MINUTE, consent=WHY)
            assert play(TUESDAY + MINUTE) == {"accepted": 1}

    def test_what_waits_for_something_else_goes_on_waiting(self) -> None:
        under_way()
        planner.plan_round(TUESDAY)
        row = stopped()
        OutboundMessage.objects.update(reason="person_cap", not_before=TUESDAY + 60 * MINUTE)
        mailboxes.start(row, by=UserFactory(role="sales_ops"), at=TUESDAY + MINUTE, consent=WHY)
        assert message().not_before == TUESDAY + 60 * MINUTE

    def test_a_running_one_is_not_started(self) -> None:
        with pytest.raises(Refused) as refused:
            mailboxes.start(MailboxFactory(), by=UserFactory(role="sales_ops"), at=TUESDAY, consent=WHY)
        assert refused.value.codes == ("lost_race",)


class TestPasswords:
    def test_one_is_stored_sealed_and_read_for_the_transport(self) -> None:
        row = MailboxFactory(password="s3cret words")
        assert "s3cret" not in row.secret
        assert mailboxes.password_of(row) == "s3cret words"

    def test_none_is_none(self) -> None:
        assert mailboxes.password_of(MailboxFactory()) == ""

    def test_one_sealed_with_a_lost_key_is_an_error(self) -> None:
        with pytest.raises(vault.Unreadable):
            mailboxes.password_of(MailboxFactory(secret="sealed elsewhere"))
