"""What a text must say before anybody is asked to sign it (spec T4: C5 and C7)."""

import pytest

from sequences.content import findings
from tests.cast import PLAYBOOK, WORDING
from tests.factories import TemplateVersionFactory, playbook_loaded

pytestmark = pytest.mark.django_db

LINK = "[Unsubscribe]({{ unsubscribe_url }})"
ADDRESS = "{{ postal_address }}"


def codes(**wording: str) -> list[tuple[str, str]]:
    """(rule, part) of every finding."""
    playbook_loaded()
    return [(found.code, found.where) for found in findings(TemplateVersionFactory(**wording))]


def test_a_text_that_says_everything_has_no_findings() -> None:
    assert codes() == []


@pytest.mark.parametrize(
    "said", ["", "{{ unsubscribe_url }}", f"`{LINK}`", "[Unsubscribe](https://ours.example.com/u)"]
)
def test_an_opt_out_is_a_link_with_visible_text(said: str) -> None:
    assert codes(body=f"Hello. {ADDRESS}. {said}") == [("C5", "body")]


@pytest.mark.parametrize(
    "condition", ["if contact.title", "unless contact.title", 'if contact.country == "DE"'], ids=["if", "unless", "in"]
)
def test_an_opt_out_is_there_for_everybody(condition: str) -> None:
    only_some = f"{{% {condition} %}}{LINK}{{% end{condition.split()[0]} %}}"
    assert codes(body=f"Hello. {ADDRESS}.\n\n{only_some}") == [("C5", "body")]


@pytest.mark.parametrize("said", [LINK, "[No more of this]( {{unsubscribe_url}} )"])
def test_it_may_be_worded_freely(said: str) -> None:
    assert codes(body=f"Hello. {ADDRESS}. {said}") == []


def test_the_postal_address_must_be_there() -> None:
    assert codes(body=f"Hello. {LINK}") == [("C5", "body")]


def test_it_may_be_written_out_over_two_lines() -> None:
    stated = PLAYBOOK["sender"]["postal_address"].replace(", Portland", ",\nPortland")
    assert codes(body=f"Hello. {LINK}\n\n{stated}") == []


def test_it_is_there_for_everybody() -> None:
    only_some = "{% if contact.title %}" + ADDRESS + "{% endif %}"
    assert codes(body=f"Hello. {LINK}\n\n{only_some}") == [("C5", "body")]


def test_another_address_than_ours_does_not_do() -> None:
    assert codes(body=f"Hello. {LINK}\n\n1 Other Road, Nowhere") == [("C5", "body")]


def test_without_an_address_in_the_playbook_only_the_variable_does() -> None:
    playbook_loaded(sender={"legal_name": "Northwind Advisory LLC"})
    assert [found.code for found in findings(TemplateVersionFactory(body=f"Hello. {LINK}"))] == ["C5"]


@pytest.mark.parametrize(
    "subject", ["Re: our talk", "RE : our talk", "Fwd: news", "AW: Frage", "Odp: pytanie", "回复：x"]
)
def test_a_subject_does_not_pretend_to_answer(subject: str) -> None:
    assert codes(subject=subject) == [("C7", "subject")]


@pytest.mark.parametrize("subject", ["Regarding pumps", "Rework: a plan", WORDING["subject"]])
def test_an_honest_subject_passes(subject: str) -> None:
    assert codes(subject=subject) == []


def test_every_finding_is_told_at_once() -> None:
    assert codes(subject="Re: us", body="Hello.") == [("C5", "body"), ("C5", "body"), ("C7", "subject")]
