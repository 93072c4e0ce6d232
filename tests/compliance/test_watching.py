"""Who looked at personal data, who was refused, who came and went: recorded before anything is shown (LAW AUD-03)."""

import json
from typing import Any

import pytest
from django.contrib import admin
from django.db import DatabaseError, connection, models
from django.test import Client
from django.urls import reverse

from compliance import watching
from compliance.admin_pages import page_of
from compliance.audit import reference
from compliance.models import AuditEntry
from compliance.sparing import Sparing
from sequences.models import Account, Contact, Enrollment, InboundMessage, ListRow, OutboundMessage, RecipientList
from tests.cast import PASSWORD, TUESDAY
from tests.desk import open_row, page, sign_in, take
from tests.factories import AccountFactory, ContactFactory, UserFactory, submitted_text
from tests.handoff.installation import at_work, received

pytestmark = pytest.mark.django_db
LOGIN = reverse("account_login")
PERSONAL = (Contact, OutboundMessage, InboundMessage, ListRow, Enrollment)


def entries(verb: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(verb=verb).order_by("pk"))


def everything() -> str:
    """All that the log says, as text."""
    return json.dumps(list(AuditEntry.objects.values("actor", "verb", "subject", "reason", "data")))


@pytest.fixture(autouse=True)
def _nobody_has_failed_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_failed", Sparing())


