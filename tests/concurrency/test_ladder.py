"""The ladder while several are at it: one arrow is taken once, an offer ends one way, a signal is heard once."""

from datetime import timedelta
from functools import partial

import pytest

from compliance.acts import Consent
from compliance.models import AuditEntry
from compliance.principals import SYSTEM
from compliance.refusals import Refused
from handoff import classifying, criteria, handover, judging, ladder
from handoff.judging import Heard, Judgement
from handoff.ladder import Said
from handoff.models import Alert, Handoff, Lead, Signal, Stage, StageMove, Task
from tests.cast import TUESDAY
from tests.concurrency.together import together
from tests.factories import ContactFactory, UserFactory, playbook_loaded
from tests.handoff.climbing import EVIDENCE, fit, heard, judged, lead_of, mql, offered

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

MINUTE = timedelta(minutes=1)
AGAIN = 10


class TestTwoArrows:
    def test_confirmed_by_two_at_once_it_moves_once_and_one_is_told(self) -> None:
        for _round in range(AGAIN):
            lead = mql(indicators=3)
            people = [UserFactory(role="cro") for _person in range(2)]
            faults = together([partial(ladder.take, lead, "confirm", by=by, at=TUESDAY) for by in people])
            assert [type(fault) for fault in faults] == [Refused]
            assert StageMove.objects.filter(lead=lead, arrow="confirm").count() == 1
            assert (
                AuditEntry.objects.filter(subject=f"handoff.lead:{lead.pk}", verb="handoff.lead.confirm").count() == 1
            )

    def test_of_two_different_ones_one_wins(self) -> None:
        for _round in range(AGAIN):
            lead, cro = mql(indicators=3), UserFactory(role="cro")
            confirm = partial(ladder.take, lead, "confirm", by=cro, at=TUESDAY)
            leave = partial(ladder.take, lead, "disqualify", by=cro, at=TUESDAY, said=Said("bad_data"))
            assert [type(fault) for fault in together([confirm, leave])] == [Refused]
            last = StageMove.objects.filter(lead=lead).latest("pk")
            assert Lead.objects.get(pk=lead.pk).stage == last.became


class TestTheOffer:
    def test_accepted_as_it_is_taken_back_it_ends_one_way(self) -> None:
        for _round in range(AGAIN):
            rep = UserFactory(role="rep")
            row = offered(mql(), rep)
            accept = partial(handover.accept, row, by=rep, at=row.due_at, consent=Consent())
            revert = partial(handover.revert_round, row.due_at)
            assert {type(fault) for fault in together([accept, revert])} <= {Refused}
            stage = Lead.objects.get(pk=row.lead_id).stage
            found = Handoff.objects.get(pk=row.pk).state, stage, Task.objects.filter(key__contains="reverted").count()
            assert found in {("accepted", Stage.SAL, 0), ("reverted", Stage.MQL, 1)}
            Task.objects.filter(lead=row.lead_id).delete()

    def test_offered_by_four_at_one_moment_for_one_cause_it_is_offered_once(self) -> None:
        for number in range(AGAIN):
            lead, rep = mql(), UserFactory(role="rep")
            work = partial(handover.offer, lead, rep, cause=f"reply:{number}", by=SYSTEM, at=TUESDAY)
            assert together([work] * 4) == []
            row = Handoff.objects.get(lead=lead)
            told = AuditEntry.objects.filter(subject=f"handoff.handoff:{row.pk}").count()
            assert (told, Alert.objects.filter(to=rep).count()) == (1, 1)

    def test_nobody_is_offered_what_is_closed_beside_it(self) -> None:
        for number in range(AGAIN):
            lead, cro = mql(), UserFactory(role="cro")
            offer = partial(handover.offer, lead, cro, cause=f"reply:{number}", by=SYSTEM, at=TUESDAY)
            leave = partial(ladder.take, lead, "disqualify", by=cro, at=TUESDAY, said=Said("bad_data"))
            assert together([offer, leave]) == []
            assert not Handoff.objects.filter(lead=lead, state=Handoff.State.OPEN).exists()

    def test_warned_by_four_rounds_at_once_they_are_warned_once(self) -> None:
        row = offered(mql(), UserFactory(role="rep"))
        assert together([partial(handover.revert_round, row.warn_at)] * 4) == []
        assert Alert.objects.filter(key__startswith=f"warn:{row.pk}:").count() == 1


class TestEvidence:
    def test_a_signal_noted_by_ten_at_once_is_heard_once(self) -> None:
        playbook_loaded()
        for number in range(AGAIN):
            contact = ContactFactory()
            said = Heard("E5", TUESDAY, source="website", reference=str(number))
            assert together([partial(judging.hear, contact, said, by=SYSTEM, at=TUESDAY)] * 10) == []
            row = Signal.objects.get(contact=contact)
            assert AuditEntry.objects.filter(subject=f"handoff.signal:{row.pk}").count() == 1


class TestClassifying:
    def test_by_four_workers_each_is_classified_once(self) -> None:
        leads = [fit(lead_of()) for _lead in range(20)]
        assert together([partial(classifying.classify_round, TUESDAY)] * 4) == []
        classifying.classify_round(TUESDAY)
        assert StageMove.objects.filter(arrow="qualify").count() == len(leads)
        assert Task.objects.filter(kind=Task.Kind.DECIDE_SQL).count() == len(leads)

    def test_whatever_comes_during_a_look_is_looked_at(self) -> None:
        """The fifth gate, or the signal, is written down while a round looks at the lead."""
        for _round in range(AGAIN):
            lead = lead_of()
            judged(lead, criteria.GATES[:4])
            heard(lead)
            last = Judgement(criteria.GATES[4], holds=True, evidence=EVIDENCE)
            judge = partial(judging.judge, lead.contact, last, by=SYSTEM, at=TUESDAY)
            assert together([judge, *[partial(classifying.classify_round, TUESDAY)] * 2]) == []
            classifying.classify_round(TUESDAY)
            assert Lead.objects.get(pk=lead.pk).stage == Stage.MQL

    def test_four_enter_everybody_once(self) -> None:
        contacts = ContactFactory.create_batch(20)
        assert together([partial(classifying.entering_round, TUESDAY)] * 4) == []
        assert Lead.objects.count() == len(contacts)

    def test_a_lead_that_returns_is_asked_about_once(self) -> None:
        lead = mql()
        Task.objects.all().delete()
        Lead.objects.filter(pk=lead.pk).update(return_on=TUESDAY.date())
        assert together([partial(classifying.returning_round, TUESDAY)] * 4) == []
        assert Task.objects.filter(lead=lead).count() == 1
