"""Mailboxes in the admin: passwords go in and never come out, stopping is easy, starting is not."""

import json
import logging
import re
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from compliance import clock
from compliance.models import AuditEntry, Decision, Halt
from sequences.mailboxes import password_of
from sequences.models import Mailbox
from tests.desk import open_row, page, save_row, sign_in, take
from tests.factories import MailboxFactory, playbook_loaded

pytestmark = pytest.mark.django_db
FORM = {"address": "rick@ours.example.com", "name": "Rick", "host": "mail.example.com", "port": "587"}
FORM |= {"security": "starttls", "provider": "google", "username": "rick", "password": "t0p s3cret "}


def test_a_password_is_stored_sealed(client: Client) -> None:
    sign_in(client, "sales_ops")
    client.post(page(Mailbox, "add"), FORM)
    row = Mailbox.objects.get()
    assert "s3cret" not in row.secret
    assert password_of(row) == "t0p s3cret "


def test_a_password_is_shown_and_recorded_nowhere(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    sign_in(client, "sales_ops")
    with caplog.at_level(logging.DEBUG):
        client.post(page(Mailbox, "add"), FORM)
        client.post(page(Mailbox, "add"), FORM)
    row = Mailbox.objects.get()
    kept = json.dumps(list(AuditEntry.objects.values()), default=str) + caplog.text
    shown = open_row(client, row) + client.get(page(Mailbox, "changelist")).content.decode()
    assert "s3cret" not in kept + shown
    assert row.secret not in kept + shown


def test_a_refused_form_does_not_hand_the_password_back(client: Client) -> None:
    sign_in(client, "sales_ops")
    refused = client.post(page(Mailbox, "add"), FORM | {"port": "many"})
    assert refused.status_code == 200
    assert "s3cret" not in refused.content.decode()


def test_an_empty_password_keeps_the_one_that_is_stored(client: Client) -> None:
    row = MailboxFactory(password="kept")
    sign_in(client, "sales_ops")
    save_row(client, row, **FORM | {"address": row.address, "password": "", "host": "other.example.com"})
    saved = Mailbox.objects.get()
    assert (saved.host, password_of(saved)) == ("other.example.com", "kept")


def test_a_new_password_alone_is_saved_and_noted_without_itself(client: Client) -> None:
    row = MailboxFactory(password="old", username="")
    sign_in(client, "sales_ops")
    names = ("address", "name", "host", "port", "security", "provider")
    same: dict[str, Any] = {name: getattr(row, name) for name in names}
    save_row(client, row, **same, username="", password="new")
    assert password_of(Mailbox.objects.get()) == "new"
    assert AuditEntry.objects.get().data == {"fields": ["password"]}


def test_without_encryption_only_this_machine_is_spoken_to(client: Client) -> None:
    sign_in(client, "sales_ops")
    refused = client.post(page(Mailbox, "add"), FORM | {"security": "plain"})
    assert "only a server on this machine" in refused.content.decode()
    assert not Mailbox.objects.exists()


def test_anybody_on_the_staff_stops_a_mailbox_and_says_why(client: Client) -> None:
    row = MailboxFactory()
    sign_in(client, "rep")
    assert f"Stop: Mailbox {row.address}" in open_row(client, row)
    client.post("/admin/compliance/halt/place/", {"scope": row.key, "comment": "Odd bounces"})
    halt = Halt.objects.get()
    assert (halt.scope, halt.reason) == (row.key, "Odd bounces")
    assert "Stands still since" in open_row(client, row)


def test_a_fault_is_mended_by_one_person(client: Client) -> None:
    row = MailboxFactory(state=Mailbox.State.STOPPED, stopped_because="login_refused: 535")
    sign_in(client, "sales_ops")
    take(client, row, "start", comment="A new password")
    assert Mailbox.objects.get().state == Mailbox.State.ACTIVE


def test_who_may_only_stop_sees_no_form(client: Client) -> None:
    row = MailboxFactory(password="kept")
    sign_in(client, "rep")
    shown = open_row(client, row)
    assert "stored, encrypted" in shown
    assert 'name="password"' not in shown


def test_a_mailbox_is_not_deleted_by_anybody(client: Client) -> None:
    row = MailboxFactory()
    sign_in(client, "root")
    assert client.post(f"/admin/sequences/mailbox/{row.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_page_says_how_much_may_leave_and_which_limit_it_is(client: Client) -> None:
    playbook_loaded(caps={})
    row = MailboxFactory(provider="microsoft", created_at=clock.now())
    sign_in(client, "sales_ops")
    shown = open_row(client, row)
    assert "How much may leave" in shown
    for limit in ("a quarter of what the provider allows", "the limit rises day by day", "as built in"):
        assert limit in shown
    assert re.search(r"the limit rises day by day</td><td>0</td><td>20</td><td>now", shown)


def test_the_page_says_when_the_next_may_go(client: Client) -> None:
    playbook_loaded(caps={"mailbox": {"limit": 1, "hours": 48}})
    row = MailboxFactory()
    told = {"attempt": 1, "outcome": "permit", "card": 0, "person": UUID(int=0), "playbook": 1}
    Decision.objects.create(order_no=1, at=clock.now(), ref="1/1", mailbox=row.key, **told)
    sign_in(client, "sales_ops")
    assert re.search(
        r"In a day, here in 48 hours</td><td>the playbook</td><td>1</td><td>1</td><td>\w", open_row(client, row)
    )


def test_without_a_playbook_the_page_opens_all_the_same(client: Client) -> None:
    row = MailboxFactory()
    sign_in(client, "sales_ops")
    assert "No playbook is loaded" in open_row(client, row)


def test_the_provider_is_stated_in_the_form(client: Client) -> None:
    row = MailboxFactory(provider="other")
    sign_in(client, "sales_ops")
    save_row(client, row, **FORM | {"address": row.address, "provider": "microsoft"})
    assert Mailbox.objects.get().provider == "microsoft"
