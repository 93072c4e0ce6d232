"""What the playbook asks of a lead, and what holds where it says nothing."""

import pytest

from compliance.playbook import NoPlaybook
from handoff import criteria
from handoff.criteria import Limits
from handoff.models import Intent
from tests.factories import playbook_loaded

pytestmark = pytest.mark.django_db


class TestWhatIsBuiltIn:
    @pytest.fixture(autouse=True)
    def _a_playbook(self) -> None:
        playbook_loaded()

    def test_there_are_five_gates_and_five_indicators_in_order(self) -> None:
        found = [one.key for one in (*criteria.gates(), *criteria.indicators())]
        assert found == ["G1", "G2", "G3", "G4", "G5", "S1", "S2", "S3", "S4", "S5"]

    def test_only_the_fifth_indicator_is_judged_of_the_person(self) -> None:
        assert [one.key for one in (*criteria.gates(), *criteria.indicators()) if one.of_contact] == ["S5"]

    def test_a_finding_holds_for_a_year(self) -> None:
        assert {one.valid_days for one in (*criteria.gates(), *criteria.indicators())} == {365}

    def test_there_are_seven_signals_each_with_its_intent(self) -> None:
        assert {key: kind.intent for key, kind in criteria.signal_kinds().items()} == dict(criteria.SIGNALS)

    def test_the_numbers_of_the_guards(self) -> None:
        assert criteria.limits() == Limits(signal_days=90, stale_days=60, indicators=3)

    def test_the_tier_of_a_company_is_judged_too(self) -> None:
        assert criteria.criterion("ICP").of_contact is False

    @pytest.mark.parametrize("key", ["G6", "g1", "", "E1"])
    def test_there_is_no_other_criterion(self, key: str) -> None:
        with pytest.raises(KeyError):
            criteria.criterion(key)


class TestThePlaybook:
    def test_names_and_explains_a_gate(self) -> None:
        playbook_loaded(gates={"G1": {"name": "Size", "passes_when": "50 people", "evidence": "the register"}})
        found = criteria.criterion("G1")
        assert (str(found), found.says, found.evidence) == ("G1 Size", "50 people", "the register")

    def test_says_for_how_long_a_finding_holds(self) -> None:
        playbook_loaded(indicators={"S2": {"valid_days": 30}})
        assert criteria.criterion("S2").valid_days == 30

    def test_says_of_whom_a_criterion_is_judged(self) -> None:
        playbook_loaded(indicators={"S5": {"subject": "account"}, "S1": {"subject": "contact"}})
        assert [one.key for one in criteria.indicators() if one.of_contact] == ["S1"]

    def test_says_how_much_a_signal_says(self) -> None:
        playbook_loaded(signals={"E1": {"name": "Page view", "intent": "high"}})
        found = criteria.signal_kinds()["E1"]
        assert (str(found), found.intent) == ("E1 Page view", Intent.HIGH)

    def test_sets_the_numbers_of_the_guards(self) -> None:
        playbook_loaded(mql={"signal_days": 30, "stale_days": 20}, sql={"indicators": 4})
        assert criteria.limits() == Limits(30, 20, 4)

    def test_without_one_nothing_is_asked(self) -> None:
        with pytest.raises(NoPlaybook):
            criteria.gates()
