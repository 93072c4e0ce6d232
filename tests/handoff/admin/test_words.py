"""Every code that the desk refuses with has words, and no word of a floor below is taken from it."""

import ast

import pytest

from compliance import admin_words as words
from compliance.admin_words import say, say_state, say_verb
from handoff import reasons
from handoff.models import Lead
from tests.house.sources import ROOT

FILES = ("gates", "ladder", "judging", "handover", "booking", "todo", "proposing", "eligibility")
# Said by the acts themselves, in the words of the floor below.
_BELOW = {"not_permitted", "wrong_state"}


def _codes(name: str) -> set[str]:
    tree = ast.parse((ROOT / "handoff" / f"{name}.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    said = [call.args[0] for call in calls if getattr(call.func, "id", "") in {"Refusal", "refuse", "defer"}]
    return {code.value for code in said if isinstance(code, ast.Constant) and isinstance(code.value, str)}


@pytest.mark.parametrize("name", FILES)
def test_every_refusal_has_words(name: str) -> None:
    assert _codes(name) - _BELOW - set(words.codes()) == set()


@pytest.mark.parametrize(
    "verb", ["finding.judged", "signal.heard", "handoff.offered", "task.opened", "briefing.booked"]
)
def test_every_recorded_verb_has_words(verb: str) -> None:
    assert f"handoff.{verb}" in words._VERBS


@pytest.mark.parametrize(("arrow", "label"), [("qualify", "Classify as MQL"), ("recycle", "Recycle, with a date")])
def test_an_arrow_of_the_ladder_is_said_by_its_label(arrow: str, label: str) -> None:
    assert say_verb(f"handoff.lead.{arrow}") == label


def test_a_stage_is_said_by_its_label() -> None:
    assert say_state("handoff.lead:1", "briefing_ready") == "Briefing ready"


def test_a_reason_means_of_a_lead_what_its_list_says() -> None:
    assert say("no_answer", "handoff.lead:1") == str(reasons.RECYCLED["no_answer"])


def test_below_it_means_what_it_meant() -> None:
    assert say("no_answer") == "The connection broke before the server answered"
    assert say("no_answer", "sequences.outboundmessage:1") == say("no_answer")


def test_a_lead_has_one_state_by_another_name() -> None:
    assert words._state_field(Lead).name == "stage"
