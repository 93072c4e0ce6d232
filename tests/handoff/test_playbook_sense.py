"""A playbook of the right form that contradicts itself, or the house, is refused by place."""

from typing import Any

import pytest

from handoff.playbook_sense import FAULTS_TOLD, faults
from tests.handoff.playbooks import changed, document

RECYCLED = {"too_small": 90, "no_budget_authority": 90}
REJECTED = [*document()["reasons"]["rejected"], "timing"]


def told(said: Any) -> list[str]:
    return [str(fault) for fault in faults(said)]


def test_the_example_makes_sense() -> None:
    assert told(document()) == []


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        ("caps.person", {"limit": 9, "hours": 1}, "caps.person: looser than"),
        ("caps.person", {"limit": 0, "hours": 1}, "caps.person: limit and hours must be positive"),
        ("caps", 3, "caps: needs a table for each cap"),
        ("approvals.valid_days", 31, "approvals.valid_days: longer than 30"),
        ("reasons.disqualified", ["bad_data"], "reasons.disqualified: “out_of_icp” is missing"),
        ("reasons.lost", ["price", "price"], "reasons.lost: says the same twice"),
        ("reasons.lost", ["other"], "reasons.lost: there is no “other”"),
        ("rejections.whim", "nurture", "rejections.whim: is no reason to reject a lead"),
        ("reasons.recycled", RECYCLED, "rejections.timing: comes back after how many days?"),
        ("rejections.bad_data", "recycle", "rejections.bad_data: comes back after how many days?"),
        ("tiers.1.high", "B", "tiers.1.high: is always A"),
        ("tiers.3.low", "A", "tiers.3.low: is always C"),
        ("sequences.nurture.touches", 7, "sequences.nurture.touches: must be 1 to 6"),
        ("sequences.nurture.touches", 0, "sequences.nurture.touches: must be 1 to 6"),
        ("sequences.activation.days", 6, "sequences.activation.days: must be 7 or more"),
        ("sequences.post_briefing.touches", 1, "sequences.post_briefing.touches: must be 0"),
        ("stages.sal.shown_by.exit", ["reason: whims"], "stages.sal.shown_by.exit: there is no reason “whims”"),
        ("stages.sal.shown_by.exit", ["clock: noon"], "stages.sal.shown_by.exit: there is no clock “noon”"),
        ("mql.stale_days", 91, "mql.stale_days: must not be more than mql.signal_days"),
        ("replies.ooo_default_days", 46, "replies.ooo_default_days: must not be more than"),
        ("routing.rules", [{"when": "country", "to": "Tom"}], "routing.rules[1]: “country” and “industry” say"),
        ("routing.rules", [{"when": "open_handoff", "to": "its owner"}], "routing.rules[1]: the last rule"),
    ],
)
def test_what_contradicts_is_named_by_its_place(place: str, value: Any, says: str) -> None:
    assert says in told(changed(place, value))[0]


@pytest.mark.parametrize("reason", REJECTED)
def test_every_reason_to_reject_leads_somewhere(reason: str) -> None:
    assert told(changed(f"rejections.{reason}")) == [
        f"rejections.{reason}: missing; each reason to reject leads somewhere"
    ]


@pytest.mark.parametrize(("place", "value"), [("tiers.2.high", "A"), ("tiers.3.high", "A"), ("tiers.1.low", "B")])
def test_the_pairs_that_are_not_fixed_are_the_organisations_own(place: str, value: str) -> None:
    assert told(changed(place, value)) == []


def test_lists_of_reasons_may_grow() -> None:
    lost = [*document()["reasons"]["lost"], "merger"]
    assert told(changed("reasons.lost", lost)) == []


def test_a_sequence_may_be_tightened() -> None:
    assert told(changed("sequences.nurture.touches", 5)) == []


def test_of_very_many_faults_the_first_hundred_are_told() -> None:
    assert len(told({f"k{number}": 1 for number in range(10_000)})) == FAULTS_TOLD
