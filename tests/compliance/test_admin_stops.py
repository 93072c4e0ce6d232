"""Stops in the admin: recorded through the verb, found by any spelling, never changed."""

import json

import pytest
from django.http import HttpResponse
from django.test import Client

from compliance.models import AuditEntry, Suppression
from tests.desk import open_row, page, sign_in
from tests.factories import ContactFactory
from tests.sequences.campaign import opt_out

pytestmark = pytest.mark.django_db
ADD = "/admin/compliance/suppression/add/"


def record(client: Client, url: str = ADD, **fields: str) -> HttpResponse:
    form = {"reason": "by_phone", "note": "Told Tom on the telephone", **fields}
    return client.post(url, form)  # type: ignore[return-value]


def test_a_stop_for_an_address_is_recorded_in_every_spelling(client: Client) -> None:
    sign_in(client, "sales_ops")
    assert record(client, who="Ada.Byron+news@gmail.com").status_code == 302
    assert client.get(page(Suppression, "changelist"), {"q": "adabyron@googlemail.com"}).context["cl"].result_count == 1


def test_the_address_itself_is_kept_nowhere(client: Client) -> None:
    sign_in(client, "sales_ops")
    record(client, who="ada@pumps.example.com")
    kept = [*Suppression.objects.values(), *AuditEntry.objects.values()]
    assert "ada@" not in json.dumps(kept, default=str)


def test_who_recorded_it_and_why_is_shown(client: Client) -> None:
    person = sign_in(client, "legal")
    record(client, who="ada@pumps.example.com", reason="legal_demand")
    shown = open_row(client, Suppression.objects.get())
    assert person.get_full_name() in shown
    assert "Told Tom on the telephone" in shown


def test_a_domain_is_stopped_only_when_it_is_meant(client: Client) -> None:
    sign_in(client, "sales_ops")
    assert "Tick it if you mean that" in record(client, who="@pumps.example.com").content.decode()
    assert not Suppression.objects.exists()


def test_a_domain_that_is_meant_is_stopped(client: Client) -> None:
    sign_in(client, "sales_ops")
    record(client, who="@pumps.example.com", whole_domain="on")
    assert Suppression.objects.get().scope == Suppression.Scope.DOMAIN


def test_a_contact_is_stopped_without_typing_the_address(client: Client) -> None:
    contact = ContactFactory()
    sign_in(client, "rep")
    record(client, f"{ADD}?card={contact.card_id}", card=str(contact.card_id))
    assert Suppression.objects.get().person == contact.card.person_id


@pytest.mark.parametrize(
    "who", ["", "ada", "ada@", "a@b@c.example.com", "ada@pumps.example.com, bob@pumps.example.com"]
)
def test_what_is_no_address_is_refused(client: Client, who: str) -> None:
    sign_in(client, "sales_ops")
    assert record(client, who=who).status_code == 200
    assert not Suppression.objects.exists()


def test_a_stop_needs_evidence(client: Client) -> None:
    sign_in(client, "sales_ops")
    record(client, who="ada@pumps.example.com", note=" ")
    assert not Suppression.objects.exists()


def test_a_reason_that_only_the_system_has_cannot_be_given(client: Client) -> None:
    sign_in(client, "sales_ops")
    record(client, who="ada@pumps.example.com", reason="one_click")
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("role", ["content", "cmo", "cro", "chief_of_staff"])
def test_who_may_not_record_stops_is_sent_away(client: Client, role: str) -> None:
    sign_in(client, role)
    assert record(client, who="ada@pumps.example.com").status_code == 403


def test_a_stop_is_neither_changed_nor_deleted_by_anybody(client: Client) -> None:
    opt_out("ada@pumps.example.com")
    sign_in(client, "root")
    row = Suppression.objects.get()
    assert client.post(f"/admin/compliance/suppression/{row.pk}/change/", {"reason": "by_hand"}).status_code == 403
    assert client.post(f"/admin/compliance/suppression/{row.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("text", ["nonsense", "@", "ada@@x", "²"])
def test_a_search_for_nonsense_finds_nothing(client: Client, text: str) -> None:
    opt_out("ada@pumps.example.com")
    sign_in(client, "root")
    assert client.get(page(Suppression, "changelist"), {"q": text}).context["cl"].result_count == 0


def test_a_stop_of_a_domain_is_found_by_an_address_in_it(client: Client) -> None:
    sign_in(client, "sales_ops")
    record(client, who="@example.com", whole_domain="on")
    found = client.get(page(Suppression, "changelist"), {"q": "ada@pumps.example.com"})
    assert found.context["cl"].result_count == 1
