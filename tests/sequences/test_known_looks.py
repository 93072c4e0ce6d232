"""An installation that has been sending gets the looks of the addresses it knows; of others nothing can be made."""

from collections.abc import Iterable
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from compliance import cards, persons, stopped, suppression
from compliance.addresses import parse
from compliance.append_only import lifted
from compliance.models import AddressSkeleton, Suppression, SuppressionDigest, SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from tests.cast import TUESDAY
from tests.factories import AccountFactory, ContactFactory
from tests.sequences.campaign import opt_out

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]
MIGRATION: Any = import_module("sequences.migrations.0009_known_addresses_get_their_looks")
BILL, IMITATION = "bill10@example.com", "bi1110@ex\u0430mp1e.com"


def domain_stopped(domain: str) -> None:
    suppression.stop_domain(domain, Stop(SuppressionReason.LEGAL_DEMAND), by=SYSTEM, at=TUESDAY)


def as_before(*spelled: Iterable[str]) -> None:
    """The database of the version before: its stops have the digests of spellings, and no others."""
    kept = set[str]().union(*spelled)
    AddressSkeleton.objects.all().delete()
    # PostgreSQL alters no table while it has foreign keys to check.
    connection.check_constraints()
    with lifted(connection):
        SuppressionDigest.objects.exclude(digest__in=kept).delete()
        connection.check_constraints()


def brought_up_to_date() -> None:
    MIGRATION.fill(apps, None)


def looks(text: str) -> bool:
    return bool(stopped.looks_stopped([text]))


def test_a_stop_of_somebody_we_know_is_found_by_their_looks() -> None:
    ContactFactory(address=BILL)
    opt_out(BILL)
    as_before(cards.person_digests(parse(BILL)))
    assert not looks(IMITATION)
    brought_up_to_date()
    assert looks(IMITATION)


def test_a_stop_recorded_later_by_a_link_is_found_as_well() -> None:
    contact = ContactFactory(address=BILL)
    as_before()
    brought_up_to_date()
    suppression.stop_digest(contact.card.digest, Stop(SuppressionReason.ONE_CLICK), by=SYSTEM, at=TUESDAY)
    assert looks(IMITATION)


def test_a_stop_under_a_former_key_of_the_person_is_found() -> None:
    one, other = ContactFactory(address="mary@club.example"), ContactFactory(address=BILL)
    opt_out(one.address)
    persons.merge(other.card.person_id, one.card.person_id, by=SYSTEM, at=TUESDAY, reason="one")
    as_before(cards.person_digests(parse(one.address)))
    brought_up_to_date()
    assert Suppression.objects.count() == 2
    assert looks(IMITATION)


@pytest.mark.parametrize("domain", ["example.com", "mail10.example.com"])
def test_a_stop_of_a_domain_is_found_by_its_looks_where_we_know_the_name(domain: str) -> None:
    ContactFactory(address="bill@mail10.example.com", account=None)
    domain_stopped(domain)
    as_before(cards.domain_digests(domain))
    assert not looks("bob@mai11O.ex\u0430mp1e.com")
    brought_up_to_date()
    assert looks("bob@mai11O.ex\u0430mp1e.com")


def test_the_domain_of_a_company_is_known_too() -> None:
    AccountFactory(domain="example.com")
    domain_stopped("example.com")
    as_before(cards.domain_digests("example.com"))
    brought_up_to_date()
    assert looks(IMITATION)


def test_whom_we_do_not_know_is_found_letter_by_letter_only() -> None:
    opt_out(BILL)
    as_before(cards.person_digests(parse(BILL)))
    brought_up_to_date()
    assert not looks(IMITATION)
    assert looks("bill10@ex\u0430mple.com")


def test_a_second_time_changes_nothing() -> None:
    ContactFactory(address=BILL)
    opt_out(BILL)
    before = SuppressionDigest.objects.count(), AddressSkeleton.objects.count()
    brought_up_to_date()
    assert (SuppressionDigest.objects.count(), AddressSkeleton.objects.count()) == before


def test_whoever_was_not_stopped_stays_so() -> None:
    ContactFactory(address=BILL)
    opt_out("mary@example.com")
    brought_up_to_date()
    assert not looks(IMITATION)
