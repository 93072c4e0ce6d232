"""Every contact gets a place on the ladder; what needs no judgement is decided, the rest is asked, once."""

from datetime import timedelta

import pytest

from compliance.principals import SYSTEM
from handoff import classifying, criteria, judging, ladder
from handoff.judging import Heard
from handoff.ladder import Said
from handoff.models import Lead, Stage, StageMove, Task
from sequences.models import Contact
from tests.cast import TUESDAY
from tests.factories import ContactFactory, UserFactory, playbook_loaded
from tests.handoff.climbing import at_stage, fit, heard, judged, lead_of, mql

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def stage_of(lead: Lead) -> str:
    return str(Lead.objects.get(pk=lead.pk).stage)


def round_at(day: int = 0) -> dict[str, int]:
    return classifying.classify_round(TUESDAY + day * DAY)


class TestEntering:
    def test_everybody_becomes_a_prospect_once(self) -> None:
        ContactFactory.create_batch(3)
        entered = [classifying.entering_round(TUESDAY)["entered"] for _round in range(2)]
        assert (entered, {lead.stage for lead in Lead.objects.all()}) == ([3, 0], {Stage.PROSPECT})

    @pytest.mark.parametrize("gone", ["merged", "erased"])
    def test_who_is_somebody_else_or_erased_does_not(self, gone: str) -> None:
        contact, other = ContactFactory(), ContactFactory()
        columns = {"merged_into": other} if gone == "merged" else {"erased_at": TUESDAY}
        Contact.objects.filter(pk=contact.pk).update(**columns)
        classifying.entering_round(TUESDAY)
        assert [lead.contact for lead in Lead.objects.all()] == [other]

    def test_nobody_is_classified_by_being_loaded(self) -> None:
        lead_of()
        assert round_at() == {"classified": 0, "asked": 0}


class TestWhatNeedsNoJudgement:
    def test_five_gates_and_a_signal_make_an_mql(self) -> None:
        lead = fit(lead_of())
        assert (round_at(), stage_of(lead)) == ({"classified": 1, "asked": 0}, Stage.MQL)

    def test_it_is_the_system_that_says_so_by_a_playbook(self) -> None:
        lead = fit(lead_of())
        round_at()
        row = StageMove.objects.get(lead=lead)
        assert (row.by, row.notes) == ("system", "playbook 1")

    def test_a_gate_that_fails_leaves_a_prospect_and_asks_nobody(self) -> None:
        lead = fit(lead_of())
        judged(lead, ["G3"], holds=False)
        assert (round_at(), stage_of(lead), Task.objects.count()) == (
            {"classified": 0, "asked": 0},
            Stage.PROSPECT,
            0,
        )

    def test_each_is_looked_at_once(self) -> None:
        heard(lead_of())
        assert [round_at(day)["asked"] for day in range(2)] == [1, 0]

    def test_the_gate_that_was_missing_has_them_looked_at_again(self) -> None:
        lead = lead_of()
        judged(lead, criteria.GATES[:4])
        heard(lead)
        round_at()
        judged(lead, criteria.GATES[4:])
        assert (round_at()["classified"], stage_of(lead)) == (1, Stage.MQL)

    def test_a_signal_of_a_merged_contact_counts(self) -> None:
        lead, other = lead_of(), ContactFactory()
        judged(lead, criteria.GATES)
        judging.hear(other, Heard("E5", TUESDAY, "website", "1"), by=SYSTEM, at=TUESDAY)
        Contact.objects.filter(pk=other.pk).update(merged_into=lead.contact)
        assert round_at()["classified"] == 1

    def test_a_signal_whose_clock_is_ahead_counts_at_once(self) -> None:
        lead = lead_of()
        judged(lead, criteria.GATES)
        ahead = Heard("E5", TUESDAY + timedelta(minutes=3), "website", "1")
        judging.hear(lead.contact, ahead, by=SYSTEM, at=TUESDAY)
        assert round_at()["classified"] == 1


