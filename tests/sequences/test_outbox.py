"""A person says what became of a message in doubt, or that a planned one is not wanted (spec X2; LAW PIP-08)."""

from datetime import timedelta

import pytest

from compliance.acts import Consent, offers, perform
from compliance.refusals import Refused
from compliance.transitions import NotPermitted
from sequences import outbox, planner, sender
from sequences.models import Enrollment
from tests.cast import TUESDAY
from tests.factories import UserFactory
from tests.sequences.campaign import State, broken_promises, left_behind, message, passage, play, played, under_way
from tests.sequences.scripted_smtp import CLOSE

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

HOUR = timedelta(hours=1)
SEEN = Consent("Found in the relay's log.")
ACTS = {act.arrow: act for act in outbox.ACTS}


@pytest.fixture
def _in_doubt() -> None:
    played({"dot": CLOSE}, steps=2)


@pytest.mark.usefixtures("_in_doubt")
class TestInDoubt:
    def test_evidence_makes_it_accepted_and_the_passage_goes_on(self) -> None:
        perform(message(), ACTS["accept"], by=UserFactory(role="sales_ops"), at=TUESDAY + HOUR, consent=SEEN)
        assert (message().state, message().reason) == (State.ACCEPTED, "decided_by_hand")
        assert passage().next_step == 2
        assert broken_promises() == {}

    def test_without_evidence_it_may_be_closed_and_is_not_sent(self) -> None:
        perform(message(), ACTS["cancel"], by=UserFactory(role="sales_ops"), at=TUESDAY + HOUR, consent=SEEN)
        assert message().state == State.CANCELLED
        assert play(TUESDAY + HOUR) == {}
        assert passage().next_step == 2

    def test_a_decision_names_its_evidence(self) -> None:
        with pytest.raises(Refused) as refused:
            perform(message(), ACTS["accept"], by=UserFactory(role="sales_ops"), at=TUESDAY, consent=Consent())
        assert refused.value.codes == ("comment_missing",)

    @pytest.mark.parametrize("role", ["cmo", "rep", "content"])
    def test_not_everybody_decides(self, role: str) -> None:
        with pytest.raises(NotPermitted):
            outbox.accept(message(), by=UserFactory(role=role), at=TUESDAY, consent=SEEN)

    def test_after_it_was_assumed_sent_a_decision_moves_the_passage_no_further(self) -> None:
        sender.recover_round(TUESDAY + 72 * HOUR)
        outbox.accept(message(), by=UserFactory(role="sales_ops"), at=TUESDAY + 73 * HOUR, consent=SEEN)
        assert passage().next_step == 2

    def test_two_people_at_once_decide_once(self) -> None:
        seen, staff = message(), UserFactory(role="sales_ops")
        outbox.cancel(seen, by=staff, at=TUESDAY, consent=SEEN)
        with pytest.raises(Refused) as refused:
            outbox.accept(seen, by=staff, at=TUESDAY, consent=SEEN)
        assert refused.value.codes == ("lost_race",)


class TestPlanned:
    def test_what_is_not_wanted_is_not_sent_and_the_passage_goes_on(self) -> None:
        under_way(steps=2)
        planner.plan_round(TUESDAY)
        perform(message(), ACTS["cancel"], by=UserFactory(role="sales_ops"), at=TUESDAY, consent=Consent("Met them."))
        assert play() == {}
        assert (passage().state, passage().next_step) == (Enrollment.State.ACTIVE, 2)

    def test_nobody_says_that_it_was_delivered(self) -> None:
        under_way()
        planner.plan_round(TUESDAY)
        offered = {
            offer.act.arrow: offer.open for offer in offers(message(), outbox.ACTS, UserFactory(role="sales_ops"))
        }
        assert offered == {"accept": False, "resend": False, "cancel": True}


class TestOnTheWire:
    def test_nobody_decides_what_its_server_is_about_to_say(self) -> None:
        left_behind(cleared=True)
        with pytest.raises(Refused) as refused:
            outbox.accept(message(), by=UserFactory(role="sales_ops"), at=TUESDAY, consent=SEEN)
        assert refused.value.codes == ("on_the_wire",)
        assert message().state == State.CLEARED
