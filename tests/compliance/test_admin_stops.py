"""Stops in the admin: recorded through the verb, found by any spelling, never changed."""

import json

import pytest
from django.http import HttpResponse
from django.test import Client

from compliance import cards, lifting
from compliance.models import AuditEntry, Suppression, SuppressionReason
from tests.cast import TUESDAY
from tests.compliance.asking import lifted, opted_in, stop
from tests.desk import open_row, page, sign_in
from tests.factories import AccountFactory, ContactFactory, UserFactory
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


class TestHowItEnds:
    def test_a_stop_that_holds_says_so(self, client: Client) -> None:
        opt_out("ada@pumps.example.com")
        sign_in(client, "legal")
        shown = open_row(client, Suppression.objects.get())
        assert '<span class="ho-badge ho-bad">holds</span>' in shown
        assert 'data-code="opt_in_missing"' in shown
        assert 'data-code="too_strong"' in shown

    def test_asking_is_offered_once_there_is_an_opt_in(self, client: Client) -> None:
        row = stop()
        opted_in()
        sign_in(client, "sales_ops")
        assert f'href="/admin/compliance/liftrequest/add/?stop={row.pk}"' in open_row(client, row)

    def test_one_person_may_lift_what_is_weak(self, client: Client) -> None:
        row = stop(reason=SuppressionReason.NO_SUCH_ADDRESS)
        sign_in(client, "sales_ops")
        assert f'href="/admin/compliance/lift/add/?stop={row.pk}"' in open_row(client, row)

    def test_who_may_not_is_told(self, client: Client) -> None:
        row = stop(reason=SuppressionReason.NO_SUCH_ADDRESS)
        sign_in(client, "rep")
        shown = open_row(client, row)
        assert 'data-code="not_permitted"' in shown
        assert "lift/add" not in shown

    def test_an_open_request_is_shown(self, client: Client) -> None:
        row, opt_in = stop(), opted_in()
        request = lifting.ask(row, opt_in, "why", by=UserFactory(role="sales_ops"), at=TUESDAY)
        sign_in(client, "legal")
        assert f"/admin/compliance/liftrequest/{request.pk}/change/" in open_row(client, row)

    def test_a_lifted_stop_says_so(self, client: Client) -> None:
        row = stop(reason=SuppressionReason.NO_SUCH_ADDRESS)
        lifted(row)
        sign_in(client, "legal")
        shown = open_row(client, row)
        assert '<span class="ho-badge ho-good">lifted</span>' in shown
        assert "It works again" in shown

    def test_other_stops_of_the_person_are_named(self, client: Client) -> None:
        row, other = stop(), stop(reason=SuppressionReason.COMPLAINT)
        sign_in(client, "legal")
        assert f"/admin/compliance/suppression/{other.pk}/change/" in open_row(client, row)

    @pytest.mark.parametrize(("holds", "count"), [("yes", 1), ("no", 1), ("", 2)])
    def test_the_list_tells_them_apart(self, client: Client, holds: str, count: int) -> None:
        lifted(stop(reason=SuppressionReason.NO_SUCH_ADDRESS))
        stop("bob@pumps.example.com")
        sign_in(client, "legal")
        found = client.get(page(Suppression, "changelist"), {"holds": holds} if holds else {})
        assert found.context["cl"].result_count == count


class TestOfACompany:
    def test_it_is_recorded_from_the_page_of_the_account(self, client: Client) -> None:
        account = AccountFactory()
        contact = ContactFactory(account=account)
        sign_in(client, "sales_ops")
        way = f"{ADD}?account=account%3A{account.pk}&amp;domains={account.domain}"
        assert way in open_row(client, account)
        record(client, way.replace("&amp;", "&"), account=account.key, domains=account.domain)
        row = Suppression.objects.get()
        assert (row.scope, row.account) == (Suppression.Scope.COMPANY, account.key)
        assert "Nothing is sent to anybody at this company." in open_row(client, account)
        assert "Nothing is sent to this person" in open_row(client, contact)

    def test_the_form_proposes_the_domain(self, client: Client) -> None:
        sign_in(client, "sales_ops")
        shown = client.get(ADD, {"account": "account:7", "domains": "pumps.example.com"}).content.decode()
        assert 'value="pumps.example.com"' in shown
        assert "Nobody at the company whose page you came from" in shown

    def test_many_domains_may_be_given(self, client: Client) -> None:
        sign_in(client, "sales_ops")
        record(
            client,
            f"{ADD}?account=account:7",
            account="account:7",
            domains="a.example.com, b.example.com; c.example.com",
        )
        known = set(Suppression.objects.get().digests.values_list("digest", flat=True))
        assert all(cards.domain_digests(f"{name}.example.com") <= known for name in "abc")

    @pytest.mark.parametrize("fields", [{"domains": "pumps"}, {"account": "7"}, {"account": "<b>:7"}])
    def test_what_is_no_company_or_domain_is_refused(self, client: Client, fields: dict[str, str]) -> None:
        sign_in(client, "sales_ops")
        told = {"account": "account:7", "domains": "pumps.example.com", **fields}
        assert record(client, f"{ADD}?account=account:7", **told).status_code == 200
        assert not Suppression.objects.exists()
