"""Cards: one for each address however it is spelled, without the address, and found under every key."""

from itertools import chain

import pytest
from django.core import serializers
from django.db import models
from pytest_django.fixtures import Settings

from compliance import addresses, cards
from compliance.addresses import parse
from compliance.models import AddressCard, AddressDigest, PersonKey
from tests.cast import LONG_AGO, TUESDAY

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]


def make(*texts: str) -> list[AddressCard]:
    found = cards.find_or_make([parse(text) for text in texts], at=LONG_AGO)
    return [found[parse(text).canonical] for text in texts]


def test_an_address_gets_one_card_and_one_person() -> None:
    (card,) = make("ada@pumps.example.com")
    assert PersonKey.objects.get() == card.person
    assert card.created_at == LONG_AGO


def test_all_spellings_share_a_card() -> None:
    assert len({card.pk for card in make("Jo.Hn+x@GoogleMail.com", "john@gmail.com", "j.o.h.n+y@gmail.com")}) == 1


def test_two_people_have_two_cards_and_two_keys() -> None:
    one, other = make("ada@pumps.example.com", "bob@pumps.example.com")
    assert one.person_id != other.person_id


def test_making_a_card_again_changes_nothing() -> None:
    assert make("ada@pumps.example.com") == make("ADA+fair@Pumps.Example.COM")
    assert (PersonKey.objects.count(), AddressCard.objects.count()) == (1, 1)


def test_what_has_no_card_is_not_found() -> None:
    assert cards.find([parse("ada@pumps.example.com")]) == {}


def test_many_addresses_are_made_and_found_at_once() -> None:
    texts = [f"ada.{number}@pumps.example.com" for number in range(1200)]
    make(*texts)
    assert len(cards.find([parse(text) for text in texts])) == AddressCard.objects.count() == 1200


def test_no_card_and_no_digest_shows_the_address() -> None:
    make("ada.lovelace@pumps.example.com")
    rows: list[models.Model] = list(
        chain(PersonKey.objects.all(), AddressCard.objects.all(), AddressDigest.objects.all())
    )
    assert "pumps" not in serializers.serialize("json", rows)
    assert "lovelace" not in serializers.serialize("json", rows)


def test_a_card_knows_every_variant_and_which_ones_speak_of_the_domain() -> None:
    (card,) = make("ada+x@mail.pumps.example.com")
    address = parse("ada+x@mail.pumps.example.com")
    known = AddressDigest.objects.filter(card=card).values_list("digest", flat=True)
    assert set(known) == cards.all_digests(address)
    assert AddressDigest.objects.filter(card=card, whole_domain=True).count() == 3


def test_a_card_made_under_an_older_key_is_found_under_the_new_one(settings: Settings) -> None:
    (before,) = make("ada@pumps.example.com")
    settings.HANDOFF_KEYS = {**settings.HANDOFF_KEYS, 2: b"\2" * 32}
    assert make("ada@pumps.example.com") == [before]
    assert AddressCard.objects.count() == 1


def test_a_new_card_is_named_under_the_newest_key(settings: Settings) -> None:
    settings.HANDOFF_KEYS = {**settings.HANDOFF_KEYS, 2: b"\2" * 32}
    (card,) = make("ada@pumps.example.com")
    assert card.digest == cards.canonical_digests(parse("ada@pumps.example.com"))[-1]
    assert set(card.digests.values_list("key_version", flat=True)) == {1, 2}


def test_a_domain_is_named_by_its_digest() -> None:
    assert cards.domain_digest("Pumps.Example.com") in cards.domain_digests("pumps.example.com")


def test_a_stop_for_a_domain_covers_both_of_its_readings() -> None:
    assert cards.domain_digests("xn--strae-oqa.de") >= cards.domain_digests("strasse.de")


def test_a_person_is_not_known_by_their_domain() -> None:
    address = parse("ada@pumps.example.com")
    assert not cards.person_digests(address) & cards.domain_digests(address.domain)


def test_a_digest_depends_on_the_key_of_the_installation(settings: Settings) -> None:
    before = cards.person_digests(parse("ada@pumps.example.com"))
    settings.HANDOFF_KEYS = {1: b"\7" * 32}
    assert not before & cards.person_digests(parse("ada@pumps.example.com"))


def test_the_same_address_twice_in_one_file_is_one_card() -> None:
    one, other = make("ada@pumps.example.com", "ada+x@pumps.example.com")
    assert one == other
    assert cards.find_or_make([], at=TUESDAY) == {}
    assert addresses.parse("ada@pumps.example.com").canonical in cards.find([parse("Ada@pumps.example.com")])
