"""What every page has in common: its history, no second log, no state written back, no script from a name."""

import json

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from compliance.acts import Consent
from compliance.admin_pages import badge, page_of
from compliance.models import AuditEntry
from compliance.principals import SYSTEM
from compliance.sealer import seal_round
from sequences import mailboxes
from sequences.admin.mailboxes import MailboxAdmin
from sequences.models import Account, Contact, Mailbox
from tests.cast import TUESDAY
from tests.desk import open_row, page, save_row, sign_in
from tests.factories import AccountFactory, ContactFactory, MailboxFactory

pytestmark = pytest.mark.django_db
HOSTILE = '"><script>alert(1)</script>'


def test_a_change_is_recorded_with_its_fields_and_without_their_words(client: Client) -> None:
    account = AccountFactory()
    person = sign_in(client, "sales_ops")
    save_row(client, account, name="Secret Name", domain=account.domain, industry="Pumps", ecosystem="Hydraulics")
    entry = AuditEntry.objects.get(verb="sequences.account.edited")
    assert (entry.actor, entry.data["fields"]) == (f"user:{person.pk}", ["name"])
    assert "Secret" not in json.dumps(entry.data)


def test_a_save_without_a_change_is_not_recorded(client: Client) -> None:
    account = AccountFactory()
    sign_in(client, "sales_ops")
    same = {"name": account.name, "domain": account.domain, "industry": "Pumps", "ecosystem": "Hydraulics"}
    assert save_row(client, account, **same).status_code == 302
    assert not AuditEntry.objects.exists()


def test_the_history_names_who_did_what(client: Client) -> None:
    account = AccountFactory()
    person = sign_in(client, "sales_ops")
    save_row(client, account, name="New name", domain=account.domain, industry="", ecosystem="")
    shown = open_row(client, account)
    assert f"<strong>Edited</strong> · {person.get_full_name()}" in " ".join(shown.split())


def test_the_history_says_what_has_no_seal_yet(client: Client) -> None:
    account = AccountFactory()
    sign_in(client, "sales_ops")
    save_row(client, account, name="New name", domain=account.domain, industry="", ecosystem="")
    assert "not yet sealed" in open_row(client, account)
    seal_round(TUESDAY)
    assert "not yet sealed" not in open_row(client, account)


def test_nothing_is_written_to_a_second_log(client: Client) -> None:
    sign_in(client, "sales_ops")
    client.post(page(Account, "add"), {"name": "Pumps", "domain": "", "industry": "", "ecosystem": ""})
    assert Account.objects.exists()
    assert not LogEntry.objects.exists()


def test_a_stop_that_came_while_a_form_was_open_is_not_undone(client: Client) -> None:
    """The form's own copy of the row still says active; only what was typed is written."""
    mailbox = MailboxFactory()
    stale = Mailbox.objects.get(pk=mailbox.pk)
    mailboxes.stop(mailbox, by=SYSTEM, at=TUESDAY, consent=Consent("Looks wrong"))
    stale.name = "Somebody else"
    MailboxAdmin._update(_admin(), stale, ["name"])
    row = Mailbox.objects.get()
    assert (row.name, row.state) == ("Somebody else", Mailbox.State.STOPPED)


def _admin() -> MailboxAdmin:
    return MailboxAdmin(Mailbox, None)


@pytest.mark.parametrize("role", ["sales_ops", "cmo"])
def test_a_script_in_a_name_is_shown_as_text(client: Client, role: str) -> None:
    account = AccountFactory(name=HOSTILE)
    contact = ContactFactory(account=account, first_name=HOSTILE, last_name=HOSTILE, title=HOSTILE)
    sign_in(client, role)
    lists = [client.get(page(model, "changelist")).content.decode() for model in (Account, Contact)]
    shown = [open_row(client, account), open_row(client, contact), *lists]
    assert [HOSTILE in text for text in shown] == [False] * 4


def test_a_badge_escapes_what_it_shows() -> None:
    assert "<b>" not in badge("<b>", "good")


@pytest.mark.parametrize("subject", ["", "nonsense", "sequences.touch:1", "compliance.budget:7"])
def test_a_subject_without_a_page_gives_no_link(subject: str) -> None:
    assert page_of(subject) == ""


def test_scripts_come_from_our_own_files_only(client: Client) -> None:
    sign_in(client, "root")
    policy = client.get("/admin/")["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "'unsafe-inline'" not in policy.split("style-src")[0]


def test_no_page_of_ours_holds_an_inline_script(client: Client) -> None:
    sign_in(client, "root")
    for url in ("/admin/", page(Contact, "changelist"), page(Contact, "add")):
        shown = client.get(url).content.decode()
        assert all("src=" in tag.split(">")[0] for tag in shown.split("<script")[1:])
