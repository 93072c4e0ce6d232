"""Before anything is stored every row has its verdict, by the rules that sending asks."""

from collections.abc import Callable

import pytest

from sequences.imports.verdicts import TAKEN, Verdict
from sequences.models import Contact, ListRow
from tests.factories import AccountFactory, ContactFactory
from tests.sequences.imports.conftest import ADA, HEADER, Desk

pytestmark = pytest.mark.django_db

WITH_BASIS = (*HEADER, "Legal basis")


def test_a_stranger_with_everything_is_new(desk: Desk) -> None:
    assert desk.verdict(*ADA) == ("new", "new", "")


def test_a_preview_stores_nothing(desk: Desk) -> None:
    desk.verdicts(desk.file(ADA))
    assert not Contact.objects.exists()


def test_a_blank_that_a_text_uses_is_named(desk: Desk) -> None:
    verdict = desk.verdict("ada@pumps.example.com", "", "Byron", "Pumps", "pumps")
    assert verdict == ("missing_value", "missing_value", "contact.first_name")


def test_a_company_left_blank_is_not_guessed_from_a_colleague(desk: Desk) -> None:
    AccountFactory(name="Pumps", domain="pumps.example.com")
    verdict = desk.verdict("ada@pumps.example.com", "Ada", "Byron", "", "pumps")
    assert verdict == ("missing_value", "missing_value", "account.industry, account.name")


def test_a_file_without_companies_finds_them_by_the_domain_of_the_address(desk: Desk) -> None:
    AccountFactory(name="Pumps", domain="pumps.example.com", industry="pumps")
    assert desk.verdict("ada@pumps.example.com", "Ada", header=("Email", "First name"))[0] == "new"


def test_what_a_later_row_says_of_the_company_counts_for_an_earlier_one(desk: Desk) -> None:
    path = desk.file(("a@pumps.example.com", "A", "", "Pumps", ""), ("b@pumps.example.com", "B", "", "Pumps", "pumps"))
    assert [one.verdict for one in desk.verdicts(path)] == [Verdict.NEW, Verdict.NEW]


def test_a_suppressed_person_is_shown_so(desk: Desk, stop: Callable[[str], None]) -> None:
    stop("ada@pumps.example.com")
    assert desk.verdict(*ADA) == ("suppressed", "suppressed", "address")


@pytest.mark.parametrize("spelling", ["ADA@Pumps.example.com", "ada+news@pumps.example.com"])
def test_a_suppressed_person_is_found_in_every_spelling(desk: Desk, stop: Callable[[str], None], spelling: str) -> None:
    stop("ada@pumps.example.com")
    assert desk.verdict(spelling, *ADA[1:])[0] == "suppressed"


def test_a_known_person_who_is_suppressed_is_shown_so(desk: Desk, stop: Callable[[str], None]) -> None:
    desk.load(ADA)
    stop("ada@pumps.example.com")
    assert desk.verdict(*ADA)[0] == "suppressed"


def test_whoever_opts_out_in_a_later_row_has_opted_out(desk: Desk) -> None:
    rows = [(*ADA, ""), ("ADA@pumps.example.com", *ADA[1:], "yes")]
    found = desk.verdicts(desk.file(*rows, header=(*HEADER, "Opt out")))
    assert [(one.verdict, one.code) for one in found] == [
        (Verdict.OPTED_OUT, "opted_out_in_another_row"),
        (Verdict.DUPLICATE, "duplicate"),
    ]


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        ("Freely given consent from contact", ("new", "new", "")),
        ("Legitimate interest – prospect/lead", ("new", "new", "")),
        ("", ("new", "new", "")),
        ("Tom said it is fine", ("no_legal_basis", "unknown_basis", "basis")),
    ],
)
def test_a_legal_basis_is_understood_or_there_is_none(desk: Desk, told: str, verdict: tuple[str, str, str]) -> None:
    assert desk.verdict(*ADA, told, header=WITH_BASIS) == verdict


def test_consent_that_was_not_given_is_no_basis(desk: Desk) -> None:
    verdict = desk.verdict(*ADA, "no", header=(*HEADER, "Consent"))
    assert verdict == ("no_legal_basis", "no_consent", "no_consent")


def test_a_guessed_address_is_refused(desk: Desk) -> None:
    assert desk.verdict(*ADA, "Guessed", header=(*HEADER, "Email Status"))[0] == "address_guessed"


def test_the_organisations_own_free_mail_providers_count(desk: Desk) -> None:
    assert desk.verdict("ada@webbox.example", *ADA[1:]) == ("free_mail", "free_mail", "address")


def test_the_organisations_own_role_names_count(desk: Desk) -> None:
    assert desk.verdict("front-office@pumps.example.com", *ADA[1:])[0] == "role"


def test_a_name_that_cannot_be_stored_is_invalid(desk: Desk) -> None:
    verdict = desk.verdict("ada@pumps.example.com", "A" * 121, "Byron", "Pumps", "pumps")
    assert verdict == ("invalid", "too_long", "first_name")


def test_a_changed_value_is_named(desk: Desk) -> None:
    desk.load(ADA)
    verdict = desk.verdict("ada@pumps.example.com", "Augusta", "Byron", "Pumps", "pumps")
    assert verdict == ("changed", "changed", "first_name")


def test_a_blank_value_filled_in_a_company_is_a_change(desk: Desk) -> None:
    desk.load(("ada@pumps.example.com", "Ada", "Byron", "Pumps", ""))
    assert desk.verdict(*ADA) == ("changed", "changed", "account.industry")


def test_another_name_for_a_company_changes_nothing(desk: Desk) -> None:
    desk.load(ADA)
    assert desk.verdict(*ADA[:3], "Pumps & Sons Ltd", "pumps")[0] == "unchanged"


def test_a_known_person_keeps_a_value_that_the_row_leaves_blank(desk: Desk) -> None:
    desk.load(ADA)
    assert desk.verdict("ada@pumps.example.com", "", "", "", "")[0] == "unchanged"


def test_a_person_is_known_by_their_other_addresses(desk: Desk) -> None:
    known = ContactFactory(address="ada@pumps.example.com")
    other = ContactFactory(address="ada@home.example.com")
    other_card = other.card
    other.delete()
    other_card.person = known.card.person
    other_card.save()
    (one,) = desk.verdicts(desk.file(("ada@home.example.com", "Ada", "Byron", "", "")))
    assert one.entry
    assert one.entry.known == known.pk


def test_a_silent_row_takes_the_basis_told_for_the_file(desk: Desk) -> None:
    (one,) = desk.verdicts(desk.file(ADA), basis="consent")
    assert one.entry
    assert one.entry.basis == "consent"


def test_a_row_without_a_source_names_the_file(desk: Desk) -> None:
    (one,) = desk.verdicts(desk.file(ADA))
    assert one.entry
    assert one.entry.source == "people.csv"


def test_a_list_row_is_not_needed_to_ask_the_door(desk: Desk) -> None:
    desk.verdicts(desk.file(ADA))
    assert not ListRow.objects.exists()


def test_only_what_is_taken_carries_what_would_be_stored(desk: Desk) -> None:
    path = desk.file(ADA, ("info@pumps.example.com", "", "", "", ""), ("no address", "B", "C", "", ""))
    assert [(one.verdict in TAKEN, one.entry is not None) for one in desk.verdicts(path)] == [
        (True, True),
        (False, False),
        (False, False),
    ]
