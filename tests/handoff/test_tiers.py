"""How hot a lead is: the whole table, the playbook's own words, three downloads."""

from datetime import timedelta
from typing import Any

import pytest

from handoff import tiers
from handoff.criteria import ICP, Limits
from handoff.gates import Facts, Heard, Judged
from handoff.models import Intent, Tier
from tests.cast import TUESDAY

DAY = timedelta(days=1)
HIGH, MEDIUM, LOW = Intent.HIGH, Intent.MEDIUM, Intent.LOW


def facts(fits: str = "", *signals: Heard, until: timedelta = DAY, holds: bool = True) -> Facts:
    found = {ICP: Judged(1, ICP, holds, (TUESDAY + until).date(), fits)} if fits else {}
    return Facts((), (), Limits(), found, signals)


def heard(intent: Intent, *, age: timedelta = DAY, kind: str = "E3", discounted: str = "") -> Heard:
    return Heard(1, kind, intent, TUESDAY - age, discounted)


@pytest.mark.parametrize(
    ("fits", "intent", "tier"),
    [
        *(("1", HIGH, "A"), ("1", MEDIUM, "B"), ("1", LOW, "C")),
        *(("2", HIGH, "B"), ("2", MEDIUM, "B"), ("2", LOW, "C")),
        *(("3", HIGH, "C"), ("3", MEDIUM, "C"), ("3", LOW, "C")),
        *(("", HIGH, "C"), ("4", HIGH, "C"), ("one", HIGH, "C")),
    ],
)
def test_the_table(fits: str, intent: Intent, tier: str) -> None:
    assert tiers.tier_of(facts(fits, heard(intent)), TUESDAY) == tier


def test_whoever_gave_no_signal_is_lukewarm_at_best() -> None:
    assert tiers.tier_of(facts("1"), TUESDAY) == Tier.C


@pytest.mark.parametrize("gone", [{"until": -DAY}, {"holds": False}], ids=["lapsed", "denied"])
def test_a_tier_that_does_not_hold_fits_least(gone: Any) -> None:
    assert tiers.tier_of(facts("1", heard(HIGH), **gone), TUESDAY) == Tier.C


def test_the_playbook_may_say_otherwise_pair_by_pair() -> None:
    stated = {"2": {"high": "A"}}
    found = [tiers.tier_of(facts("2", heard(intent)), TUESDAY, stated) for intent in (HIGH, MEDIUM)]
    assert found == ["A", "B"]


class TestIntent:
    def test_the_strongest_signal_counts(self) -> None:
        assert tiers.intent_of(facts("1", heard(LOW), heard(HIGH), heard(MEDIUM)), TUESDAY) == HIGH

    @pytest.mark.parametrize(
        "signal", [heard(HIGH, age=91 * DAY), heard(HIGH, discounted="free_mail"), heard(HIGH, age=-DAY)]
    )
    def test_what_does_not_count_says_nothing(self, signal: Heard) -> None:
        assert tiers.intent_of(facts("1", signal), TUESDAY) == LOW

    @pytest.mark.parametrize(
        ("ages", "intent"),
        [([1, 2, 29], HIGH), ([1, 2], MEDIUM), ([1, 2, 30], MEDIUM)],
        ids=["three within 30 days", "two", "the third too long ago"],
    )
    def test_three_downloads_within_30_days_are_high(self, ages: list[int], intent: Intent) -> None:
        downloads = [heard(MEDIUM, age=age * DAY, kind="E5") for age in ages]
        assert tiers.intent_of(facts("1", *downloads), TUESDAY) == intent

    def test_downloads_of_a_free_mail_address_do_not_add_up(self) -> None:
        downloads = [heard(MEDIUM, kind="E5", discounted="free_mail") for _number in range(3)]
        assert tiers.intent_of(facts("1", *downloads), TUESDAY) == LOW
