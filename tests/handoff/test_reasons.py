"""Reasons are closed lists: a playbook makes them longer, never shorter, and nothing is called "other"."""

from datetime import timedelta

import pytest

from handoff import reasons
from tests.factories import playbook_loaded

pytestmark = pytest.mark.django_db

LISTS = ("disqualified", "rejected", "recycled", "lost", "archived")


@pytest.fixture(autouse=True)
def _a_playbook() -> None:
    playbook_loaded()


def codes(of: str) -> list[str]:
    return [code for code, _words in reasons.choices(of)]


def test_whom_we_do_not_sell_to() -> None:
    assert codes("disqualified") == [
        "out_of_icp",
        "competitor_in_seat",
        "wrong_persona",
        "no_real_intent",
        "geography_out_of_scope",
        "pricing_out_of_range",
        "bad_data",
    ]


def test_whoever_rejects_may_say_each_of_these_and_more() -> None:
    more = {"wrong_industry", "no_budget_authority", "duplicate", "bad_contact_data"}
    assert {*codes("disqualified"), *more} <= set(codes("rejected"))


@pytest.mark.parametrize("of", LISTS)
def test_there_is_no_other(of: str) -> None:
    assert not {"other", "misc", "unknown", ""} & set(codes(of))


@pytest.mark.parametrize("of", LISTS)
def test_each_is_said_in_words(of: str) -> None:
    assert all(str(words) and "_" not in str(words) for _code, words in reasons.choices(of))


def test_a_playbook_lengthens_a_list() -> None:
    playbook_loaded(reasons={"lost": ["lost_to_spreadsheet", "price"]})
    assert codes("lost") == [*reasons.LOST, "lost_to_spreadsheet"]


def test_what_it_adds_reads_like_the_rest() -> None:
    playbook_loaded(reasons={"lost": ["lost_to_spreadsheet"]})
    assert dict(reasons.choices("lost"))["lost_to_spreadsheet"] == "lost to spreadsheet"


@pytest.mark.parametrize(("reason", "days"), [("too_small", 90), ("no_answer", 60), ("budget_cycle", 120)])
def test_a_recycled_lead_rests_by_its_reason(reason: str, days: int) -> None:
    assert reasons.returns_after(reason) == timedelta(days=days)


def test_the_playbook_says_for_how_long() -> None:
    playbook_loaded(reasons={"recycled": {"too_small": 30, "between_jobs": 45}})
    rests = [reasons.returns_after(reason).days for reason in ("too_small", "between_jobs", "no_answer")]
    assert (rests, "between_jobs" in codes("recycled")) == ([30, 45, 60], True)


@pytest.mark.parametrize(("code", "words"), [("wrong_persona", "the wrong person"), ("lost_to_fax", "lost to fax")])
def test_each_is_read_out(code: str, words: str) -> None:
    assert reasons.say(code) == words
