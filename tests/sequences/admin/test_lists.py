"""Recipient lists in the admin: what the door says of them, who may load, what waits for a signature."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from compliance import clock
from compliance.models import AuditEntry
from sequences import lists
from sequences.admin import lists as pages
from sequences.models import ImportRun, ListRow, RecipientList
from tests.cast import TUESDAY
from tests.desk import open_row, page, save_row, sign_in, take
from tests.factories import (
    ContactFactory,
    MailboxFactory,
    RecipientListFactory,
    approved_sequence,
    drafted_sequence,
    running_list,
    submitted_list,
)
from tests.handoff.installation import HOSTILE, at_work
from tests.sequences.campaign import opt_out

pytestmark = pytest.mark.django_db


def test_the_page_says_how_many_the_door_refuses_and_why(client: Client) -> None:
    stopped, blank = ContactFactory(), ContactFactory(first_name="")
    opt_out(stopped.address)
    row = submitted_list(TUESDAY, [ContactFactory(), stopped, blank])
    sign_in(client, "cro")
    shown = " ".join(open_row(client, row).split())
    assert "<strong>1</strong><span>may be written to" in shown
    assert "<strong>2</strong><span>refused" in shown
    assert "<strong>1</strong> A value that the text needs is missing" in shown


def test_a_long_list_is_asked_about_on_demand(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_ASKED_AT_ONCE", 1)
    row = submitted_list(TUESDAY, ContactFactory.create_batch(2))
    sign_in(client, "cro")
    assert "<span>may be written to" not in open_row(client, row)
    assert "<span>may be written to" in open_row(client, row, ask=1)


def test_rows_that_wait_for_a_signature_are_counted(client: Client) -> None:
    row = running_list(TUESDAY, [ContactFactory()])
    added = ContactFactory()
    lists.add(row, [(added, added.source, added.basis)], by=row.author, at=TUESDAY)
    sign_in(client, "cro")
    assert "waiting for a signature" in open_row(client, row)


def test_the_cro_signs_a_list_on_its_page(client: Client) -> None:
    MailboxFactory()
    row = submitted_list(TUESDAY, ContactFactory.create_batch(2))
    sign_in(client, "cro")
    assert take(client, row, "sign").status_code == 302
    assert RecipientList.objects.get().state == RecipientList.State.RUNNING


def test_whoever_may_import_finds_the_way_to_load_a_file(client: Client) -> None:
    row = RecipientListFactory(sequence_version=approved_sequence(TUESDAY, steps=1))
    sign_in(client, "sales_ops")
    assert reverse("admin:sequences_recipientlist_import", args=[row.pk]) in open_row(client, row)


def test_whoever_may_not_import_does_not_find_it(client: Client) -> None:
    row = RecipientListFactory(sequence_version=approved_sequence(TUESDAY, steps=1))
    sign_in(client, "cro")
    assert "Load a file" not in open_row(client, row)


def test_a_list_is_made_for_a_signed_sequence_only(client: Client) -> None:
    draft = drafted_sequence(TUESDAY, steps=1)
    sign_in(client, "sales_ops")
    client.post(page(RecipientList, "add"), {"name": "Too early", "sequence_version": draft.pk})
    assert not RecipientList.objects.exists()


def test_a_new_list_is_by_whoever_made_it(client: Client) -> None:
    version = approved_sequence(TUESDAY, steps=1)
    person = sign_in(client, "sales_ops")
    client.post(page(RecipientList, "add"), {"name": "Fair", "sequence_version": version.pk})
    assert RecipientList.objects.get().author == person
    assert AuditEntry.objects.filter(verb="sequences.recipientlist.created").exists()


def test_a_list_is_frozen_from_submission(client: Client) -> None:
    row = submitted_list(TUESDAY, [ContactFactory()])
    sign_in(client, "sales_ops")
    saved = save_row(client, row, name="Another name", sequence_version=row.sequence_version_id)
    assert saved.status_code == 403


def test_an_empty_draft_may_be_deleted(client: Client) -> None:
    row = RecipientListFactory(sequence_version=approved_sequence(TUESDAY, steps=1))
    sign_in(client, "sales_ops")
    client.post(f"/admin/sequences/recipientlist/{row.pk}/delete/", {"post": "yes"})
    assert not RecipientList.objects.exists()


def test_a_list_with_people_stays(client: Client) -> None:
    row = submitted_list(TUESDAY, [ContactFactory()])
    sign_in(client, "root")
    assert client.post(f"/admin/sequences/recipientlist/{row.pk}/delete/", {"post": "yes"}).status_code == 403


def test_people_on_lists_are_told_apart_by_signature(client: Client) -> None:
    running_list(TUESDAY, [ContactFactory()])
    submitted_list(TUESDAY, [ContactFactory()])
    sign_in(client, "cro")
    assert client.get(page(ListRow, "changelist"), {"signed": "no"}).context["cl"].result_count == 1


@pytest.mark.django_db(transaction=True)
def test_a_file_is_shown_row_by_row_and_its_name_as_text(client: Client) -> None:
    at_work()
    sign_in(client, "sales_ops")
    shown = open_row(client, ImportRun.objects.get())
    assert "This is not exactly one plain address." in shown
    assert HOSTILE not in shown


def test_a_row_added_after_the_page_was_shown_is_not_signed_with_it(client: Client) -> None:
    row = running_list(TUESDAY, [ContactFactory()])
    first, second = ContactFactory(), ContactFactory()
    lists.add(row, [(first, first.source, first.basis)], by=row.author, at=TUESDAY)
    sign_in(client, "cro")
    shown = lists.digest_now(row)
    assert shown in open_row(client, row)
    lists.add(row, [(second, second.source, second.basis)], by=row.author, at=TUESDAY)
    assert take(client, row, "sign_changes", digest=shown).status_code == 409
    assert row.rows.filter(signed_leaf="").count() == 2


def test_the_page_says_until_when_the_signature_holds(client: Client) -> None:
    row = running_list(clock.now(), [ContactFactory()])
    sign_in(client, "cro")
    shown = open_row(client, row)
    assert "signature holds until" in shown
    assert "Every row is signed as it stands" in shown


def test_the_page_says_that_a_signature_has_ended_and_offers_to_sign_again(client: Client) -> None:
    row = running_list(clock.now() - timedelta(days=31), [ContactFactory()])
    sign_in(client, "cro")
    shown = open_row(client, row)
    assert "nobody is written to until the list is signed again" in shown
    take(client, row, "sign_changes", digest=lists.digest_now(row))
    assert "signature holds until" in open_row(client, row)
