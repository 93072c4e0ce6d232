"""The cast itself: what the factories hand out has passed through the real verbs."""

import pytest

from sequences.models import Enrollment, RecipientList, SequenceVersion, Signature, TemplateVersion
from tests.cast import TUESDAY
from tests.factories import ContactFactory, UserFactory, approved_sequence, running_list, signed_text

pytestmark = pytest.mark.django_db


def test_a_role_brings_its_permissions() -> None:
    assert UserFactory(role="cmo").has_perm("sequences.approve_messaging")


def test_staff_without_a_role_may_nothing() -> None:
    assert not UserFactory().get_all_permissions()


def test_a_signed_text_has_three_signatures_of_three_people() -> None:
    version = signed_text(TUESDAY)
    assert version.state == TemplateVersion.State.LOADED
    assert Signature.objects.values("signer").distinct().count() == 3


def test_an_approved_sequence_has_its_steps() -> None:
    version = approved_sequence(TUESDAY, steps=2)
    assert version.state == SequenceVersion.State.APPROVED
    assert version.steps.count() == 2


def test_a_running_list_has_enrolled_its_people() -> None:
    row = running_list(TUESDAY, ContactFactory.create_batch(2), approved_sequence(TUESDAY, steps=1))
    assert row.state == RecipientList.State.RUNNING
    assert Enrollment.objects.count() == 2
