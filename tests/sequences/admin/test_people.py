"""Contacts in the admin: the address is given once, and whether they may be written to is said at the top."""

import pytest
from django.test import Client

from compliance.models import AuditEntry
from sequences.models import Contact
from tests.desk import open_row, page, save_row, sign_in
from tests.factories import ContactFactory, card_of
from tests.sequences.campaign import opt_out

pytestmark = pytest.mark.django_db
FORM = {"address": "Ada.Byron@gmail.com", "first_name": "Ada", "last_name": "Byron", "title": "", "account": ""}
FORM |= {"country": "gb", "city": "", "zone": "Europe/London", "source": "fair", "basis": "consent"}


def test_a_new_contact_gets_the_card_that_stops_are_found_by(client: Client) -> None:
    sign_in(client, "sales_ops")
    client.post(page(Contact, "add"), FORM)
    contact = Contact.objects.get()
    assert contact.card == card_of("adabyron@gmail.com")
    assert (contact.address, contact.country) == ("Ada.Byron@gmail.com", "GB")


def test_one_person_is_not_entered_twice_in_another_spelling(client: Client) -> None:
    sign_in(client, "sales_ops")
    client.post(page(Contact, "add"), FORM)
    again = client.post(page(Contact, "add"), FORM | {"address": "a.d.a.byron+x@googlemail.com"})
    assert "There is a contact with this address already" in again.content.decode()
    assert Contact.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "text"),
    [("address", "ada@@x"), ("address", "аda@example.com"), ("country", "Germany"), ("zone", "Mars/Olympus")],
)
def test_what_cannot_be_right_is_refused(client: Client, field: str, text: str) -> None:
    sign_in(client, "sales_ops")
    client.post(page(Contact, "add"), FORM | {field: text})
    assert not Contact.objects.exists()


def test_an_address_is_not_changed_afterwards(client: Client) -> None:
    contact = ContactFactory()
    sign_in(client, "sales_ops")
    save_row(client, contact, **FORM | {"address": "other@example.com"})
    saved = Contact.objects.get()
    assert (saved.address, saved.last_name) == (contact.address, "Byron")


def test_no_address_reaches_the_audit_log(client: Client) -> None:
    sign_in(client, "sales_ops")
    client.post(page(Contact, "add"), FORM)
    assert "gmail" not in str(list(AuditEntry.objects.values()))


def test_a_stop_is_told_at_the_top(client: Client) -> None:
    contact = ContactFactory()
    opt_out(contact.address)
    sign_in(client, "cmo")
    assert "One-click unsubscribe" in open_row(client, contact)


def test_a_stop_of_whom_the_address_imitates_is_told_at_the_top(client: Client) -> None:
    contact = ContactFactory(address="bob@xn--exmple-cxc.com")
    opt_out("bob@example.com")
    sign_in(client, "rep")
    shown = open_row(client, contact)
    assert "The address reads as bob@example.com, and imitates one" in shown
    assert "No stop holds" not in shown


def test_the_way_to_record_a_stop_is_shown_to_whoever_may(client: Client) -> None:
    contact = ContactFactory()
    sign_in(client, "rep")
    assert f"/admin/compliance/suppression/add/?card={contact.card_id}" in open_row(client, contact)


def test_whoever_may_only_look_finds_no_form(client: Client) -> None:
    contact = ContactFactory()
    sign_in(client, "content")
    shown = open_row(client, contact)
    assert 'name="first_name"' not in shown
    assert "Record it" not in shown


def test_a_contact_is_not_deleted_by_anybody(client: Client) -> None:
    contact = ContactFactory()
    sign_in(client, "root")
    assert client.post(f"/admin/sequences/contact/{contact.pk}/delete/", {"post": "yes"}).status_code == 403