class TestWhatIsAsked:
    def test_sales_ops_is_asked_within_a_business_day(self) -> None:
        heard(lead_of(), "E1")
        round_at()
        task = Task.objects.get()
        assert (task.kind, task.role, task.due_at) == (
            Task.Kind.CLASSIFY,
            "sales_ops",
            TUESDAY.replace(day=18, hour=17),
        )

    def test_of_a_high_intent_signal_by_the_clock_of_the_tier(self) -> None:
        lead = lead_of()
        judged(lead, ["ICP"], value="1")
        heard(lead, "E7")
        round_at()
        assert Task.objects.get().due_at == TUESDAY + timedelta(minutes=5)

    def test_a_further_signal_asks_again(self) -> None:
        lead = lead_of()
        heard(lead)
        round_at()
        heard(lead)
        assert round_at()["asked"] == 1

    def test_a_signal_that_does_not_count_asks_nobody(self) -> None:
        lead = lead_of(ContactFactory(address="ada@gmail.com"))
        heard(lead)
        assert (round_at()["asked"], Task.objects.count()) == (0, 0)

    def test_what_was_asked_is_done_when_somebody_classifies(self) -> None:
        lead = lead_of()
        heard(lead)
        round_at()
        judged(lead, criteria.GATES)
        ladder.take(lead, "qualify", by=UserFactory(role="sales_ops"), at=TUESDAY)
        assert Task.objects.get(kind=Task.Kind.CLASSIFY).state == Task.State.DONE


class TestComingBack:
    def test_an_archived_lead_that_does_something_comes_back_and_is_classified(self) -> None:
        lead = at_stage(Stage.ARCHIVED)
        heard(lead, at=TUESDAY + DAY)
        stages = []
        for _round in range(2):
            round_at(1)
            stages.append(stage_of(lead))
        assert stages == [Stage.PROSPECT, Stage.MQL]

    def test_one_that_only_did_something_before_stays(self) -> None:
        lead = at_stage(Stage.ARCHIVED)
        round_at(1)
        assert stage_of(lead) == Stage.ARCHIVED

    def test_whoever_is_brought_back_by_hand_is_looked_at(self) -> None:
        lead = at_stage(Stage.ARCHIVED)
        heard(lead, at=TUESDAY + DAY)
        ladder.take(lead, "revive", by=UserFactory(role="sales_ops"), at=TUESDAY + DAY)
        assert round_at(1)["classified"] == 1

    def resting(self) -> Lead:
        lead = at_stage(Stage.SQL)
        rests = {"return_on": (TUESDAY + 90 * DAY).date()}
        by = UserFactory(role="cro")
        return ladder.take(lead, "recycle", by=by, at=TUESDAY + DAY, said=Said("timing"), set=rests)

    @pytest.mark.parametrize(("day", "returned"), [(89, 0), (90, 1)])
    def test_a_recycled_lead_returns_on_its_day(self, day: int, returned: int) -> None:
        self.resting()
        assert classifying.returning_round(TUESDAY + day * DAY) == {"returned": returned}

    def test_the_cro_is_asked_then_and_once(self) -> None:
        lead = self.resting()
        for _round in range(2):
            classifying.returning_round(TUESDAY + 90 * DAY)
        assert Task.objects.filter(lead=lead, kind=Task.Kind.DECIDE_SQL, state=Task.State.OPEN).count() == 1

    def test_one_that_was_disqualified_meanwhile_does_not(self) -> None:
        lead = self.resting()
        by = UserFactory(role="cro")
        ladder.take(lead, "disqualify", by=by, at=TUESDAY + 2 * DAY, said=Said("bad_data"))
        assert classifying.returning_round(TUESDAY + 90 * DAY) == {"returned": 0}


def test_an_mql_is_not_looked_at_again() -> None:
    playbook_loaded()
    lead = mql()
    heard(lead)
    assert (round_at(), stage_of(lead)) == ({"classified": 0, "asked": 0}, Stage.MQL)
