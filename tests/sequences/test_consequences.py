"""What follows from an answer: who leaves, who is stopped, who pauses until when, and who at the company waits."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from compliance import holds
from compliance.acts import Consent, perform
from compliance.audit import reference
from compliance.models import Suppression, SuppressionReason
from compliance.principals import SYSTEM
from sequences import enrollment, pauses, planner, router
from sequences.consequences import Terms, back_at, terms
from sequences.models import Account, Contact, Enrollment, ExitReason, InboundMessage, OutboundMessage
from tests.cast import TUESDAY
from tests.factories import AccountFactory, ContactFactory, UserFactory, playbook_loaded
from tests.sequences.answers import Verdict, answered, is_held, passage_of, sent
from tests.sequences.campaign import State, passage, play

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.everywhere]

DAY = timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")


def came(verdict: InboundMessage.Verdict, subclass: str = "", **more: Any) -> InboundMessage:
    """A mail came in answer, and the machine has dealt with it; then passages follow what was decided."""
    row = answered(verdict, subclass, **more)
    router.route_round(TUESDAY)
    pauses.pause_round(TUESDAY)
    return row


def both_at_one_company() -> tuple[Contact, Contact]:
    company = AccountFactory()
    people = ContactFactory.create_batch(2, account=company, country="DE", zone="Europe/Berlin")
    sent(people)
    return people[0], people[1]


class TestInterested:
    def test_they_leave_the_sequence(self) -> None:
        sent()
        came(Verdict.POSITIVE, "interest")
        assert (passage().state, passage().exit_reason) == (Enrollment.State.EXITED, ExitReason.REPLIED_POSITIVE)

    def test_nothing_holds_them_any_more(self) -> None:
        sent()
        came(Verdict.POSITIVE, "interest")
        assert not is_held(Contact.objects.get())

    def test_what_was_planned_is_not_sent(self) -> None:
        sent()
        Enrollment.objects.update(due_at=TUESDAY)
        planner.plan_round(TUESDAY)
        came(Verdict.POSITIVE, "interest")
        assert OutboundMessage.objects.get(step=2).state == State.CANCELLED

    def test_so_does_a_colleague_who_wrote_instead(self) -> None:
        first, second = both_at_one_company()
        row = answered(Verdict.POSITIVE, "interest", of=first, writer=second.address)
        holds.place(second.card.digest, source=reference(row), by=SYSTEM, at=TUESDAY)
        router.route_round(TUESDAY)
        assert passage_of(first).exit_reason == ExitReason.REPLIED_POSITIVE
        assert passage_of(second).exit_reason == ExitReason.REPLIED_POSITIVE
        assert not is_held(second)


class TestNeither:
    def test_the_sequence_goes_on(self) -> None:
        sent()
        due = passage().due_at
        came(Verdict.NEUTRAL, "ack")
        assert (passage().state, passage().due_at, passage().paused_at) == (Enrollment.State.ACTIVE, due, None)
        assert not is_held(Contact.objects.get())


class TestNotInterested:
    @pytest.mark.parametrize("subclass", ["not_interested", "wrong_person", "hostile"])
    def test_they_leave_the_sequence_and_are_not_stopped(self, subclass: str) -> None:
        sent()
        came(Verdict.NEGATIVE, subclass)
        assert passage().exit_reason == ExitReason.REPLIED_NEGATIVE
        assert not Suppression.objects.exists()

    def test_whoever_has_left_is_stopped(self) -> None:
        sent()
        came(Verdict.NEGATIVE, "left_company")
        assert Suppression.objects.get().reason == SuppressionReason.LEFT_COMPANY

    def test_not_the_colleague_who_says_so(self) -> None:
        sent(people=2)
        gone, colleague = Contact.objects.order_by("pk")
        came(Verdict.NEGATIVE, "left_company", of=gone, writer=colleague.address)
        assert Suppression.objects.get().person == gone.card.person_id


class TestStop:
    def test_they_are_stopped_and_leave(self) -> None:
        sent()
        came(Verdict.OPT_OUT, "unsubscribe")
        assert Suppression.objects.get().reason == SuppressionReason.REPLIED
        enrollment.exit_round(TUESDAY)
        assert passage().exit_reason == ExitReason.OPTED_OUT

    def test_a_legal_demand_is_a_stronger_stop(self) -> None:
        sent()
        came(Verdict.OPT_OUT, "legal_demand")
        assert Suppression.objects.get().reason == SuppressionReason.LEGAL_DEMAND

    def test_whoever_wrote_it_is_stopped_as_well(self) -> None:
        sent()
        came(Verdict.OPT_OUT, writer="head.of.everything@pumps.example.com")
        assert Suppression.objects.count() == 2

    def test_once_for_one_mail(self) -> None:
        sent()
        row = came(Verdict.OPT_OUT)
        router.route_round(TUESDAY)
        assert Suppression.objects.get().source == f"sequences.inboundmessage:{row.pk}"


class TestAway:
    @pytest.mark.parametrize(
        ("back_on", "until"),
        [
            (date(2026, 11, 24), date(2026, 11, 25)),
            # A Friday; the working day after it is a Monday.
            (date(2026, 11, 27), date(2026, 11, 30)),
            # Christmas, in Germany two days, and a weekend.
            (date(2026, 12, 24), date(2026, 12, 28)),
        ],
    )
    def test_until_a_working_day_of_theirs_after_they_are_back(self, back_on: date, until: date) -> None:
        assert self.pause(back_on) == datetime.combine(until, datetime.min.time(), BERLIN)

    @pytest.mark.parametrize("back_on", [None, date(2026, 11, 16), date(1, 1, 1)])
    def test_a_week_when_no_day_is_named_or_it_is_over(self, back_on: date | None) -> None:
        assert self.pause(back_on) == TUESDAY + 7 * DAY

    @pytest.mark.parametrize("back_on", [date(2027, 6, 1), date.max])
    def test_forty_five_days_at_the_most(self, back_on: date) -> None:
        assert self.pause(back_on) == TUESDAY + 45 * DAY

    def pause(self, back_on: date | None) -> datetime:
        contact = ContactFactory(country="DE", zone="Europe/Berlin")
        return back_at(contact, back_on, TUESDAY, Terms())

    def test_nothing_is_sent_meanwhile_and_nothing_is_left_out(self) -> None:
        sent()
        Enrollment.objects.update(due_at=TUESDAY + DAY)
        came(Verdict.AUTO_REPLY, "ooo")
        assert passage().paused_because == "out_of_office"
        assert play(TUESDAY + 2 * DAY) == {}
        pauses.pause_round(TUESDAY + 7 * DAY)
        assert passage().due_at == TUESDAY + 8 * DAY

    def test_two_notes_are_one_pause_that_lasts_longer(self) -> None:
        sent()
        came(Verdict.AUTO_REPLY, "ooo", back_on=date(2026, 12, 1))
        came(Verdict.AUTO_REPLY, "ooo", back_on=date(2026, 11, 20))
        until = passage().paused_until
        assert until is not None
        assert until.date() >= date(2026, 12, 1)

    def test_it_is_no_answer_that_colleagues_would_wait_for(self) -> None:
        first, second = both_at_one_company()
        came(Verdict.AUTO_REPLY, "ooo", of=first)
        assert passage_of(second).paused_at is None

    def test_a_note_by_the_address_alone_will_do(self) -> None:
        sent()
        came(Verdict.AUTO_REPLY, "ooo", message=None, matched_by=InboundMessage.Match.SENDER)
        assert passage().paused_because == "out_of_office"


class TestAtTheCompany:
    @pytest.mark.parametrize("verdict", [Verdict.POSITIVE, Verdict.NEUTRAL, Verdict.NEGATIVE])
    def test_everybody_else_waits_ten_business_days(self, verdict: InboundMessage.Verdict) -> None:
        first, second = both_at_one_company()
        came(verdict, of=first)
        passage = passage_of(second)
        assert (passage.paused_because, passage.paused_until) == ("colleague_replied", TUESDAY + 14 * DAY)

    def test_as_long_as_the_playbook_says(self) -> None:
        first, second = both_at_one_company()
        playbook_loaded(replies={"colleague_delay_days": 5})
        came(Verdict.NEUTRAL, of=first)
        assert passage_of(second).paused_until == TUESDAY + 7 * DAY

    def test_not_at_all_if_it_says_so(self) -> None:
        first, second = both_at_one_company()
        playbook_loaded(replies={"colleague_delay_days": 0})
        came(Verdict.NEUTRAL, of=first)
        assert passage_of(second).paused_at is None

    def test_not_those_of_another_company(self) -> None:
        sent(people=2)
        first, second = Contact.objects.order_by("pk")
        Contact.objects.filter(pk=second.pk).update(account=AccountFactory())
        came(Verdict.NEUTRAL, of=first)
        assert passage_of(second).paused_at is None

    def test_those_of_a_company_that_is_the_same(self) -> None:
        first, second = both_at_one_company()
        other = AccountFactory()
        Contact.objects.filter(pk=second.pk).update(account=other)
        Account.objects.filter(pk=other.pk).update(merged_into=first.account)
        came(Verdict.NEUTRAL, of=first)
        assert passage_of(second).paused_because == "colleague_replied"


class TestByHand:
    def said(self, what: str, **columns: Any) -> InboundMessage:
        sent()
        row = answered(Verdict.OTHER, **columns)
        (act, _correct) = router.ACTS
        perform(row, act, by=UserFactory(role="rep"), at=TUESDAY, consent=Consent(more={"what": what}))
        return row

    def test_a_ticket_ends_the_passage(self) -> None:
        self.said("auto_reply/ticket_ack")
        assert passage().exit_reason == ExitReason.REMOVED

    def test_a_complaint_stops_for_good(self) -> None:
        self.said("complaint")
        assert Suppression.objects.get().reason == SuppressionReason.COMPLAINT

    @pytest.mark.parametrize("what", ["other", "bounce", "auto_reply/read_receipt"])
    def test_from_what_means_nothing_nothing_follows(self, what: str) -> None:
        self.said(what)
        assert passage().state == Enrollment.State.ACTIVE
        assert not is_held(Contact.objects.get())

    def test_a_stranger_who_asks_to_stop_is_stopped(self) -> None:
        mail = b"From: <eve@elsewhere.example>\r\n\r\nStop"
        self.said("opt_out", contact=None, message=None, matched_by="", raw=mail)
        assert Suppression.objects.count() == 1


def test_numbers_that_are_none_are_ours() -> None:
    playbook_loaded(replies={"ooo_default_days": "a week", "ooo_longest_days": -1, "colleague_delay_days": 3})
    assert terms() == Terms(colleague_delay_days=3)
