"""Nobody at a company is to be written to: by its key, at its domains and below, nowhere else (LAW SUP-07)."""

import pytest

from compliance import cards, suppression
from compliance.addresses import AddressError, parse
from compliance.models import AddressCard, Suppression, SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from tests.cast import LONG_AGO, TUESDAY
from tests.compliance.asking import ADA, ask, clear, stopped
from tests.factories import playbook_loaded

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]


def second_card(text: str) -> AddressCard:
    """The same person is found to have another address."""
    first, second = (cards.find_or_make([parse(one)], at=LONG_AGO)[one] for one in (ADA, text))
    AddressCard.objects.filter(pk=second.pk).update(person=first.person)
    return second


def stop_company(account: str, *domains: str) -> Suppression:
    stop = Stop(SuppressionReason.LEGAL_DEMAND)
    return suppression.stop_company(account, domains, stop, by=SYSTEM, at=TUESDAY)


def test_a_stop_of_a_company_holds_for_everybody_asked_about_under_its_key() -> None:
    row = stop_company("account:7", "pumps.example.com")
    assert suppression.stopped_accounts(["account:7", "account:8", ""]) == {"account:7": row}


@pytest.mark.parametrize("written", ["a@pumps.example.com", "b@mail.pumps.example.com", "c@strasse.de"])
def test_a_stop_of_a_company_holds_at_and_below_each_of_its_domains(written: str) -> None:
    stop_company("account:7", "pumps.example.com", "stra\u00dfe.de")
    assert stopped(written)


def test_a_stop_of_a_company_holds_nowhere_else() -> None:
    stop_company("account:7", "pumps.example.com")
    assert not stopped("a@valves.example.com")


def test_a_stop_of_a_company_needs_no_domain() -> None:
    row = stop_company("account:7")
    assert stop_company("account:7") == row


def test_a_stop_of_a_company_does_not_follow_a_person_elsewhere() -> None:
    stop_company("account:7", "pumps.example.com")
    other = second_card("ada@private.example.org")
    assert suppression.stopped_cards([other.pk]) == {}


def test_a_stop_of_a_company_with_a_domain_that_is_none_is_not_recorded() -> None:
    with pytest.raises(AddressError):
        stop_company("account:7", "pumps.example.com", "pumps")
    assert not Suppression.objects.exists()


@pytest.mark.usefixtures("ledger_rules")
def test_the_door_asks_by_company_too() -> None:
    playbook_loaded()
    row = stop_company("account:7")
    (one, other) = clear(ask(account="account:7"), ask("bob@pumps.example.com", "2/1", account="account:8"))
    assert (one.code, one.decisive.why["stop"]) == ("suppressed", row.pk)
    assert other.permitted
