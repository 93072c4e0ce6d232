"""Stops: matched wide, kept for good, never weakened, and found again when the person's card is long gone."""

from uuid import uuid4

import pytest
from pytest_django.fixtures import Settings

from compliance import cards, subjects, suppression
from compliance.addresses import AddressError, parse
from compliance.models import (
    AddressCard,
    AddressDigest,
    AuditEntry,
    PersonKey,
    Strength,
    Suppression,
    SuppressionDigest,
    SuppressionReason,
)
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from tests.cast import LONG_AGO, TUESDAY
from tests.compliance.asking import ADA, lifted, opted_in, stop, stop_domain, stopped
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]
CLICKED = Stop(SuppressionReason.ONE_CLICK, source="message:7", evidence={"message": 7})


def card_of(text: str = ADA) -> AddressCard:
    return cards.find_or_make([parse(text)], at=LONG_AGO)[parse(text).canonical]


def second_card(person: PersonKey, text: str) -> AddressCard:
    """The same person is found to have another address (LAW SUP-09)."""
    card = card_of(text)
    AddressCard.objects.filter(pk=card.pk).update(person=person)
    return AddressCard.objects.get(pk=card.pk)


def click(digest: str) -> Suppression:
    return suppression.stop_digest(digest, CLICKED, by=SYSTEM, at=TUESDAY)


def forget(card: AddressCard) -> None:
    """Erase the person; only stops stay."""
    AddressDigest.objects.filter(card=card).delete()
    card.delete()


@pytest.mark.parametrize("text", ["com", "", "ada@pumps.example.com", "pumps example.com"])
def test_what_is_no_domain_is_not_recorded_as_one(text: str) -> None:
    with pytest.raises(AddressError):
        stop_domain(text)
    assert not Suppression.objects.exists()


def test_a_stop_holds_for_all_addresses_of_a_person() -> None:
    card = card_of()
    second_card(card.person, "ada@private.example.org")
    stop(ADA)
    assert stopped("ada@private.example.org")


def test_a_stop_follows_a_person_to_an_address_found_later() -> None:
    stop(ADA)
    later = [second_card(card_of().person, f"ada@{name}.example.org") for name in ("private", "club")]
    assert stopped("ada@private.example.org")
    assert set(suppression.stopped_cards([card.pk for card in later])) == {card.pk for card in later}


def test_a_stop_without_a_person_holds_for_all_addresses_of_whoever_it_meets() -> None:
    click(cards.canonical_digests(parse(ADA))[-1])
    other = second_card(card_of().person, "ada@private.example.org")
    assert other.pk in suppression.stopped_cards([other.pk])


def test_a_stop_for_a_domain_does_not_follow_a_person_elsewhere() -> None:
    stop_domain("pumps.example.com")
    other = second_card(card_of().person, "ada@private.example.org")
    assert suppression.stopped_cards([other.pk]) == {}


def test_a_click_stops_the_person_of_the_card() -> None:
    row = click(card_of().digest)
    assert row.person == card_of().person_id
    assert stopped("Ada+x@Pumps.example.com")


def test_a_click_holds_although_the_card_is_gone() -> None:
    digest = card_of().digest
    forget(card_of())
    row = click(digest)
    assert row.person is None
    assert stopped(ADA)


def test_a_stop_survives_the_erasure_of_the_person() -> None:
    stop(ADA)
    forget(card_of())
    assert stopped(ADA)
    assert card_of().pk in suppression.stopped_cards([card_of().pk])


def test_a_click_holds_after_three_new_keys(settings: Settings) -> None:
    digest = card_of().digest
    for version in (2, 3, 4):
        settings.HANDOFF_KEYS = {**settings.HANDOFF_KEYS, version: bytes([version]) * 32}
    click(digest)
    assert stopped("ADA@pumps.example.com")


def test_a_digest_under_a_newer_key_than_the_card_still_stops(settings: Settings) -> None:
    card_of()
    settings.HANDOFF_KEYS = {**settings.HANDOFF_KEYS, 2: b"\2" * 32}
    click(cards.canonical_digests(parse(ADA))[-1])
    assert stopped(ADA)


def test_a_digest_of_another_spelling_finds_the_person() -> None:
    card = card_of("Jo.Hn@gmail.com")
    row = click(card.digests.exclude(digest=card.digest).filter(whole_domain=False)[0].digest)
    assert row.person == card.person_id


def test_the_strongest_stop_counts_whatever_comes_later() -> None:
    clicked = stop(ADA, SuppressionReason.ONE_CLICK)
    stop(ADA, SuppressionReason.BY_HAND)
    stop(ADA, SuppressionReason.NO_SUCH_ADDRESS)
    assert suppression.stopped_addresses([parse(ADA)])[parse(ADA).canonical] == clicked


def test_of_equal_stops_the_first_counts() -> None:
    first = stop(ADA)
    stop(ADA)
    assert suppression.stopped_cards([card_of().pk]) == {card_of().pk: first}


def test_a_stop_is_never_replaced() -> None:
    stop(ADA, source="the fair")
    stop(ADA, source="the telephone")
    assert Suppression.objects.count() == 2


