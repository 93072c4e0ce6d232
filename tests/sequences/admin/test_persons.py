"""A contact's page says who they are, and lets those who may merge, split and erase after seeing what it means."""

import re

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from compliance.acts import Consent
from compliance.admin_pages import page_of
from compliance.audit import reference
from compliance.models import AuditEntry
from sequences import erasing, merging
from sequences.models import Contact, Enrollment, ExitReason
from tests.cast import TUESDAY
from tests.desk import open_row, save_row, sign_in
from tests.factories import ContactFactory, UserFactory, playbook_loaded
from tests.sequences.campaign import opt_out, under_way

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_playbook() -> None:
    playbook_loaded()


def url(row: Contact, key: str) -> str:
    return reverse("admin:sequences_contact_person", args=[row.pk, key])


def send(client: Client, row: Contact, key: str, **fields: object) -> HttpResponse:
    response: HttpResponse = client.post(url(row, key), fields)  # type: ignore[assignment]
    return response


def text(response: HttpResponse) -> str:
    return response.content.decode()


def looked_at(client: Client, row: Contact, other: Contact) -> dict[str, str]:
    """The hidden fields of the page that says what would happen."""
    shown = text(send(client, row, "same", who=other.address))
    return dict(re.findall(r'type="hidden" name="(other|seen)" value="([^"]*)"', shown))


def merged() -> tuple[Contact, Contact]:
    ada, countess = ContactFactory(), ContactFactory()
    by = UserFactory(role="sales_ops")
    merging.merge_contacts(ada, countess, by=by, at=TUESDAY, consent=Consent("She said so herself"))
    return ada, Contact.objects.get(pk=countess.pk)


class TestMerging:
    def test_first_it_is_shown_what_would_happen_and_nothing_does(self, client: Client) -> None:
        ada, countess = ContactFactory.create_batch(2)
        under_way(people=[ada, countess])
        sign_in(client, "sales_ops")
        shown = text(send(client, ada, "same", who=countess.address.upper()))
        assert "becomes another address of" in shown
        assert "ends, and what is planned in it is cancelled" in shown
        assert not Contact.objects.filter(merged_into__isnull=False).exists()

    def test_then_it_is_done(self, client: Client) -> None:
        ada, countess = ContactFactory.create_batch(2)
        under_way(people=[ada, countess])
        sign_in(client, "cro")
        done = send(client, ada, "same", **looked_at(client, ada, countess), comment="She said so")
        assert (done.status_code, done["Location"]) == (302, page_of(reference(ada)))
        assert Contact.objects.get(pk=countess.pk).merged_into == ada
        assert Enrollment.objects.get(contact=countess).exit_reason == ExitReason.MERGED

    def test_what_changed_meanwhile_is_shown_again(self, client: Client) -> None:
        ada, countess = ContactFactory.create_batch(2)
        sign_in(client, "sales_ops")
        seen = looked_at(client, ada, countess)
        under_way(people=[countess])
        again = send(client, ada, "same", **seen, comment="She said so")
        assert again.status_code == 409
        assert "Something changed" in text(again)
        assert not Contact.objects.filter(merged_into__isnull=False).exists()

    @pytest.mark.parametrize(("who", "said"), [("nobody@example.com", "no contact"), ("a@@b", "not exactly one plain")])
    def test_an_address_that_leads_nowhere_is_told(self, client: Client, who: str, said: str) -> None:
        sign_in(client, "sales_ops")
        assert said in text(send(client, ContactFactory(), "same", who=who))

    def test_the_contact_itself_is_refused(self, client: Client) -> None:
        ada = ContactFactory()
        sign_in(client, "sales_ops")
        assert "one person already" in text(send(client, ada, "same", who=ada.address))

    def test_a_comment_is_asked_for(self, client: Client) -> None:
        ada, countess = ContactFactory.create_batch(2)
        sign_in(client, "sales_ops")
        assert send(client, ada, "same", **looked_at(client, ada, countess)).status_code == 409
        assert not Contact.objects.filter(merged_into__isnull=False).exists()

    def test_whoever_may_not_cannot_by_hand_either(self, client: Client) -> None:
        ada, countess = ContactFactory.create_batch(2)
        sign_in(client, "rep")
        seen = merging.foresee(ada, countess)
        fields = {"other": countess.pk, "seen": f"{seen.kept.pk}/{countess.pk}//", "comment": "mine"}
        assert send(client, ada, "same", **fields).status_code == 409
        assert not Contact.objects.filter(merged_into__isnull=False).exists()

    def test_that_the_other_contact_was_looked_at_is_recorded(self, client: Client) -> None:
        ada, countess = ContactFactory.create_batch(2)
        sign_in(client, "sales_ops")
        send(client, ada, "same", who=countess.address)
        assert AuditEntry.objects.filter(verb="personal.viewed", subject=reference(countess)).exists()


