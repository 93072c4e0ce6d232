"""Entering, going on, ending: one sequence at a time, each ending with its reason (spec SQ2, SQ3, SQ4, X7)."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from compliance import addresses, cards, suppression
from compliance.acts import Consent, perform
from compliance.models import AddressCard, PersonKey, Suppression, SuppressionReason
from compliance.principals import SYSTEM
from compliance.refusals import Refused
from compliance.suppression import Stop
from sequences import enrollment, lists, mailboxes, outbox, planner
from sequences.models import Account, Contact, Enrollment, ExitReason, RecipientList
from tests.cast import TUESDAY
from tests.factories import (
    AccountFactory,
    ContactFactory,
    MailboxFactory,
    UserFactory,
    approved_sequence,
    playbook_loaded,
    running_list,
)
from tests.sequences.campaign import State, broken_promises, message, opt_out, passage, play, under_way
from tests.sequences.scripted_smtp import ScriptedServer

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WITHDRAW = next(act for act in lists.ACTS if act.arrow == "withdraw")


class TestEntering:
    def test_a_person_is_in_one_sequence_at_a_time(self) -> None:
        contact = ContactFactory()
        running_list(TUESDAY, [contact])
        running_list(TUESDAY, [contact])
        assert Enrollment.objects.filter(state=Enrollment.State.ACTIVE).count() == 1

    def test_the_database_keeps_it_so(self) -> None:
        under_way()
        copy = passage()
        copy.pk = None
        with pytest.raises(IntegrityError), transaction.atomic():
            copy.save(force_insert=True)

    def test_two_addresses_of_one_person_are_one_person(self) -> None:
        one, other = ContactFactory.create_batch(2)
        other.card.person = one.card.person
        other.card.save()
        running_list(TUESDAY, [one, Contact.objects.get(pk=other.pk)])
        assert Enrollment.objects.count() == 1

    def test_whose_passage_has_ended_may_enter_another(self) -> None:
        with ScriptedServer() as server:
            under_way(server.port)
            play()
        running_list(TUESDAY + 30 * DAY, [Contact.objects.get()])
        assert Enrollment.objects.count() == 2

    def test_people_stay_on_the_version_they_entered(self) -> None:
        under_way()
        assert passage().version == RecipientList.objects.get().sequence_version

    def test_first_steps_are_spread_over_the_rest_of_the_day(self) -> None:
        running_list(TUESDAY, ContactFactory.create_batch(20), approved_sequence(TUESDAY, steps=1))
        due = set(Enrollment.objects.values_list("due_at", flat=True))
        assert len(due) == 20
        assert all(TUESDAY < moment < TUESDAY + 6 * HOUR for moment in due if moment)

    def test_a_first_step_never_lies_outside_the_window(self) -> None:
        running_list(TUESDAY + 12 * HOUR, [ContactFactory()], approved_sequence(TUESDAY, steps=1))
        due = passage().due_at
        assert due is not None
        assert due >= TUESDAY + 21 * HOUR

    def test_people_enter_in_one_order_whatever_that_of_their_list(self) -> None:
        running_list(TUESDAY, ContactFactory.create_batch(9)[::-1], approved_sequence(TUESDAY, steps=1))
        persons = list(Enrollment.objects.order_by("pk").values_list("person", flat=True))
        assert persons == sorted(persons)

    def test_without_a_mailbox_nobody_enters(self) -> None:
        with pytest.raises(enrollment.NoMailbox):
            enrollment.enroll([], approved_sequence(TUESDAY, steps=1), at=TUESDAY)


class TestSenders:
    def test_people_are_spread_over_the_active_mailboxes(self) -> None:
        MailboxFactory.create_batch(2)
        running_list(TUESDAY, ContactFactory.create_batch(4), approved_sequence(TUESDAY, steps=1))
        assert Enrollment.objects.values("mailbox").distinct().count() == 2

    def test_a_contact_keeps_its_sender(self) -> None:
        under_way()
        first = passage().mailbox
        end(passage())
        MailboxFactory.create_batch(5)
        running_list(TUESDAY, [Contact.objects.get()], approved_sequence(TUESDAY, steps=1))
        assert Enrollment.objects.order_by("-pk")[0].mailbox == first

    def test_unless_it_is_stopped(self) -> None:
        under_way()
        end(passage())
        other = MailboxFactory()
        mailboxes.stop(passage().mailbox, by=SYSTEM, at=TUESDAY, consent=Consent("quota"))
        running_list(TUESDAY, [Contact.objects.get()], approved_sequence(TUESDAY, steps=1))
        assert Enrollment.objects.order_by("-pk")[0].mailbox == other


class TestGoingOn:
    def test_a_step_that_is_not_the_next_moves_nothing(self) -> None:
        under_way(steps=3)
        enrollment.advance(passage(), 2, at=TUESDAY)
        assert passage().next_step == 1

    def test_twice_is_once(self) -> None:
        under_way(steps=3)
        for _time in range(2):
            enrollment.advance(passage(), 1, at=TUESDAY)
        assert passage().next_step == 2

    def test_an_ended_passage_gets_no_time(self) -> None:
        under_way(steps=3)
        row = passage()
        end(row)
        enrollment.advance(row, 1, at=TUESDAY)
        assert (passage().next_step, passage().due_at) == (1, None)

    def test_a_playbook_with_broken_hours_stops_no_passage(self) -> None:
        under_way(steps=2)
        planner.plan_round(TUESDAY)
        playbook_loaded(sequences={"windows": [{"days": ["someday"], "opens": "08:00", "closes": "09:00"}]})
        outbox.cancel(message(), by=UserFactory(role="sales_ops"), at=TUESDAY, consent=Consent("Not now."))
        assert passage().due_at == TUESDAY + 14 * DAY


class TestEnding:
    def test_leaving_cancels_what_is_planned(self) -> None:
        under_way()
        planner.plan_round(TUESDAY)
        end(passage())
        assert (message().state, message().reason) == (State.CANCELLED, "removed")
        assert (passage().exit_reason, passage().ended_at, passage().due_at) == ("removed", TUESDAY, None)

    def test_an_ending_happens_once_and_keeps_its_reason(self) -> None:
        under_way()
        end(passage())
        assert enrollment.leave([passage()], ExitReason.OPTED_OUT, by=SYSTEM, at=TUESDAY) == []
        assert passage().exit_reason == ExitReason.REMOVED

    def test_taking_somebody_out_by_hand_needs_a_reason(self) -> None:
        under_way()
        (act,) = enrollment.ACTS
        with pytest.raises(Refused) as refused:
            perform(passage(), act, by=UserFactory(role="sales_ops"), at=TUESDAY, consent=Consent())
        assert refused.value.codes == ("comment_missing",)

    def test_what_is_on_the_wire_is_not_cancelled(self) -> None:
        under_way()
        planner.plan_round(TUESDAY)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE sequences_outboundmessage SET state = 'cleared'")
        end(passage())
        assert message().state == State.CLEARED


class TestTheSweep:
    """Stops and withdrawals end passages of people who are not due soon."""

    @pytest.mark.parametrize(
        ("reason", "ending"),
        [
            (SuppressionReason.ONE_CLICK, ExitReason.OPTED_OUT),
            (SuppressionReason.BY_PHONE, ExitReason.OPTED_OUT),
            (SuppressionReason.NO_SUCH_ADDRESS, ExitReason.BOUNCED),
            (SuppressionReason.COMPLAINT, ExitReason.COMPLAINED),
            (SuppressionReason.LEFT_COMPANY, ExitReason.NOT_ADDRESSABLE),
        ],
    )
    def test_a_stop_ends_the_passage_with_its_reason(self, reason: SuppressionReason, ending: ExitReason) -> None:
        under_way()
        stop_address(Contact.objects.get().address, reason)
        assert enrollment.exit_round(TUESDAY) == {"ended": 1}
        assert passage().exit_reason == ending

    def test_another_spelling_of_the_address_is_the_same_person(self) -> None:
        under_way()
        local, _, domain = Contact.objects.get().address.partition("@")
        opt_out(f"{local.upper()}+news@{domain.upper()}")
        assert enrollment.exit_round(TUESDAY) == {"ended": 1}

    def test_nobody_else_is_taken_out(self) -> None:
        under_way(people=3)
        opt_out(Contact.objects.order_by("pk")[0].address)
        assert enrollment.exit_round(TUESDAY) == {"ended": 1}
        assert Enrollment.objects.filter(state=Enrollment.State.ACTIVE).count() == 2

    @pytest.mark.parametrize("stopped", ["big.example.com", "example.com"])
    def test_a_stop_for_a_domain_ends_everybody_at_it_and_below(self, stopped: str) -> None:
        account = AccountFactory(domain="big.example.com")
        under_way(people=[*ContactFactory.create_batch(2, account=account), ContactFactory(address="a@else.test")])
        stop_domain(stopped)
        assert enrollment.exit_round(TUESDAY) == {"ended": 2}

    def test_a_stop_for_a_company_ends_everybody_there_and_at_its_domains(self) -> None:
        big, small = AccountFactory(domain="big.example.com"), AccountFactory(domain="small.example.com")
        there = [ContactFactory(account=big), ContactFactory(account=big, address="a@else.test")]
        under_way(people=[*there, ContactFactory(account=small, address="b@mail.big.example.com"), *_two_at(small)])
        stop = Stop(SuppressionReason.LEGAL_DEMAND)
        suppression.stop_company(big.key, ["big.example.com"], stop, by=SYSTEM, at=TUESDAY)
        assert enrollment.exit_round(TUESDAY) == {"ended": 3}

    def test_a_stop_for_a_domain_does_not_end_the_passage_at_another_address_of_the_person(self) -> None:
        under_way(people=[ContactFactory(address="ada@else.test")])
        former = cards.find_or_make([addresses.parse("ada@big.example.com")], at=TUESDAY)["ada@big.example.com"]
        AddressCard.objects.filter(pk=former.pk).update(person=passage().person)
        stop_domain("big.example.com")
        assert enrollment.exit_round(TUESDAY) == {"ended": 0}

    def test_a_stop_for_a_person_ends_the_passage_begun_before_they_were_merged(self) -> None:
        under_way()
        survivor = PersonKey.objects.create(created_at=TUESDAY)
        AddressCard.objects.filter(pk=Contact.objects.get().card_id).update(person=survivor)
        opt_out(Contact.objects.get().address)
        assert enrollment.exit_round(TUESDAY) == {"ended": 1}

    def test_what_was_planned_for_them_is_cancelled(self) -> None:
        under_way()
        planner.plan_round(TUESDAY)
        opt_out(Contact.objects.get().address)
        enrollment.exit_round(TUESDAY)
        assert (message().state, message().reason) == (State.CANCELLED, "opted_out")
        assert broken_promises() == {}

    def test_each_stop_is_taken_once(self) -> None:
        under_way()
        opt_out(Contact.objects.get().address)
        assert [enrollment.exit_round(TUESDAY)["ended"] for _round in range(2)] == [1, 0]
        assert Suppression.objects.get().taken_at == TUESDAY

    def test_a_withdrawn_list_ends_all_its_passages(self) -> None:
        row = under_way(people=3)
        perform(row, WITHDRAW, by=UserFactory(role="cro"), at=TUESDAY, consent=Consent("Wrong list."))
        assert enrollment.exit_round(TUESDAY) == {"ended": 3}
        assert set(Enrollment.objects.values_list("exit_reason", flat=True)) == {ExitReason.LIST_WITHDRAWN}


class TestReasons:
    @pytest.mark.parametrize(
        ("code", "ending"),
        [
            ("list_withdrawn", ExitReason.LIST_WITHDRAWN),
            ("removed_from_list", ExitReason.REMOVED),
            ("missing_value", ExitReason.NOT_ADDRESSABLE),
            ("role_address", ExitReason.NOT_ADDRESSABLE),
            ("suppressed", ExitReason.OPTED_OUT),
        ],
    )
    def test_every_refusal_of_the_door_has_a_closed_reason(self, code: str, ending: ExitReason) -> None:
        under_way()
        assert enrollment.exit_for(code, passage()) == ending

    def test_a_hard_bounce_is_told_from_an_opt_out(self) -> None:
        under_way()
        stop_address(Contact.objects.get().address, SuppressionReason.NO_SUCH_ADDRESS)
        assert enrollment.exit_for("suppressed", passage()) == ExitReason.BOUNCED


def _two_at(account: Account) -> list[Contact]:
    return ContactFactory.create_batch(2, account=account)


def end(row: Enrollment, at: datetime = TUESDAY) -> None:
    enrollment.leave([row], ExitReason.REMOVED, by=SYSTEM, at=at)


def stop_address(address: str, reason: SuppressionReason) -> None:
    suppression.stop_address(addresses.parse(address), Stop(reason), by=SYSTEM, at=TUESDAY)


def stop_domain(domain: str) -> None:
    suppression.stop_domain(domain, Stop(SuppressionReason.LEGAL_DEMAND), by=SYSTEM, at=TUESDAY)
