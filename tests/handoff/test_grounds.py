"""What is known of leads is read for many at once, also of who turned out to be somebody else."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handoff import grounds
from handoff.models import Lead
from sequences.models import Account, Contact
from tests.cast import TUESDAY
from tests.factories import AccountFactory, ContactFactory
from tests.handoff.climbing import fit, heard, judged, lead_of

pytestmark = pytest.mark.django_db


def merged(was: Contact, now: Contact) -> None:
    Contact.objects.filter(pk=was.pk).update(merged_into=now)


def queries(leads: list[Lead]) -> int:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        grounds.of_all(leads)
    return len(seen)


def test_what_was_judged_of_a_company_counts_for_everybody_in_it() -> None:
    account = AccountFactory()
    one, two = (lead_of(ContactFactory(account=account)) for _person in range(2))
    judged(one, ["G1"])
    assert grounds.of(two).findings["G1"].holds


def test_what_was_judged_of_a_person_counts_for_them_alone() -> None:
    account = AccountFactory()
    one, two = (lead_of(ContactFactory(account=account)) for _person in range(2))
    judged(one, ["S5"])
    assert [list(grounds.of(lead).findings) for lead in (one, two)] == [["S5"], []]


def test_the_latest_finding_counts() -> None:
    lead = lead_of()
    judged(lead, ["G1"])
    judged(lead, ["G1"], holds=False)
    assert not grounds.of(lead).findings["G1"].holds


def test_signals_come_with_the_latest_first() -> None:
    lead = lead_of()
    first = heard(lead, "E1", at=TUESDAY.replace(day=3))
    last = heard(lead, "E2")
    assert first
    assert last
    assert [signal.key for signal in grounds.of(lead).signals] == [last.pk, first.pk]


def test_nobody_hears_of_what_others_did() -> None:
    heard(lead_of())
    assert grounds.of(lead_of()).signals == []


def test_a_merged_contact_brings_along_what_they_did_and_what_was_judged_of_them() -> None:
    lead, other = lead_of(), lead_of()
    heard(other)
    judged(other, ["S5"])
    merged(other.contact, lead.contact)
    found = grounds.of(lead)
    assert (len(found.signals), list(found.findings)) == (1, ["S5"])


def test_a_merged_company_brings_along_what_was_judged_of_it() -> None:
    lead, other = lead_of(), lead_of()
    judged(other, ["G1"])
    assert other.contact.account
    Account.objects.filter(pk=other.contact.account.pk).update(merged_into=lead.contact.account)
    assert list(grounds.of(lead).findings) == ["G1"]


def test_whoever_has_no_company_is_judged_by_what_is_known_of_them() -> None:
    lead = lead_of(ContactFactory(account=None))
    judged(lead, ["S5"])
    assert list(grounds.of(lead).findings) == ["S5"]


def test_as_many_queries_are_needed_for_one_as_for_many() -> None:
    leads = [fit(lead_of(), indicators=2) for _lead in range(6)]
    assert queries(leads) == queries(leads[:1])


def test_nobody_is_read_of_nobody() -> None:
    lead_of()
    assert grounds.of_all([]) == {}