def no_more_entries() -> None:
    """The database takes no entries any longer, as one that is full or may only be read."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER nothing_more BEFORE INSERT ON compliance_auditentry "
            "BEGIN SELECT RAISE(ABORT, 'readonly'); END"
        )


class TestLooks:
    def test_a_page_of_a_person_is_recorded_with_who_looked(self, client: Client) -> None:
        contact, person = ContactFactory(), sign_in(client, "rep")
        open_row(client, contact)
        (entry,) = entries("personal.viewed")
        assert (entry.actor, entry.subject) == (f"user:{person.pk}", reference(contact))
        assert entry.data == {"place": "admin:sequences_contact_change"}

    def test_every_look_is_recorded(self, client: Client) -> None:
        contact, _person = ContactFactory(), sign_in(client, "rep")
        for _look in range(3):
            open_row(client, contact)
        assert len(entries("personal.viewed")) == 3

    def test_a_list_says_how_many_were_shown(self, client: Client) -> None:
        ContactFactory.create_batch(3)
        sign_in(client, "rep")
        client.get(page(Contact, "changelist"))
        (entry,) = entries("personal.listed")
        assert (entry.subject, entry.data) == ("sequences.contact", {"rows": 3, "page": 1, "search": ""})

    def test_a_search_is_kept_as_a_digest_that_tells_equal_from_different(self, client: Client) -> None:
        ContactFactory(first_name="Philippa", address="philippa@pumps.example.com")
        sign_in(client, "rep")
        for words in ("philippa@pumps.example.com", "Philippa@Pumps.example.com ", "nobody"):
            client.get(page(Contact, "changelist"), {"q": words})
        one, same, other = (entry.data["search"] for entry in entries("personal.listed"))
        assert one == same != other
        assert "hilippa" not in everything()

    def test_the_history_of_a_person_is_a_look_too(self, client: Client) -> None:
        contact, _person = ContactFactory(), sign_in(client, "rep")
        client.get(reverse("admin:sequences_contact_history", args=[contact.pk]))
        assert [entry.data["place"] for entry in entries("personal.viewed")] == ["admin:sequences_contact_history"]

    def test_what_a_field_offers_is_a_list_too(self, client: Client) -> None:
        ContactFactory.create_batch(2)
        sign_in(client, "rep")
        asked = {"app_label": "sequences", "model_name": "enrollment", "field_name": "contact", "term": "ada"}
        assert len(client.get(reverse("admin:autocomplete"), asked).json()["results"]) == 2
        (entry,) = entries("personal.listed")
        assert (entry.subject, entry.data["rows"]) == ("sequences.contact", 2)
        assert entry.data["search"]

    def test_companies_offered_by_a_field_are_nobodys_data(self, client: Client) -> None:
        AccountFactory()
        sign_in(client, "sales_ops")
        asked = {"app_label": "sequences", "model_name": "contact", "field_name": "account", "term": "p"}
        assert client.get(reverse("admin:autocomplete"), asked).status_code == 200
        assert entries("personal.listed") == []

    def test_a_company_shows_its_people(self, client: Client) -> None:
        account = AccountFactory()
        ContactFactory(account=account)
        sign_in(client, "rep")
        open_row(client, account)
        assert [entry.subject for entry in entries("personal.viewed")] == [reference(account)]

    def test_a_text_shown_as_one_person_gets_it_is_a_look_at_that_person(self, client: Client) -> None:
        contact, text = ContactFactory(), submitted_text(TUESDAY)
        sign_in(client, "cmo")
        open_row(client, text)
        assert [entry.subject for entry in entries("personal.viewed")] == [reference(contact)]

    @pytest.mark.parametrize("model", PERSONAL)
    def test_each_model_that_knows_people_is_watched_on_its_list_and_its_pages(
        self, client: Client, model: type[models.Model]
    ) -> None:
        at_work()
        sign_in(client, "root")
        client.get(page(model, "changelist"))
        row = model._default_manager.all()[0]
        open_row(client, row)
        assert [entry.subject for entry in entries("personal.listed")] == [model._meta.label_lower]
        assert [entry.subject for entry in entries("personal.viewed")] == [reference(row)]

    @pytest.mark.parametrize("model", [Account, RecipientList, AuditEntry])
    def test_lists_that_name_nobody_are_not(self, client: Client, model: type[models.Model]) -> None:
        at_work()
        sign_in(client, "root")
        client.get(page(model, "changelist"))
        assert entries("personal.listed") == []

    def test_an_empty_form_shows_nobody(self, client: Client) -> None:
        sign_in(client, "sales_ops")
        assert client.get(page(Contact, "add")).status_code == 200
        assert entries("personal.viewed") == []

    @pytest.mark.parametrize("model", PERSONAL)
    def test_a_page_that_cannot_be_recorded_is_not_shown(self, client: Client, model: type[models.Model]) -> None:
        at_work()
        sign_in(client, "root")
        no_more_entries()
        client.raise_request_exception = False
        for url in (page(model, "changelist"), page_of(reference(model._default_manager.all()[0]))):
            answer = client.get(url)
            assert answer.status_code == 500
            assert b"example.com" not in answer.content

    def test_a_look_that_cannot_be_recorded_leaves_the_rest_of_the_admin_open(self, client: Client) -> None:
        sign_in(client, "root")
        no_more_entries()
        assert client.get(page(Account, "changelist")).status_code == 200

    def test_a_look_costs_one_insert(self, client: Client, django_assert_max_num_queries: Any) -> None:
        sign_in(client, "rep")
        ContactFactory.create_batch(20)
        with django_assert_max_num_queries(200) as done:
            client.get(page(Contact, "changelist"))
        assert sum("compliance_auditentry" in query["sql"] for query in done.captured_queries) == 1


class TestRefusals:
    def test_a_page_somebody_may_not_see_is_recorded(self, client: Client) -> None:
        person = sign_in(client, "rep")
        assert client.get(page(AuditEntry, "changelist"), {"q": "secret"}).status_code == 403
        (entry,) = entries("access.denied")
        assert (entry.actor, entry.subject) == (f"user:{person.pk}", "compliance.auditentry")
        assert entry.data == {"place": "admin:compliance_auditentry_changelist", "method": "GET"}

    def test_the_row_that_was_refused_is_named_by_its_key(self, client: Client) -> None:
        text = submitted_text(TUESDAY)
        sign_in(client, "integration")
        assert client.get(page_of(reference(text))).status_code == 403
        assert [entry.subject for entry in entries("access.denied")] == [reference(text)]

    def test_an_address_in_the_place_of_a_key_does_not_reach_the_log(self, client: Client) -> None:
        sign_in(client, "integration")
        url = reverse("admin:sequences_contact_change", args=["ada@pumps.example.com"])
        assert client.get(url).status_code == 403
        assert [entry.subject for entry in entries("access.denied")] == ["sequences.contact"]
        assert "pumps" not in everything()

    def test_an_act_that_roles_do_not_include_is_recorded(self, client: Client) -> None:
        text, person = submitted_text(TUESDAY), sign_in(client, "content")
        assert take(client, text, "approve_messaging").status_code == 409
        (entry,) = entries("access.denied")
        assert (entry.actor, entry.subject, entry.data["act"]) == (
            f"user:{person.pk}",
            reference(text),
            "approve_messaging",
        )

    def test_an_act_that_is_closed_for_another_reason_is_not_a_denial(self, client: Client) -> None:
        text = submitted_text(TUESDAY)
        sign_in(client, "cmo")
        take(client, text, "approve_messaging", digest="f" * 64)
        assert entries("access.denied") == []

    def test_a_form_from_another_site_is_recorded(self) -> None:
        client = Client(enforce_csrf_checks=True)
        sign_in(client, "sales_ops")
        assert client.post(page(Account, "add"), {"name": "x"}).status_code == 403
        assert [entry.data["method"] for entry in entries("access.denied")] == ["POST"]

    def test_who_is_not_signed_in_is_nobody_to_record(self) -> None:
        client = Client(enforce_csrf_checks=True)
        assert client.post(LOGIN, {"login": "x"}).status_code == 403
        assert not AuditEntry.objects.exists()


class TestComingAndGoing:
    def test_a_sign_in_and_a_sign_out_are_recorded(self, client: Client) -> None:
        person = UserFactory(role="rep")
        client.post(LOGIN, {"login": person.username, "password": PASSWORD})
        client.post(reverse("admin:logout"))
        told = [(entry.verb, entry.actor, entry.subject) for entry in AuditEntry.objects.order_by("pk")]
        who = f"user:{person.pk}", f"auth.user:{person.pk}"
        assert told == [("access.signed_in", *who), ("access.signed_out", *who)]

    def test_a_failed_sign_in_keeps_a_digest_of_the_name_and_nothing_else(self, client: Client) -> None:
        for name in ("philippa@example.com", "Philippa@example.com", "mallory"):
            client.post(LOGIN, {"login": name, "password": "wrong"})
        one, same, other = (entry.data["name"] for entry in entries("access.sign_in_failed"))
        assert one == same != other
        assert not {"philippa", "mallory", "wrong"} & set(everything().replace('"', " ").split())
        assert "hilippa" not in everything()

    def test_a_flood_of_failed_sign_ins_does_not_flood_the_log(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("compliance.watching.clock.now", lambda: TUESDAY)
        for number in range(300):
            client.post(LOGIN, {"login": "mallory" if number % 2 else f"guess {number}", "password": "wrong"})
        told = entries("access.sign_in_failed")
        of_mallory = [entry.data["count"] for entry in told if entry.data["name"] == told[1].data["name"]]
        assert of_mallory == [1, 2, 3, 4, 5, 10, 20, 40, 80]
        of_the_rest = [entry.data["count"] for entry in told if not entry.data["name"]]
        assert of_the_rest[-1] == 64
        assert len(told) < 80

    def test_opening_the_sign_in_page_is_nothing(self, client: Client) -> None:
        client.get(LOGIN)
        assert not AuditEntry.objects.exists()

    def test_a_sign_in_that_cannot_be_recorded_lets_nobody_in(self, client: Client) -> None:
        person = UserFactory(role="rep")
        no_more_entries()
        with pytest.raises(DatabaseError):
            client.post(LOGIN, {"login": person.username, "password": PASSWORD})
        assert client.get(reverse("admin:index")).status_code == 302


def test_every_page_of_mail_and_people_is_declared_personal() -> None:
    declared = {model for model, page in admin.site._registry.items() if getattr(page, "personal", False)}
    assert set(PERSONAL) <= declared


def test_mail_that_waits_for_a_person_is_personal(client: Client) -> None:
    mail = received()
    sign_in(client, "root")
    open_row(client, mail)
    assert [entry.subject for entry in entries("personal.viewed")] == [reference(mail)]