class TestWhoTheyAre:
    def test_all_addresses_and_stops_of_the_person_are_shown(self, client: Client) -> None:
        ada, countess = merged()
        opt_out(countess.address)
        sign_in(client, "sales_ops")
        shown = open_row(client, ada)
        assert countess.address in shown
        assert "2 addresses" in shown
        assert "One-click unsubscribe" in shown

    def test_the_page_of_the_other_leads_to_who_they_are(self, client: Client) -> None:
        ada, countess = merged()
        sign_in(client, "content")
        assert page_of(reference(ada)) in open_row(client, countess)

    @pytest.mark.parametrize(("role", "shown"), [("cro", True), ("rep", False)])
    def test_what_staff_said_is_for_those_who_may_read_the_log(self, client: Client, role: str, shown: bool) -> None:
        ada, _countess = merged()
        sign_in(client, role)
        assert ("She said so herself" in open_row(client, ada)) is shown

    def test_a_closed_act_says_why(self, client: Client) -> None:
        sign_in(client, "sales_ops")
        assert 'data-code="not_merged"' in open_row(client, ContactFactory())


class TestSplitting:
    def test_it_is_done_with_a_comment(self, client: Client) -> None:
        _ada, countess = merged()
        sign_in(client, "sales_ops")
        send(client, countess, "apart", comment="two after all")
        assert Contact.objects.get(pk=countess.pk).merged_into is None

    def test_a_look_at_the_form_changes_nothing(self, client: Client) -> None:
        _ada, countess = merged()
        sign_in(client, "sales_ops")
        assert client.get(url(countess, "apart")).status_code == 200
        assert Contact.objects.get(pk=countess.pk).merged_into


class TestErasing:
    def test_legal_erases_with_a_comment(self, client: Client) -> None:
        ada = ContactFactory()
        sign_in(client, "legal")
        assert "cannot be undone" in text(client.get(url(ada, "erase")))  # type: ignore[arg-type]
        send(client, ada, "erase", comment="ticket 4711")
        assert Contact.objects.get().address == ""

    def test_without_a_comment_nothing_happens(self, client: Client) -> None:
        ada = ContactFactory()
        sign_in(client, "legal")
        assert send(client, ada, "erase", comment=" ").status_code == 409
        assert Contact.objects.get().address

    def test_the_page_of_somebody_erased_says_so_and_is_closed(self, client: Client) -> None:
        ada = ContactFactory()
        erasing.erase(ada, by=UserFactory(role="legal"), at=TUESDAY, consent=Consent("ticket 4711"))
        sign_in(client, "root")
        shown = open_row(client, ada)
        assert "left in peace" in shown
        assert 'name="first_name"' not in shown
        assert save_row(client, ada, first_name="Ada").status_code == 403
        assert client.get(reverse("admin:sequences_contact_changelist")).status_code == 200

    @pytest.mark.parametrize("role", ["sales_ops", "cro", "rep", "content"])
    def test_nobody_else_may(self, client: Client, role: str) -> None:
        ada = ContactFactory()
        sign_in(client, role)
        assert send(client, ada, "erase", comment="please").status_code == 409
        assert Contact.objects.get().address


def test_strangers_are_sent_to_sign_in(client: Client) -> None:
    assert client.get(url(ContactFactory(), "erase")).status_code == 302


@pytest.mark.parametrize("key", ["same", "apart", "erase"])
def test_nobody_without_a_view_of_contacts_sees_the_form(client: Client, key: str) -> None:
    sign_in(client, "integration")
    assert client.get(url(ContactFactory(), key)).status_code == 403


def test_there_is_no_other_act(client: Client) -> None:
    sign_in(client, "root")
    assert client.get(url(ContactFactory(), "rename")).status_code == 404
