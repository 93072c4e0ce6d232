"""A file that names a company by a domain it had before it was merged means the company it is now."""

import pytest

from compliance import suppression
from compliance.acts import Consent
from compliance.models import SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from sequences import company_merging
from sequences.models import Account, Contact
from tests.cast import TUESDAY
from tests.factories import AccountFactory
from tests.sequences.imports.conftest import HEADER, Desk

pytestmark = pytest.mark.django_db

FORMER = ("ada@valves.example.com", "Ada", "Byron", "Valves", "")
WITH_DOMAIN = (*HEADER, "Domain")


@pytest.fixture
def company(desk: Desk) -> Account:
    """Pumps, which Valves turned out to be."""
    kept = AccountFactory(name="Pumps", domain="pumps.example.com", industry="pumps")
    other = AccountFactory(name="Valves", domain="valves.example.com", industry="valves")
    return company_merging.merge_accounts(kept, other, by=desk.lena, at=TUESDAY, consent=Consent("One firm"))


def test_its_people_are_stored_at_the_company_it_is_now(desk: Desk, company: Account) -> None:
    desk.load(FORMER)
    assert Contact.objects.get().account == company
    assert Account.objects.count() == 2


def test_what_it_says_of_the_company_fills_blanks_there(desk: Desk, company: Account) -> None:
    Account.objects.filter(pk=company.pk).update(industry="")
    desk.load((*FORMER[:4], "hydraulics"), ("bo@pumps.example.com", "Bo", "Ray", "Pumps", "seals"))
    assert Account.objects.get(pk=company.pk).industry == "hydraulics"
    assert Account.objects.exclude(pk=company.pk).get().industry == "valves"


def test_loaded_again_it_changes_nothing(desk: Desk, company: Account) -> None:
    row = (*FORMER, "valves.example.com")
    desk.load(row, header=WITH_DOMAIN)
    assert desk.verdict(*row, header=WITH_DOMAIN)[0] == "unchanged"


def test_the_preview_knows_the_values_of_the_company(desk: Desk, company: Account) -> None:
    assert desk.verdict(*FORMER)[0] == "new"


def test_nobody_of_a_stopped_company_is_taken_in_under_its_former_domain(desk: Desk, company: Account) -> None:
    suppression.stop_company(company.key, [company.domain], Stop(SuppressionReason.BY_PHONE), by=SYSTEM, at=TUESDAY)
    desk.load(FORMER)
    assert not Contact.objects.exists()
