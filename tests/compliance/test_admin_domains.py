"""Sending domains in the admin: what was found, what to do, a look at once, selectors for who sets up senders."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from compliance import domains
from compliance.models import AuditEntry, DomainCheck, SendingDomain
from compliance.principals import SYSTEM
from tests.cast import TUESDAY
from tests.desk import open_row, page, save_row, sign_in
from tests.domain_of_ours import OURS, SELECTOR, sound, with_spf
from tests.nameserver import Records

pytestmark = pytest.mark.django_db

Start = Callable[[Records], None]


@pytest.fixture
def ours() -> SendingDomain:
    return SendingDomain.objects.create(domain=OURS, selectors=SELECTOR, created_at=TUESDAY)


def check_url(row: SendingDomain) -> str:
    return reverse("admin:compliance_sendingdomain_check", args=[row.pk])


def test_the_list_says_what_stands_still(client: Client, ours: SendingDomain) -> None:
    sign_in(client, "cro")
    assert "not known: nothing is sent from it" in client.get(page(SendingDomain, "changelist")).content.decode()


def test_the_page_says_what_is_wrong_and_what_mends_it(client: Client, nameserver: Start, ours: SendingDomain) -> None:
    nameserver(with_spf("v=spf1 +all"))
    domains.check(ours, by=SYSTEM, at=TUESDAY)
    sign_in(client, "sales_ops")
    shown = open_row(client, ours)
    assert "it lets everybody in the world send in your name" in shown
    assert "End it with -all or ~all" in shown


def test_what_strangers_wrote_is_no_markup(client: Client, nameserver: Start, ours: SendingDomain) -> None:
    nameserver(with_spf("v=spf1 <script>alert(1)</script>"))
    domains.check(ours, by=SYSTEM, at=TUESDAY)
    sign_in(client, "sales_ops")
    shown = open_row(client, ours)
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert(1)" in shown


def test_a_person_has_it_looked_at_now(client: Client, nameserver: Start, ours: SendingDomain) -> None:
    nameserver(sound())
    user = sign_in(client, "cmo")
    assert "Look again now" in open_row(client, ours)
    said = client.post(check_url(ours), follow=True).content.decode()
    assert f"Looked at {OURS}: passes" in said
    assert AuditEntry.objects.get(verb="sendingdomain.passes").actor == f"user:{user.pk}"


def test_opening_the_address_looks_at_nothing(client: Client, ours: SendingDomain) -> None:
    sign_in(client, "cmo")
    assert client.get(check_url(ours)).status_code == 405
    assert not DomainCheck.objects.exists()


def test_who_may_not_has_no_button_and_is_refused(client: Client, ours: SendingDomain) -> None:
    sign_in(client, "rep")
    assert client.post(check_url(ours)).status_code == 403
    assert not DomainCheck.objects.exists()


def test_one_that_is_not_there_is_not_found(client: Client) -> None:
    sign_in(client, "cmo")
    assert client.post(reverse("admin:compliance_sendingdomain_check", args=[99])).status_code == 404


@pytest.mark.parametrize(("said", "kept"), [("s2 google", "s2 google"), ("s1 & s2", SELECTOR), ("-a", SELECTOR)])
def test_sales_ops_says_which_keys_are_in_use(client: Client, ours: SendingDomain, said: str, kept: str) -> None:
    sign_in(client, "sales_ops")
    save_row(client, ours, selectors=said)
    assert SendingDomain.objects.get().selectors == kept


def test_nobody_else_does(client: Client, ours: SendingDomain) -> None:
    sign_in(client, "cmo")
    assert save_row(client, ours, selectors="s2").status_code == 403
