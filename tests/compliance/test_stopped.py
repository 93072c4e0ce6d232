"""Whether a stop holds: for every spelling, under every key the person was known by, and not once it is lifted."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compliance import cards, stopped, suppression
from compliance.addresses import parse
from compliance.models import AddressCard, PersonKey, Suppression, SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from tests.cast import LONG_AGO, TUESDAY
from tests.compliance.asking import ADA, lifted, stop, stop_domain
from tests.compliance.asking import stopped as is_stopped

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]
BOB = "bob@valves.example.com"


def card_of(text: str) -> AddressCard:
    return cards.find_or_make([parse(text)], at=LONG_AGO)[parse(text).canonical]


def merge(one: str, into: str) -> None:
    """Only the key says it; cards and stops stay where they were."""
    PersonKey.objects.filter(pk=card_of(one).person_id).update(merged_into=card_of(into).person)


def bounced(text: str = ADA) -> Suppression:
    return stop(text, SuppressionReason.NO_SUCH_ADDRESS)


@pytest.mark.parametrize(
    ("told", "written"),
    [
        ("ada@pumps.example.com", "ADA@Pumps.Example.COM"),
        ("ada@pumps.example.com", "ada+fair@pumps.example.com"),
        ("ada+fair@pumps.example.com", "ada@pumps.example.com"),
        ("ada+fair@pumps.example.com", "ada+expo@pumps.example.com"),
        ("Jo.Hn+x@GoogleMail.com", "john@gmail.com"),
        ("Jo.Hn+x@GoogleMail.com", "john+y@gmail.com"),
        ("john@gmail.com", "j.o.h.n@googlemail.com"),
        ("bob@stra\u00dfe.de", "bob@xn--strae-oqa.de"),
        ("bob@stra\u00dfe.de", "bob@strasse.de"),
        ("bob@strasse.de", "bob@stra\u00dfe.de"),
        ("bob@m\u00fcller.de", "bob@mu\u0308ller.de"),
    ],
)
def test_a_stop_holds_for_every_spelling(told: str, written: str) -> None:
    stop(told)
    assert is_stopped(written)


@pytest.mark.parametrize(
    "other", ["jo@example.com", "jo.hn@example.com", "john@example.com", "jo-hn@example.org", "jo-hn@mail.example.com"]
)
def test_a_stop_holds_for_nobody_else(other: str) -> None:
    stop("jo-hn@example.com")
    assert not is_stopped(other)


@pytest.mark.parametrize(
    ("domain", "written"),
    [
        ("pumps.example.com", "anybody@pumps.example.com"),
        ("Pumps.Example.COM", "anybody@pumps.example.com"),
        ("@pumps.example.com", "anybody@pumps.example.com"),
        ("pumps.example.com", "anybody@mail.eu.pumps.example.com"),
        ("stra\u00dfe.de", "anybody@xn--strae-oqa.de"),
        ("stra\u00dfe.de", "anybody@mail.strasse.de"),
        ("strasse.de", "anybody@stra\u00dfe.de"),
        ("googlemail.com", "anybody@gmail.com"),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_a_stop_for_a_domain_holds_for_everybody_there_and_below(domain: str, written: str, known: bool) -> None:
    if known:
        card_of(written)
    stop_domain(domain)
    assert is_stopped(written)


@pytest.mark.parametrize("other", ["a@example.com", "a@otherpumps.example.com", "pumps.example.com@example.org"])
def test_a_stop_for_a_domain_holds_nowhere_else(other: str) -> None:
    stop_domain("pumps.example.com")
    assert not is_stopped(other)


class TestLifted:
    def test_a_stop_that_was_lifted_no_longer_holds(self) -> None:
        row, card = bounced(), card_of(ADA)
        lifted(row)
        assert stopped.stopped_cards([card.pk]) == {}
        assert stopped.stopped_spellings([parse(ADA)]) == {}
        assert not is_stopped(ADA)

    def test_a_stop_recorded_after_the_lift_holds_again(self) -> None:
        lifted(bounced())
        again = bounced()
        assert stopped.stopped_addresses([parse(ADA)]) == {ADA: again}

    def test_a_weaker_stop_holds_on_when_the_strongest_was_lifted(self) -> None:
        by_hand, strongest = stop(ADA, SuppressionReason.BY_HAND), bounced()
        lifted(strongest)
        assert stopped.stopped_cards([card_of(ADA).pk]) == {card_of(ADA).pk: by_hand}

    def test_the_stop_of_somebody_else_holds_on(self) -> None:
        other = bounced(BOB)
        lifted(bounced())
        assert stopped.stopped_addresses([parse(ADA), parse(BOB)]) == {BOB: other}

    def test_a_lifted_stop_of_a_company_no_longer_holds(self) -> None:
        by_hand = Stop(SuppressionReason.BY_HAND)
        company = suppression.stop_company("account:7", ["example.com"], by_hand, by=SYSTEM, at=TUESDAY)
        assert stopped.stopped_accounts(["account:7"]) == {"account:7": company}
        lifted(company)
        assert stopped.stopped_accounts(["account:7"]) == {}
        assert not is_stopped("anybody@example.com")


class TestMerged:
    def test_a_stop_holds_for_whom_the_person_turned_out_to_be(self) -> None:
        row = stop(BOB)
        card = card_of(ADA)
        merge(BOB, into=ADA)
        assert stopped.stopped_cards([card.pk]) == {card.pk: row}

    def test_a_stop_holds_for_who_turned_out_to_be_them(self) -> None:
        card = card_of(BOB)
        row = stop(ADA)
        merge(BOB, into=ADA)
        assert stopped.stopped_cards([card.pk]) == {card.pk: row}

    def test_a_stop_that_names_only_the_former_key_holds(self) -> None:
        row, card = stop(BOB), card_of(ADA)
        merge(BOB, into=ADA)
        former = card_of(BOB)
        AddressCard.objects.filter(pk=former.pk).update(person=card.person)
        former.digests.all().delete()
        assert stopped.stopped_cards([card.pk]) == {card.pk: row}

    def test_it_is_found_over_many_merges_in_any_direction(self) -> None:
        texts = [f"p{number}@example.com" for number in range(6)]
        ids = [card_of(text).pk for text in texts]
        for one, other in ((0, 1), (1, 2), (3, 2), (4, 3), (5, 3)):
            merge(texts[one], into=texts[other])
        row = stop(texts[5])
        assert stopped.stopped_cards(ids) == dict.fromkeys(ids, row)

    def test_merges_in_a_circle_do_not_hang_the_door(self) -> None:
        merge(ADA, into=BOB)
        merge(BOB, into=ADA)
        row = stop(BOB)
        assert stopped.stopped_cards([card_of(ADA).pk]) == {card_of(ADA).pk: row}

    def test_a_stop_of_their_former_domain_does_not_follow(self) -> None:
        merge(BOB, into=ADA)
        digests = cards.domain_digests("valves.example.com")
        row = stop("carl@x.example.org")
        row.digests.create(digest=next(iter(digests)))
        assert stopped.stopped_cards([card_of(ADA).pk]) == {}
        assert stopped.stopped_cards([card_of(BOB).pk]) == {card_of(BOB).pk: row}

    def test_nobody_else_is_meant(self) -> None:
        merge(BOB, into=ADA)
        stop(ADA)
        assert stopped.stopped_cards([card_of("carl@example.com").pk]) == {}


def test_a_thousand_are_asked_about_in_two_statements() -> None:
    wanted = [parse(f"p{number}@d{number % 9}.example.com") for number in range(1000)]
    made = cards.find_or_make(wanted, at=LONG_AGO)
    stop(wanted[0].text)
    with CaptureQueriesContext(connection) as asked:
        assert len(stopped.stopped_cards([card.pk for card in made.values()])) == 1
    assert len(asked) == 2


def test_nothing_asked_is_nothing_found() -> None:
    assert stopped.stopped_cards([]) == {}
    assert stopped.stopped_spellings([]) == {}
    assert stopped.stopped_accounts([""]) == {}


def test_a_card_that_is_gone_is_not_stopped() -> None:
    assert stopped.stopped_cards([10**9]) == {}
