"""Where the answers to a mailbox are read is said on its page, and whether they are."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from compliance import vault
from compliance.models import AuditEntry
from sequences.mailboxes import inbox_login
from sequences.models import Inbox, InboxFolder, Mailbox
from tests.cast import TUESDAY
from tests.desk import open_row, page, save_row, sign_in
from tests.factories import MailboxFactory
from tests.sequences.admin.test_mailboxes import FORM

pytestmark = pytest.mark.django_db
READING = {"imap_host": "imap.example.com", "imap_port": "993", "imap_security": "tls", "imap_folders": "INBOX, Junk"}


def test_an_inbox_is_named_with_a_password_of_its_own(client: Client) -> None:
    sign_in(client, "sales_ops")
    client.post(page(Mailbox, "add"), FORM | READING | {"imap_username": "ear", "imap_password": " l1sten "})
    row = Mailbox.objects.get()
    assert "l1sten" not in row.imap_secret + json.dumps(list(AuditEntry.objects.values()), default=str)
    assert (row.imap_folders, inbox_login(row)) == ("INBOX, Junk", ("ear", " l1sten "))


def test_without_one_it_is_read_with_the_password_for_sending(client: Client) -> None:
    sign_in(client, "sales_ops")
    client.post(page(Mailbox, "add"), FORM | READING)
    assert inbox_login(Mailbox.objects.get()) == ("rick", "t0p s3cret ")


def test_what_is_left_out_or_emptied_is_as_it_always_is(client: Client) -> None:
    sign_in(client, "sales_ops")
    client.post(page(Mailbox, "add"), FORM | {"imap_port": "", "imap_security": ""})
    row = Mailbox.objects.get()
    assert (row.imap_host, row.imap_port, row.imap_security, row.imap_folders) == ("", 993, "tls", "INBOX")


def test_a_form_that_does_not_speak_of_it_changes_nothing_of_it(client: Client) -> None:
    row = MailboxFactory(
        imap_host="imap.example.com", imap_port=1993, imap_folders="All", imap_secret=vault.seal("kept")
    )
    sign_in(client, "sales_ops")
    save_row(client, row, **FORM | {"address": row.address})
    row = Mailbox.objects.get()
    assert (row.imap_host, row.imap_port, row.imap_folders) == ("imap.example.com", 1993, "All")
    assert inbox_login(row)[1] == "kept"


def test_in_the_clear_only_this_machine_is_read(client: Client) -> None:
    sign_in(client, "sales_ops")
    refused = client.post(page(Mailbox, "add"), FORM | READING | {"imap_security": "plain"})
    assert "only a server on this machine" in refused.content.decode()
    assert not Mailbox.objects.exists()


def test_the_page_says_when_it_was_read_and_what_went_wrong(client: Client) -> None:
    row = MailboxFactory(imap_host="imap.example.com")
    told = {"read_at": TUESDAY, "error": "LoginError: <b>no</b>", "failed_at": TUESDAY + timedelta(minutes=5)}
    inbox = Inbox.objects.create(mailbox=row, since=TUESDAY.date(), **told)
    InboxFolder.objects.create(inbox=inbox, name="INBOX", last_uid=4711)
    sign_in(client, "rep")
    shown = open_row(client, row)
    for words in ("Last read to its end", "Last error", "LoginError: &lt;b&gt;no", "read up to number 4711"):
        assert words in shown


@pytest.mark.parametrize(
    ("host", "words"), [("", "Nobody reads the answers"), ("imap.example.com", "not been read to its end yet")]
)
def test_the_page_says_that_nobody_has_read_it(client: Client, host: str, words: str) -> None:
    row = MailboxFactory(imap_host=host)
    sign_in(client, "rep")
    assert words in open_row(client, row)
