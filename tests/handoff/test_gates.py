"""What a lead lacks to be an MQL or an SQL: everything, by code; days at their edges."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from compliance.refusals import Refusal
from handoff import criteria, gates
from handoff.criteria import Criterion, Limits
from handoff.gates import Facts, Heard, Judged
from handoff.models import Intent
from tests.cast import TUESDAY

DAY = timedelta(days=1)
TODAY = TUESDAY.date()
GATES = tuple(Criterion(key, f"gate {key}") for key in criteria.GATES)
INDICATORS = tuple(Criterion(key, f"indicator {key}") for key in criteria.INDICATORS)


def judged(*keys: str, holds: bool = True, until: date = TODAY) -> dict[str, Judged]:
    return {key: Judged(number, key, holds, until) for number, key in enumerate(keys, 1)}


def heard(*ages: timedelta, discounted: str = "") -> list[Heard]:
    return [Heard(number, "E5", Intent.MEDIUM, TUESDAY - age, discounted) for number, age in enumerate(ages, 1)]


def facts(findings: dict[str, Judged] | None = None, signals: Iterable[Heard] = ()) -> Facts:
    return Facts(GATES, INDICATORS, Limits(), findings or {}, list(signals))


def codes(refusals: Iterable[Refusal]) -> list[str]:
    return [refusal.code for refusal in refusals]


def lacking(*, gates_of: Any = None, signals: Any = None) -> list[str]:
    """What an MQL lacks of whom all is known but what is given."""
    found = {**judged(*criteria.GATES), **(gates_of or {})}
    return codes(gates.missing_for_mql(facts(found, heard(DAY) if signals is None else signals), TUESDAY))


class TestMql:
    def test_five_gates_and_a_signal_are_enough(self) -> None:
        assert lacking() == []

    def test_of_whom_nothing_is_known_everything_is_missing(self) -> None:
        assert codes(gates.missing_for_mql(facts(), TUESDAY)) == ["gate_unknown"] * 5 + ["no_signal"]

    @pytest.mark.parametrize("key", criteria.GATES)
    def test_each_gate_is_needed_and_named(self, key: str) -> None:
        found = judged(*(one for one in criteria.GATES if one != key))
        (refusal,) = gates.missing_for_mql(facts(found, heard(DAY)), TUESDAY)
        assert (refusal.code, refusal.where) == ("gate_unknown", f"{key} gate {key}")

    def test_one_that_does_not_pass_is_told_from_one_that_nobody_judged(self) -> None:
        assert lacking(gates_of=judged("G2", holds=False)) == ["gate_failed"]

    @pytest.mark.parametrize(("until", "found"), [(TODAY, []), (TODAY - DAY, ["gate_lapsed"])])
    def test_a_finding_holds_up_to_its_last_day(self, until: date, found: list[str]) -> None:
        assert lacking(gates_of=judged("G4", until=until)) == found

    def test_a_no_that_has_ended_is_no_no(self) -> None:
        assert lacking(gates_of=judged("G4", holds=False, until=TODAY - DAY)) == ["gate_lapsed"]

    @pytest.mark.parametrize(
        ("age", "found"),
        [
            (timedelta(), []),
            (90 * DAY, []),
            (90 * DAY + timedelta(seconds=1), ["signal_lapsed"]),
            (-timedelta(seconds=1), ["no_signal"]),
        ],
        ids=["now", "90 days ago", "a second longer ago", "in a second"],
    )
    def test_a_signal_counts_for_90_days(self, age: timedelta, found: list[str]) -> None:
        assert lacking(signals=heard(age)) == found

    def test_one_that_has_lapsed_is_named_by_its_day(self) -> None:
        (refusal,) = gates.missing_for_mql(facts(judged(*criteria.GATES), heard(100 * DAY, 200 * DAY)), TUESDAY)
        assert (TUESDAY - 100 * DAY).date().isoformat() in str(refusal)

    def test_one_of_a_free_mail_address_makes_nobody_an_mql(self) -> None:
        assert lacking(signals=heard(DAY, discounted="free_mail")) == ["signal_discounted"]

    def test_one_that_counts_beside_it_does(self) -> None:
        assert lacking(signals=[*heard(DAY, discounted="free_mail"), *heard(2 * DAY)]) == []

    def test_the_days_are_the_playbooks(self) -> None:
        asked = Facts(GATES, INDICATORS, Limits(signal_days=30), judged(*criteria.GATES), heard(31 * DAY))
        assert codes(gates.missing_for_mql(asked, TUESDAY)) == ["signal_lapsed"]


class TestSql:
    @pytest.mark.parametrize("count", range(6))
    def test_three_indicators_of_five_are_needed(self, count: int) -> None:
        known = judged(*criteria.GATES, *criteria.INDICATORS[:count])
        found = codes(gates.missing_for_sql(facts(known, heard(DAY)), TUESDAY))
        assert found == ([] if count >= 3 else ["indicators_missing"])

    def test_those_that_are_not_there_are_named(self) -> None:
        known = judged(*criteria.GATES, "S1", "S3")
        (refusal,) = gates.missing_for_sql(facts(known, heard(DAY)), TUESDAY)
        assert str(refusal) == (
            "2 of 3 indicators are there; not, or no longer: S2 indicator S2, S4 indicator S4, S5 indicator S5."
        )

    def test_one_that_has_ended_is_not_there(self) -> None:
        known = judged(*criteria.GATES, "S1", "S2") | judged("S3", until=TODAY - DAY)
        assert codes(gates.missing_for_sql(facts(known, heard(DAY)), TUESDAY)) == ["indicators_missing"]

    def test_whatever_an_mql_lacks_an_sql_lacks(self) -> None:
        nothing = facts()
        wanted = codes(gates.missing_for_mql(nothing, TUESDAY))
        assert codes(gates.missing_for_sql(nothing, TUESDAY)) == [*wanted, "indicators_missing"]


class TestStale:
    @pytest.mark.parametrize(
        ("ages", "stale"),
        [
            ([], True),
            ([60 * DAY], False),
            ([60 * DAY + timedelta(seconds=1)], True),
            ([70 * DAY, DAY], False),
        ],
        ids=["never heard of", "60 days", "a second more", "the last one counts"],
    )
    def test_a_lead_is_stale_60_days_after_its_last_signal(self, ages: list[timedelta], stale: bool) -> None:
        assert gates.is_stale(facts(signals=heard(*ages)), TUESDAY) is stale

    def test_signals_that_do_not_count_keep_nobody_fresh(self) -> None:
        assert gates.is_stale(facts(signals=heard(DAY, discounted="role_address")), TUESDAY)


class TestWhatIsJudged:
    def test_all_gates_are_when_each_has_a_finding_for_or_against(self) -> None:
        known = judged(*criteria.GATES) | judged("G1", holds=False)
        assert facts(known).all_gates_are_judged(TUESDAY)

    @pytest.mark.parametrize("known", [{}, judged(*criteria.GATES[:4]), judged(*criteria.GATES, until=TODAY - DAY)])
    def test_else_they_are_not(self, known: dict[str, Judged]) -> None:
        assert not facts(known).all_gates_are_judged(TUESDAY)

    def test_what_stands_is_what_holds_now(self) -> None:
        known = judged("G1") | judged("G2", holds=False) | judged("G3", until=TODAY - DAY)
        assert [finding.criterion for finding in facts(known).valid(GATES, TUESDAY)] == ["G1"]

    def test_the_edge_of_a_day_is_that_of_utc(self) -> None:
        last_second = datetime.combine(TODAY, datetime.max.time(), TUESDAY.tzinfo)
        assert facts(judged("G1")).valid(GATES, last_second)
        assert not facts(judged("G1")).valid(GATES, last_second + timedelta(seconds=1))