class TestTheSameStopAgain:
    """Whoever holds a valid link must not be able to fill the disk."""

    def test_changes_nothing(self) -> None:
        digest = card_of().digest
        first = click(digest)
        assert [click(digest) for _time in range(3)] == [first] * 3
        assert Suppression.objects.count() == AuditEntry.objects.filter(verb="suppression.recorded").count() == 1

    def test_changes_nothing_although_the_card_is_gone(self) -> None:
        digest = card_of().digest
        forget(card_of())
        assert click(digest) == click(digest)

    def test_for_a_domain_changes_nothing(self) -> None:
        assert stop_domain("example.com") == stop_domain("@Example.com")

    @pytest.mark.parametrize("reason", [SuppressionReason.COMPLAINT, SuppressionReason.UNSUBSCRIBE_LINK])
    def test_for_another_reason_is_recorded(self, reason: SuppressionReason) -> None:
        assert stop(ADA, SuppressionReason.ONE_CLICK) != stop(ADA, reason)

    def test_for_a_wider_domain_is_recorded(self) -> None:
        assert stop_domain("pumps.example.com") != stop_domain("example.com")

    def test_of_somebody_else_is_recorded(self) -> None:
        assert stop(ADA) != stop("bob@pumps.example.com")

    def test_is_recorded_when_the_first_was_lifted(self) -> None:
        first = stop(ADA, SuppressionReason.NO_SUCH_ADDRESS)
        lifted(first)
        again = stop(ADA, SuppressionReason.NO_SUCH_ADDRESS)
        assert again != first
        assert suppression.stopped_cards([card_of().pk]) == {card_of().pk: again}

    def test_is_recorded_after_an_opt_in_because_it_is_their_latest_word(self) -> None:
        digest = card_of().digest
        first = click(digest)
        opted_in(ADA)
        again = click(digest)
        assert again.order_no > first.order_no
        assert click(digest) == again

    def test_under_a_newer_key_is_recorded(self, settings: Settings) -> None:
        first = stop(ADA)
        settings.HANDOFF_KEYS = {**settings.HANDOFF_KEYS, 2: b"\2" * 32}
        assert stop(ADA) != first

    def test_with_more_to_prove_it_is_recorded_when_a_person_does_it(self) -> None:
        tom = UserFactory(role="rep")
        told = [Stop(SuppressionReason.BY_PHONE, evidence={"case": number}) for number in (1, 2, 2)]
        for one in told:
            suppression.stop_address(parse(ADA), one, by=tom, at=TUESDAY)
        assert Suppression.objects.count() == 2


class TestWhatStaffNoted:
    NOTE = Stop(SuppressionReason.BY_PHONE, evidence={"note": "Ada told Tom", "case": 7})

    def test_is_sealed_when_it_speaks_of_a_person(self) -> None:
        row = suppression.stop_address(parse(ADA), self.NOTE, by=SYSTEM, at=TUESDAY)
        assert "Ada told Tom" not in str(Suppression.objects.values())
        assert (suppression.note_of(row), row.evidence["case"]) == ("Ada told Tom", 7)

    def test_cannot_be_read_once_they_are_erased(self) -> None:
        row = suppression.stop_address(parse(ADA), self.NOTE, by=SYSTEM, at=TUESDAY)
        subjects.destroy(card_of().person_id)
        assert suppression.note_of(row) is None

    def test_is_kept_readable_for_a_domain(self) -> None:
        row = suppression.stop_domain("example.com", self.NOTE, by=SYSTEM, at=TUESDAY)
        assert suppression.note_of(row) == "Ada told Tom"

    def test_may_be_nothing(self) -> None:
        assert suppression.note_of(stop(ADA)) is None


def test_stops_of_two_people_are_kept_apart() -> None:
    ada, bob = stop("ada@pumps.example.com"), stop("bob@pumps.example.com")
    found = suppression.stopped_addresses([parse("ada@pumps.example.com"), parse("bob@pumps.example.com")])
    assert found == {"ada@pumps.example.com": ada, "bob@pumps.example.com": bob}


def test_a_stop_says_how_it_reached_us_and_who_recorded_it() -> None:
    row = click(card_of().digest)
    assert (row.reason, row.strength, row.source) == (SuppressionReason.ONE_CLICK, Strength.OPT_OUT, "message:7")
    assert (row.evidence, row.recorded_by, row.at) == ({"message": 7}, "system", TUESDAY)


def test_a_long_source_does_not_lose_the_stop() -> None:
    assert len(stop(ADA, source="s" * 500).source) == 120


@pytest.mark.parametrize("reason", SuppressionReason)
def test_every_reason_has_its_strength(reason: SuppressionReason) -> None:
    assert stop(ADA, reason).strength in Strength.values


def test_a_stop_and_its_entry_in_the_log_hold_no_address() -> None:
    row = stop("ada.lovelace@pumps.example.com")
    entry = AuditEntry.objects.get(verb="suppression.recorded")
    told = f"{row.evidence} {row.source} {entry.data} {entry.subject} {entry.reason}"
    assert entry.data["order"] == row.order_no
    assert "lovelace" not in told
    assert "pumps" not in told


def test_later_stops_have_higher_numbers() -> None:
    assert stop("bob@pumps.example.com").order_no < stop(ADA).order_no < stop_domain("example.com").order_no


def test_a_person_nobody_knows_is_stopped_by_digest_alone() -> None:
    row = click(uuid4().hex)
    assert SuppressionDigest.objects.filter(suppression=row).count() == 1


def test_stops_are_taken_once_and_oldest_first() -> None:
    first, second = stop(ADA), stop("bob@pumps.example.com")
    assert suppression.not_taken(1) == [first]
    suppression.mark_taken([first], at=TUESDAY)
    assert suppression.not_taken(9) == [second]


def test_what_was_taken_keeps_its_moment() -> None:
    row = stop(ADA)
    suppression.mark_taken([row], at=LONG_AGO)
    suppression.mark_taken([row], at=TUESDAY)
    assert Suppression.objects.get().taken_at == LONG_AGO
