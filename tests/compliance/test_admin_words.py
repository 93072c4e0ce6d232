"""Every code a rule can say, and every rule of the chain, has words."""

import ast
from pathlib import Path

import pytest
from django.conf import settings

from compliance import admin_words as words
from compliance.admin_words import say, say_rule, say_state, say_subject, say_verb, verdict_rows
from compliance.caps import DEFAULTS
from tests.factories import UserFactory
from tests.house.sources import ROOT

RULES = ("compliance/rules.py", "compliance/rules_caps.py", "compliance/clearance.py", "sequences/rules.py")


def _codes(path: str) -> set[str]:
    tree = ast.parse(Path(ROOT / path).read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    said = [call.args[0] for call in calls if getattr(call.func, "id", "") in {"refuse", "defer", "Signed"}]
    return {code.value for code in said if isinstance(code, ast.Constant) and isinstance(code.value, str)}


@pytest.mark.parametrize("path", RULES)
def test_every_code_of_a_rule_has_words(path: str) -> None:
    assert _codes(path) - set(words.codes()) == set()


@pytest.mark.parametrize("cap", DEFAULTS)
def test_every_cap_has_words(cap: str) -> None:
    assert f"{cap}_cap" in words.codes()


def test_every_rule_of_the_chain_has_words() -> None:
    named = [path.rpartition(".")[2] for path in settings.CLEARANCE_RULES]
    assert [name for name in named if say_rule(name) == words.spelled(name)] == []


def test_an_unknown_code_is_shown_as_it_is_without_underscores() -> None:
    assert say("quite_new") == "Quite new"


def test_no_code_gives_no_words() -> None:
    assert say("") == ""


def test_an_arrow_is_said_by_its_label() -> None:
    assert say_verb("sequences.templateversion.submit") == "Submit for signatures"


def test_an_arrow_of_the_system_has_words_too() -> None:
    assert say_verb("sequences.outboundmessage.doubt") == "In doubt: no answer from the server"


@pytest.mark.parametrize("verb", ["nonsense", "no.such.thing", ""])
def test_an_unknown_verb_does_not_break_a_page(verb: str) -> None:
    assert isinstance(say_verb(verb), str)


def test_a_state_is_said_by_its_model() -> None:
    assert say_state("sequences.templateversion:3", "submitted") == "waits for the CMO"


def test_a_subject_is_said_by_its_name() -> None:
    assert say_subject("sequences.contact:12") == "Contact 12"


def test_a_subject_of_a_model_that_is_gone_is_shown_as_it_was_written() -> None:
    assert say_subject("gone.thing:12") == "gone.thing:12"


def test_a_long_digest_is_shortened_in_a_verdict() -> None:
    (row,) = verdict_rows([{"rule": "RowIsSigned", "outcome": "permit", "why": {"leaf": "ab" * 32}}])
    assert row["looked_at"] == [("leaf", "abababababab…")]


@pytest.mark.django_db
def test_actors_are_named_and_strangers_keep_their_key() -> None:
    user = UserFactory(first_name="Maren", last_name="Lindahl")
    named = words.name_actors([f"user:{user.pk}", "system", "user:0", "user:²"])
    assert list(named.values()) == ["Maren Lindahl", "Handoff itself", "user:0", "user:²"]
