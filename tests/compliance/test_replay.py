"""What cannot be written down again after a restore holds nobody up, and loosens nothing (LAW PIP-14)."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from compliance import addresses, arming, cards, journal, lifting, persons, suppression
from compliance.acts import Consent
from compliance.append_only import lifted
from compliance.models import AddressCard, Installation, Lift, LiftRequest, OptIn, PersonKey, Suppression
from compliance.models import SuppressionReason as Reason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from tests.cast import TUESDAY
from tests.compliance.forgetting import back_to
from tests.factories import UserFactory, armed, playbook_loaded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.everywhere]
ADA, SAME = addresses.parse("ada@pumps.example.com"), addresses.parse("ada@other.example.com")
SEEN = Consent(comment="It was looked into.")


@pytest.fixture
def restored() -> AddressCard:
    """A copy from before two people turned out to be one, and before their stop was lifted by the other's opt-in."""
    armed()
    playbook_loaded()
    legal, cro = UserFactory(role="legal"), UserFactory(role="cro")
    stop = suppression.stop_address(ADA, Stop(Reason.BY_PHONE), by=SYSTEM, at=TUESDAY)
    known = cards.find_or_make([ADA, SAME], at=TUESDAY)
    one, other = known[ADA.canonical], known[SAME.canonical]
    persons.merge(other.person_id, one.person_id, by=legal, at=TUESDAY, reason="one person")
    said = lifting.record_opt_in(SAME, OptIn.Way.FORM, "Write to me", "case 7", by=legal, at=TUESDAY)
    lifting.confirm(lifting.ask(stop, said, "They asked", by=legal, at=TUESDAY), by=cro, at=TUESDAY, consent=SEEN)
    with lifted(connection):
        Lift.objects.all().delete()
        LiftRequest.objects.all().delete()
    PersonKey.objects.update(merged_into=None)
    AddressCard.objects.filter(pk=one.pk).update(person=one.person_id)
    back_to(stop.order_no)
    return one


def test_a_lift_that_is_no_longer_true_leaves_its_stop_and_lets_the_database_be_armed(
    restored: AddressCard, caplog: pytest.LogCaptureFixture
) -> None:
    row = Installation.objects.get()
    assert arming.fault(TUESDAY) is not None
    arming.arm(row, by=UserFactory(role="legal"), at=TUESDAY, consent=SEEN)
    assert Installation.objects.get().state == Installation.State.ARMED
    assert restored.pk in suppression.stopped_cards([restored.pk])
    assert "could not be written again" in caplog.text


def test_looking_at_the_page_of_the_installation_disarms_nothing(client: Client, settings: Settings) -> None:
    armed()
    playbook_loaded()
    settings.STATE_DIR = settings.STATE_DIR.parent / "another"
    journal.born(uuid4(), "elsewhere", TUESDAY)
    client.force_login(UserFactory(role="legal"))
    assert client.get(reverse("admin:compliance_installation_change", args=[1])).status_code == 200
    assert Installation.objects.get().state == Installation.State.ARMED
    assert Suppression.objects.count() == 0
