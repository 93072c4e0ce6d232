"""Sequences in the admin: steps put together while a draft, frozen from submission."""

import pytest
from django.test import Client

from compliance.models import AuditEntry
from sequences import approval
from sequences.models import Sequence, SequenceVersion, TemplateVersion
from tests.cast import TUESDAY
from tests.desk import open_row, page, save_row, sign_in, take
from tests.factories import SequenceVersionFactory, approved_sequence, drafted_sequence, signed_text

pytestmark = pytest.mark.django_db


def steps(*rows: tuple[str, TemplateVersion, int]) -> dict[str, str]:
    """The form of the steps: (place, text, days to wait)."""
    form = {"steps-TOTAL_FORMS": str(len(rows)), "steps-INITIAL_FORMS": "0"}
    for number, (place, text, wait) in enumerate(rows):
        form |= {
            f"steps-{number}-position": place,
            f"steps-{number}-template_version": str(text.pk),
            f"steps-{number}-wait_days": str(wait),
            f"steps-{number}-wait_kind": "calendar",
        }
    return form


def test_steps_without_a_number_come_in_order(client: Client) -> None:
    one, two = signed_text(TUESDAY), signed_text(TUESDAY)
    sequence = Sequence.objects.create(slug="nurture", name="Nurture", type="nurture")
    person = sign_in(client, "sales_ops")
    client.post(page(SequenceVersion, "add"), {"sequence": sequence.pk, **steps(("", one, 0), ("", two, 14))})
    version = SequenceVersion.objects.get()
    assert list(version.steps.order_by("position").values_list("position", "template_version")) == [
        (1, one.pk),
        (2, two.pk),
    ]
    assert (version.author, version.number) == (person, 1)


def test_who_edits_the_steps_is_an_author_too(client: Client) -> None:
    version = drafted_sequence(TUESDAY, steps=1)
    person = sign_in(client, "sales_ops")
    save_row(client, version, **steps(("2", signed_text(TUESDAY), 14)))
    assert version.steps.count() == 2
    assert approval.wrote(version, person)


def test_steps_are_frozen_from_submission(client: Client) -> None:
    version = approved_sequence(TUESDAY, steps=1)
    sign_in(client, "root")
    assert save_row(client, version, **steps(("2", signed_text(TUESDAY), 14))).status_code == 403
    assert version.steps.count() == 1


def test_the_plan_says_what_is_sent_when(client: Client) -> None:
    version = drafted_sequence(TUESDAY, steps=2)
    sign_in(client, "cro")
    shown = open_row(client, version)
    assert "after 14 calendar days" in shown
    assert "at most 6 messages, each at least 14 days" in shown


def test_the_next_version_gets_the_next_number(client: Client) -> None:
    first = SequenceVersionFactory()
    sign_in(client, "sales_ops")
    client.post(page(SequenceVersion, "add"), {"sequence": first.sequence_id, **steps()})
    assert set(SequenceVersion.objects.values_list("number", flat=True)) == {1, 2}


def test_a_draft_may_be_deleted_with_its_steps(client: Client) -> None:
    version = drafted_sequence(TUESDAY, steps=1)
    sign_in(client, "sales_ops")
    client.post(f"/admin/sequences/sequenceversion/{version.pk}/delete/", {"post": "yes"})
    assert not SequenceVersion.objects.exists()
    assert AuditEntry.objects.filter(verb="sequences.sequenceversion.deleted").exists()


def test_a_signed_sequence_stays(client: Client) -> None:
    version = approved_sequence(TUESDAY, steps=1)
    sign_in(client, "root")
    assert client.post(f"/admin/sequences/sequenceversion/{version.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_sequence_that_breaks_its_policy_says_how_before_the_click(client: Client) -> None:
    version = drafted_sequence(TUESDAY, steps=2)
    version.steps.filter(position=2).update(wait_days=3)
    sign_in(client, "sales_ops")
    assert "waits 3 days; at least 14 are required." in open_row(client, version)
    assert take(client, version, "submit").status_code == 409
