"""Whom the ladder proposes each working day, for what and why, and how a person loads them."""

from datetime import datetime, timedelta

import pytest

from compliance import addresses, suppression
from compliance.models import SuppressionReason
from compliance.principals import SYSTEM
from compliance.refusals import Refused
from compliance.suppression import Stop
from handoff import handover, ladder, proposing
from handoff.models import Lead, Proposal, Stage
from sequences.models import Enrollment, ExitReason, RecipientList, SequenceType
from tests.cast import TUESDAY
from tests.factories import UserFactory, approved_sequence, running_list
from tests.handoff.climbing import at_stage, mql

pytestmark = pytest.mark.django_db
LATER = TUESDAY + timedelta(hours=1)


def proposed(at: datetime = LATER) -> list[tuple[str, str]]:
    proposing.propose_round(at)
    rows = Proposal.objects.filter(ended_at__isnull=True).order_by("pk")
    return [(row.sequence_type, row.because) for row in rows]


def test_an_mql_with_too_few_indicators_is_proposed_for_nurture() -> None:
    mql(indicators=2)
    assert proposed() == [("nurture", "few_indicators")]


def test_an_mql_with_enough_of_them_is_for_the_cro_to_decide() -> None:
    mql(indicators=3)
    assert proposed() == []


def test_an_sql_without_a_briefing_is_proposed_for_activation() -> None:
    at_stage(Stage.SQL)
    assert proposed() == [("activation", "no_briefing")]


def test_a_stale_mql_is_proposed_for_re_engagement() -> None:
    mql(at=TUESDAY - timedelta(days=61))
    assert proposed() == [("re_engagement", "stale")]


def test_whose_nurture_found_no_answer_rests_for_sixty_days() -> None:
    lead = mql()
    running_list(LATER, [lead.contact], approved_sequence(TUESDAY))
    ended = {"exit_reason": ExitReason.FINISHED, "ended_at": LATER, "due_at": None}
    Enrollment.objects.update(state=Enrollment.State.FINISHED, **ended)
    assert proposed(LATER + timedelta(days=58)) == []
    assert proposed(LATER + timedelta(days=62)) == [("re_engagement", "rested")]


def test_on_a_day_off_nothing_is_proposed() -> None:
    mql()
    assert proposed(LATER + timedelta(days=4)) == []


def test_whoever_is_stopped_offered_or_resting_is_not_proposed() -> None:
    stopped, offered, resting = mql(), mql(), mql()
    stop = Stop(SuppressionReason.BY_PHONE)
    suppression.stop_address(addresses.parse(stopped.contact.address), stop, by=SYSTEM, at=TUESDAY)
    handover.offer(offered, UserFactory(role="cro"), cause="test", by=SYSTEM, at=TUESDAY)
    Lead.objects.filter(pk=resting.pk).update(return_on=TUESDAY.date() + timedelta(days=30))
    assert proposed() == []


def test_a_proposal_ends_when_its_lead_has_moved() -> None:
    lead = mql()
    proposed()
    ladder.take(lead, "archive", by=SYSTEM, at=LATER, said=ladder.Said("ended"))
    assert proposed(LATER + timedelta(days=1)) == []


def test_of_two_rounds_on_one_day_the_second_does_nothing() -> None:
    mql()
    assert [proposing.propose_round(LATER)["proposed"] for _turn in range(2)] == [1, 0]


class TestLoading:
    def test_a_person_makes_a_list_of_them(self) -> None:
        lead = mql()
        proposed()
        ops, version = UserFactory(role="sales_ops"), approved_sequence(TUESDAY)
        row = proposing.load(list(Proposal.objects.all()), version, "Of Tuesday", by=ops, at=LATER)
        assert [one.contact for one in row.rows.all()] == [lead.contact]
        assert (row.author, row.state) == (ops, RecipientList.State.DRAFT)
        assert Proposal.objects.get().recipient_list == row

    def test_everything_against_it_is_said(self) -> None:
        mql()
        proposed()
        version = approved_sequence(TUESDAY, type=SequenceType.ACTIVATION)
        with pytest.raises(Refused) as refused:
            proposing.load(list(Proposal.objects.all()), version, " ", by=UserFactory(role="rep"), at=LATER)
        assert refused.value.codes == ("not_permitted", "wrong_type", "no_name")
        assert not RecipientList.objects.exists()
