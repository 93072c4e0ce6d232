"""What the desk forgets of somebody who was erased, and what it keeps."""

import pytest

from compliance.acts import Consent
from handoff import erasure, handover
from handoff.models import Alert, Finding, Handoff, Lead, Signal, Stage, StageMove
from sequences import erasing
from tests.cast import TUESDAY
from tests.factories import UserFactory
from tests.handoff.climbing import at_stage, heard, offered

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead() -> Lead:
    row = at_stage(Stage.ASSESSMENT_QUALIFIED)
    heard(row, reference="again")
    offered(row, UserFactory(role="cro"))
    consent = Consent("Asked for it.")
    # As from their page, where the floor below knows nothing of the desk.
    erasing.erase(row.contact, by=UserFactory(role="legal"), at=TUESDAY, consent=consent)
    return row


def test_words_about_them_are_gone(lead: Lead) -> None:
    assert erasure.erase_round(TUESDAY) == {"erased": 1}
    assert set(Signal.objects.values_list("note", flat=True)) == {""}
    assert set(Finding.objects.filter(contact=lead.contact).values_list("evidence", flat=True)) <= {"erased"}
    assert Alert.objects.get().text == ""
    assert Handoff.objects.get().payload == {"form": 1}
    assert not any(row.details() for row in StageMove.objects.all())


def test_the_arrows_they_took_stay(lead: Lead) -> None:
    erasure.erase_round(TUESDAY)
    assert StageMove.objects.filter(lead=lead).count() == 4
    assert Lead.objects.get(pk=lead.pk).stage == Stage.ASSESSMENT_QUALIFIED


def test_it_is_done_once(lead: Lead) -> None:
    assert [erasure.erase_round(TUESDAY)["erased"] for _turn in range(2)] == [1, 0]


def test_nobody_else_is_forgotten() -> None:
    row = at_stage(Stage.MQL)
    handover.offer(row, UserFactory(role="cro"), cause="test", by=UserFactory(role="cro"), at=TUESDAY)
    assert erasure.erase_round(TUESDAY) == {"erased": 0}
    assert Alert.objects.get().text
