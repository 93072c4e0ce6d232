"""What the ledger keeps of somebody who was erased: digests and a stop; what was written about them is noise."""

import pytest

from compliance import addresses, erasing, persons, subjects, suppression
from compliance.models import AddressCard, Strength, SubjectKey, Suppression, SuppressionReason
from compliance.principals import SYSTEM
from tests.cast import TUESDAY
from tests.factories import card_of

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]


def erase(card: AddressCard) -> erasing.Erased:
    return erasing.erase(card, by=SYSTEM, at=TUESDAY)


def stopped(address: str) -> bool:
    return bool(suppression.stopped_addresses([addresses.parse(address)]))


def test_a_stop_of_its_own_strength_is_recorded_in_every_spelling() -> None:
    erase(card_of("Ada.Byron@gmail.com"))
    row = Suppression.objects.get()
    assert (row.reason, row.strength) == (SuppressionReason.ERASED, Strength.ERASURE)
    assert stopped("adabyron+anything@googlemail.com")


def test_all_cards_of_the_person_are_covered() -> None:
    ada, countess = card_of("ada@example.com"), card_of("countess@lovelace.example")
    persons.merge(ada.person_id, countess.person_id, by=SYSTEM, at=TUESDAY, reason="one")
    assert set(erase(countess).cards) == {ada.pk, countess.pk}
    assert stopped("ada@example.com")


def test_what_was_sealed_under_any_of_their_keys_is_noise() -> None:
    ada, countess = card_of("ada@example.com"), card_of("countess@lovelace.example")
    was = countess.person_id
    sealed = subjects.seal(was, "Augusta Ada")
    persons.merge(ada.person_id, was, by=SYSTEM, at=TUESDAY, reason="one")
    assert erase(ada).keys == 2
    assert subjects.unseal(was, sealed) is None
    assert not SubjectKey.objects.exists()


def test_card_and_person_stay_so_that_the_stop_is_found() -> None:
    card = card_of("ada@example.com")
    assert erase(card).person == AddressCard.objects.get().person_id


def test_an_earlier_stop_stays_beside_it() -> None:
    stop = suppression.Stop(SuppressionReason.COMPLAINT)
    suppression.stop_address(addresses.parse("ada@example.com"), stop, by=SYSTEM, at=TUESDAY)
    card = card_of("ada@example.com")
    erase(card)
    assert suppression.stopped_cards([card.pk])[card.pk].reason == SuppressionReason.COMPLAINT
    assert Suppression.objects.count() == 2


def test_a_second_time_changes_nothing() -> None:
    card = card_of("ada@example.com")
    first = erase(card)
    assert (erase(card).stop, erase(card).keys) == (first.stop, 0)
    assert Suppression.objects.count() == 1
