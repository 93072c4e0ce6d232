"""A stop holds for what looks like whom it was recorded for, whenever that was; plain addresses are only themselves."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from compliance import cards, companies, erasing, journal, persons, replay, stopped, suppression
from compliance.addresses import parse
from compliance.append_only import lifted as without_triggers
from compliance.asking import Ask
from compliance.models import AddressCard, AddressSkeleton, Suppression, SuppressionDigest, SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from tests.cast import LONG_AGO, TUESDAY
from tests.compliance.asking import ask, clear, lifted, stop, stop_domain
from tests.factories import armed, card_of, playbook_loaded

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

BOB = "bob@example.com"
# A Latin letter alpha: the only kind of imitation that is read as an address at all, and written to.
ALPHA = "bob@ex\u0251mple.com"
CYRILLIC = "bob@ex\u0430mple.com"
ALL_KINDS = [
    "b\u043eb@example.com",
    "bob\uff20example.com",
    "bo\u200bb@example.com",
    "bob@\u202eexample.com",
    CYRILLIC,
    "bob@xn--exmple-4nf.com",
    ALPHA,
    "bob@xn--exmple-cxc.com",
    "\u0412OB+fair@example.com",
]


def reading(text: str) -> str | None:
    found = stopped.looks_stopped([text]).get(text)
    return found.reading if found else None


def looks(text: str) -> bool:
    return reading(text) is not None


def by_link(text: str, reason: SuppressionReason = SuppressionReason.ONE_CLICK) -> Suppression:
    """Somebody presses a link that names nothing but a card."""
    return suppression.stop_digest(card_of(text).digest, Stop(reason), by=SYSTEM, at=TUESDAY)


def code(question: Ask) -> str:
    (ruling,) = clear(question)
    return ruling.code


@pytest.mark.parametrize("text", ALL_KINDS)
class TestEveryKind:
    def test_looks_like_somebody_who_is_stopped(self, text: str) -> None:
        stop(BOB)
        assert looks(text)

    def test_looks_like_a_stopped_domain(self, text: str) -> None:
        stop_domain("example.com")
        assert reading(text) == "@example.com"

    def test_looks_like_nobody_while_nobody_is_stopped(self, text: str) -> None:
        stop("ada@example.com")
        stop_domain("example.org")
        assert not looks(text)


class TestLettersAndDigits:
    def test_that_look_alike_count_in_what_is_not_plain(self) -> None:
        stop("bill10@example.com")
        assert looks("bi1110@ex\u0430mp1e.com")

    def test_do_not_count_between_plain_addresses(self) -> None:
        stop("mary10@example.com")
        stop_domain("modern.example")
        for plain in ("rnary10@example.com", "mary1O@examp1e.com", "rnarylO@example.com", "bob@rnodern.example"):
            assert not looks(plain)
            assert stopped.stops([], [parse(plain)], [], []).none

    def test_do_not_count_in_the_plain_domain_above_an_odd_label(self) -> None:
        stop_domain("modern.example")
        assert looks("bob@\u0430.modern.example")
        assert not looks("bob@\u0430.rnodern.example")


class TestWhoeverIsImitated:
    def test_is_not_stopped_because_an_imitation_is(self) -> None:
        stop(ALPHA)
        stop_domain("ex\u0251mple.org")
        assert stopped.stops([card_of(BOB).pk], [parse(BOB), parse("bob@example.org")], [], []).none

    def test_is_not_taken_for_the_same_person(self) -> None:
        row = stop(ALPHA)
        card_of(BOB)
        assert stopped.people_of(row) == {
            AddressCard.objects.get(digest=cards.canonical_digests(parse(ALPHA))[-1]).person_id
        }

    def test_and_whoever_shares_a_skeleton_are_different_people(self) -> None:
        row = by_link("mary@example.com")
        card_of("rnary@example.com")
        assert stopped.people_of(row) == {card_of("mary@example.com").person_id}


class TestAnHonestName:
    @pytest.mark.parametrize("text", ["bob@m\u00fcller.de", "bob@\u00f8re.dk", "bob@caf\u00e9.fr"])
    def test_with_accents_is_no_imitation_of_the_one_without(self, text: str) -> None:
        plain = {"m\u00fcller": "muller", "\u00f8re": "ore", "caf\u00e9": "cafe"}
        name = text.removeprefix("bob@").split(".")[0]
        stop_domain(text.removeprefix("bob@").replace(name, plain[name]))
        assert not looks(text)

    def test_is_imitated_by_another_script(self) -> None:
        stop_domain("m\u00f6ller.de")
        assert looks("bob@m\u04e7ller.de")


class TestAStop:
    def test_that_came_by_a_link_alone_holds_for_what_the_card_looks_like(self) -> None:
        by_link("bill10@example.com")
        assert looks("bi1110@ex\u0430mple.com")

    def test_for_one_address_of_a_person_holds_for_what_each_looks_like(self) -> None:
        one, other = card_of("bill10@example.com"), card_of("mary@club.example")
        persons.merge(one.person_id, other.person_id, by=SYSTEM, at=TUESDAY, reason="one")
        by_link("mary@club.example")
        assert looks("bi1110@ex\u0430mple.com")

    def test_is_copied_with_what_it_looks_like_when_two_are_one(self) -> None:
        one, other = card_of("bill10@example.com"), card_of("mary@club.example")
        stop("mary@club.example")
        persons.merge(one.person_id, other.person_id, by=SYSTEM, at=TUESDAY, reason="one")
        assert looks("bi1110@ex\u0430mple.com")

    def test_for_a_company_holds_at_what_its_domains_look_like_also_after_a_merge(self) -> None:
        known = Stop(SuppressionReason.LEGAL_DEMAND)
        suppression.stop_company("account:1", ["pumps10.example"], known, by=SYSTEM, at=TUESDAY)
        companies.merge("account:2", "account:1", ["valves10.example"], by=SYSTEM, at=TUESDAY, reason="one")
        assert looks("ada@pump\u0455lO.example")
        assert looks("ada@v\u0430lveslO.example")

    def test_that_was_lifted_holds_for_nobody(self) -> None:
        lifted(stop(BOB, SuppressionReason.NO_SUCH_ADDRESS))
        assert not looks(CYRILLIC)

    def test_of_several_the_strongest_is_named(self) -> None:
        stop(BOB, SuppressionReason.BY_HAND)
        complaint = stop(BOB, SuppressionReason.COMPLAINT)
        assert stopped.looks_stopped([CYRILLIC])[CYRILLIC].stop == complaint

    def test_from_before_skeletons_were_kept_holds_for_those_who_imitate_it_letter_by_letter(self) -> None:
        AddressSkeleton.objects.all().delete()
        row = suppression.stop_digest(
            cards.canonical_digests(parse(BOB))[-1], Stop(SuppressionReason.ONE_CLICK), by=SYSTEM, at=TUESDAY
        )
        assert row.digests.count() == 1
        assert looks(CYRILLIC)

    def test_from_before_is_recorded_anew_with_its_looks_when_its_file_is_loaded_again(self) -> None:
        spelled = cards.person_digests(parse("bill10@example.com"))
        stop("bill10@example.com")
        AddressSkeleton.objects.all().delete()
        connection.check_constraints()
        with without_triggers(connection):
            SuppressionDigest.objects.exclude(digest__in=spelled).delete()
        assert not looks("bi1110@ex\u0430mple.com")
        stop("bill10@example.com")
        assert looks("bi1110@ex\u0430mple.com")
        assert stop("bill10@example.com") == Suppression.objects.latest("order_no")
        assert Suppression.objects.count() == 2


class TestErasure:
    def test_leaves_the_digest_of_what_they_look_like(self) -> None:
        erasing.erase(card_of("bill10@example.com"), by=SYSTEM, at=TUESDAY)
        assert looks("bi1110@ex\u0430mple.com")

    def test_leaves_it_although_the_card_is_gone(self) -> None:
        by_link("bill10@example.com")
        AddressCard.objects.all().delete()
        assert not AddressSkeleton.objects.exists()
        assert looks("bi1110@ex\u0430mple.com")


class TestANewKey:
    @pytest.fixture(autouse=True)
    def _before(self) -> None:
        card_of("bill10@example.com")
        stop("mary10@example.com")

    def test_finds_what_was_stopped_under_the_former(self, settings: Settings) -> None:
        settings.HANDOFF_KEYS = {**settings.HANDOFF_KEYS, 2: b"\2" * 32}
        assert looks("rn\u0430ry1O@example.com")

    def test_finds_whom_a_link_stops_by_a_card_of_the_former(self, settings: Settings) -> None:
        settings.HANDOFF_KEYS = {**settings.HANDOFF_KEYS, 2: b"\2" * 32}
        by_link("bill10@example.com")
        assert looks("bi1110@ex\u0430mple.com")

    def test_is_used_for_cards_made_since(self, settings: Settings) -> None:
        settings.HANDOFF_KEYS = {**settings.HANDOFF_KEYS, 2: b"\2" * 32}
        made = card_of("new@example.com")
        assert set(made.skeletons.values_list("key_version", flat=True)) == {1, 2}

    def test_of_another_installation_finds_nothing(self, settings: Settings) -> None:
        settings.HANDOFF_KEYS = {1: b"\7" * 32}
        assert not looks("rn\u0430ry1O@example.com")


class TestTheDoor:
    pytestmark = pytest.mark.django_db(transaction=True)

    @pytest.fixture(autouse=True)
    def _rules(self, ledger_rules: None) -> None:
        playbook_loaded()

    def test_refuses_what_looks_like_somebody_stopped_since(self) -> None:
        question = ask(ALPHA)
        assert code(question) == ""
        row = by_link(BOB)
        (ruling,) = clear(ask(ALPHA, attempt=2))
        assert (ruling.code, ruling.decisive.why["stop"]) == ("looks_suppressed", row.pk)

    def test_refuses_what_looks_like_a_domain_stopped_since(self) -> None:
        question = ask(ALPHA)
        stop_domain("example.com")
        assert code(question) == "looks_suppressed"

    def test_says_that_a_person_is_stopped_rather_than_that_they_look_so(self) -> None:
        stop(ALPHA)
        stop(BOB)
        assert code(ask(ALPHA)) == "suppressed"

    def test_refuses_nobody_plain(self) -> None:
        stop("rnary@example.com")
        stop(ALPHA)
        assert [ruling.code for ruling in clear(ask(BOB, "1/1"), ask("mary@example.com", "2/1"))] == ["", ""]

    def test_tells_no_address_in_its_verdict(self) -> None:
        stop(BOB)
        (ruling,) = clear(ask(ALPHA))
        assert "bob" not in str(ruling.decisive.why)


class TestTheCost:
    @pytest.mark.parametrize("odd", ["example.com", "ex\u0251mple.com"])
    def test_is_one_question_for_a_thousand_addresses_plain_or_not(self, odd: str) -> None:
        wanted = [parse(f"p{number}@{odd}") for number in range(1000)]
        with CaptureQueriesContext(connection) as asked:
            assert stopped.stops([], wanted, [], []).none
        assert len(asked) == 1

    def test_is_nothing_for_plain_texts(self) -> None:
        with CaptureQueriesContext(connection) as asked:
            assert stopped.looks_stopped([BOB, "nonsense"]) == {}
        assert len(asked) == 0


@pytest.mark.django_db(transaction=True)
def test_a_journal_brings_back_what_a_stop_looked_like() -> None:
    armed()
    stop("bill10@example.com")
    with without_triggers(connection):
        SuppressionDigest.objects.all().delete()
        Suppression.objects.all().delete()
    assert not looks("bi1110@ex\u0430mple.com")
    assert len(list(journal.records("stop"))) == 1
    with transaction.atomic():
        replay.replay(by=SYSTEM, at=TUESDAY)
    assert looks("bi1110@ex\u0430mple.com")


def test_no_skeleton_shows_the_address() -> None:
    cards.find_or_make([parse("lovelace@example.com")], at=LONG_AGO)
    kept = AddressSkeleton.objects.get()
    assert len(kept.digest) == 32
    assert kept.digest not in cards.all_digests(parse("lovelace@example.com"))
