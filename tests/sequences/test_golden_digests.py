"""What a digest is made from, and how, never changes: another form gets another number (LAW APR-01).

Signatures that stand were given over these digests. Whoever changes one of them ends all of them; so a form that
signatures were given in stays here, with what it comes to.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from sequences import wording
from sequences.models import Mailbox, Sequence, SequenceVersion, Step, Template, TemplateVersion
from tests.cast import TUESDAY, WORDING
from tests.factories import UserFactory

GOLDEN: dict[str, Any] = json.loads(Path(__file__).with_name("golden").joinpath("digests.json").read_text("utf-8"))
LEAVES = GOLDEN["leaves"]
WAITS: list[dict[str, Any]] = [{}, {"wait_days": 14}, {"wait_days": 10, "wait_kind": "business"}]


def a_text(**said: str) -> TemplateVersion:
    return TemplateVersion(**{"template_id": 7, "number": 2, "language": "en", **WORDING, **said})


def test_a_text() -> None:
    assert wording.digest_of(a_text()) == GOLDEN["text"]


@pytest.mark.everywhere
@pytest.mark.django_db
def test_a_sequence() -> None:
    author = UserFactory()
    template = Template.objects.create(pk=7, slug="a", name="A", sequence_type="nurture")
    text = a_text(template=template, author=author, created_at=TUESDAY)  # type: ignore[arg-type]
    text.save()
    named = Sequence.objects.create(pk=9, slug="b", name="B", type="nurture")
    version = SequenceVersion.objects.create(sequence=named, number=3, author=author, created_at=TUESDAY)
    for position, wait in enumerate(WAITS, start=1):
        Step.objects.create(version=version, position=position, template_version=text, **wait)
    assert wording.sequence_digest(version) == GOLDEN["sequence"]


@pytest.mark.parametrize("form", LEAVES)
def test_a_row_in_every_form(form: str) -> None:
    of = LEAVES[form]["of"]
    assert wording.leaf_of(**{**of, "house": wording.House(of["house"])}) == LEAVES[form]["digest"]


def test_a_list() -> None:
    told = GOLDEN["list"]
    assert wording.list_digest(told["sequence"], [tuple(row) for row in told["rows"]]) == told["digest"]


def test_a_sender() -> None:
    told = GOLDEN["sender"]
    assert wording.sender_digest(Mailbox(address=told["address"], name=told["name"])) == told["digest"]
