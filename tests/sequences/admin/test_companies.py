"""A company's page says which company it is, and lets those who may merge it after seeing what it means."""

import re

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from compliance.acts import Consent
from compliance.admin_pages import page_of
from compliance.audit import reference
from sequences import company_merging
from sequences.models import Account, Contact
from tests.cast import TUESDAY
from tests.desk import open_row, page, save_row, sign_in
from tests.factories import AccountFactory, ContactFactory, UserFactory, playbook_loaded
from tests.sequences.campaign import under_way

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_playbook() -> None:
    playbook_loaded()


def url(row: Account) -> str:
    return reverse("admin:sequences_account_merge", args=[row.pk])


def send(client: Client, row: Account, **fields: object) -> HttpResponse:
    response: HttpResponse = client.post(url(row), fields)  # type: ignore[assignment]
    return response


def text(response: HttpResponse) -> str:
    return response.content.decode()


def looked_at(client: Client, row: Account, other: Account) -> dict[str, str]:
    """The hidden fields of the page that says what would happen."""
    shown = text(send(client, row, who=other.domain))
    return dict(re.findall(r'type="hidden" name="(other|seen)" value="([^"]*)"', shown))


def test_first_it_is_shown_what_would_happen_and_nothing_does(client: Client) -> None:
    kept, other = AccountFactory.create_batch(2)
    under_way(people=[ContactFactory(account=other)])
    sign_in(client, "sales_ops")
    shown = text(send(client, kept, who=f"@{other.domain.upper()}"))
    assert "1 person goes over" in shown
    assert "1 passage goes on" in shown
    assert not Account.objects.filter(merged_into__isnull=False).exists()


def test_then_it_is_done(client: Client) -> None:
    kept, other = AccountFactory.create_batch(2)
    contact = ContactFactory(account=other)
    sign_in(client, "cro")
    done = send(client, kept, **looked_at(client, kept, other), comment="One register entry")
    assert (done.status_code, done["Location"]) == (302, page_of(reference(kept)))
    assert Contact.objects.get(pk=contact.pk).account == kept
    assert other.domain in open_row(client, kept)


def test_what_changed_meanwhile_is_shown_again(client: Client) -> None:
    kept, other = AccountFactory.create_batch(2)
    sign_in(client, "sales_ops")
    seen = looked_at(client, kept, other)
    ContactFactory(account=other)
    again = send(client, kept, **seen, comment="One register entry")
    assert again.status_code == 409
    assert "Something changed" in text(again)
    assert not Account.objects.filter(merged_into__isnull=False).exists()


def test_without_saying_why_nothing_happens(client: Client) -> None:
    kept, other = AccountFactory.create_batch(2)
    sign_in(client, "sales_ops")
    assert 'data-code="comment_missing"' in text(send(client, kept, **looked_at(client, kept, other), comment=" "))


@pytest.mark.parametrize(
    ("who", "code"), [("nobody.example", "unknown_account"), ("", "unknown_account"), ("Twice Ltd", "ambiguous")]
)
def test_a_name_that_leads_nowhere_is_told(client: Client, who: str, code: str) -> None:
    AccountFactory.create_batch(2, name="Twice Ltd")
    sign_in(client, "sales_ops")
    assert f'data-code="{code}"' in text(send(client, AccountFactory(), who=who))


def test_the_account_itself_is_refused(client: Client) -> None:
    kept = AccountFactory()
    sign_in(client, "sales_ops")
    assert 'data-code="one_already"' in text(send(client, kept, who=kept.name))


def test_who_may_not_is_told_so_and_does_nothing(client: Client) -> None:
    kept, other = AccountFactory.create_batch(2)
    sign_in(client, "rep")
    assert 'data-code="not_permitted"' in open_row(client, kept)
    assert send(client, kept, other=other.pk, seen="", comment="Ha").status_code == 409
    assert not Account.objects.filter(merged_into__isnull=False).exists()


class TestAfterwards:
    @pytest.fixture
    def former(self) -> Account:
        kept, other = AccountFactory.create_batch(2)
        by = UserFactory(role="sales_ops")
        company_merging.merge_accounts(kept, other, by=by, at=TUESDAY, consent=Consent("One firm"))
        return Account.objects.get(pk=other.pk)

    def test_its_page_leads_to_the_company_it_is_now_and_is_not_edited(self, client: Client, former: Account) -> None:
        sign_in(client, "sales_ops")
        shown = open_row(client, former)
        assert former.merged_into
        assert page_of(reference(former.merged_into)) in shown
        assert 'name="domain"' not in shown
        assert save_row(client, former, name="x", domain="x.example").status_code == 403

    def test_somebody_who_is_put_there_by_hand_comes_to_the_company(self, client: Client, former: Account) -> None:
        sign_in(client, "sales_ops")
        client.post(page(Contact, "add"), {"address": "ada@valves.example.com", "account": former.pk})
        assert Contact.objects.get().account == former.merged_into
