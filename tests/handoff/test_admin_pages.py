"""Every page of the admin opens, for a superuser and, read-only, for whoever may look at it."""

import html
from collections.abc import Sequence
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from compliance.models import AuditEntry
from handoff.models import Lead
from sequences.models import (
    Contact,
    Enrollment,
    ImportRun,
    InboundMessage,
    Mailbox,
    OutboundMessage,
    RecipientList,
    TemplateVersion,
)
from tests.cast import PASSWORD, TUESDAY
from tests.factories import ContactFactory, UserFactory, playbook_loaded, running_list, signed_text
from tests.handoff.installation import at_work

MODELS: Sequence[type[Model]] = sorted(admin.site._registry, key=lambda model: model._meta.label)
NO_ADDING = {"AuditEntry", "Decision", "Enrollment", "Group", "Halt", "ImportRun", "InboundMessage", "ListRow"}
NO_ADDING |= {
    "EarlierOptOuts",
    "Heartbeat",
    "Installation",
    "JournalHost",
    "Lift",
    "LiftRequest",
    "OutboundMessage",
    "SendingDomain",
}
NO_ADDING |= {"Briefing", "Finding", "Handoff", "Lead", "Proposal", "Signal", "StageMove", "Task"}


@pytest.fixture
def root(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root", "root@ours.example.com", PASSWORD))
    return client


@pytest.fixture
def chief(client: Client) -> Client:
    """Somebody who may look at everything and change nothing."""
    client.force_login(UserFactory(role="chief_of_staff"))
    return client


def page(model: type[Model], what: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{what}", args=args)


def first(model: type[Model]) -> Model:
    row = model._default_manager.order_by("pk").first()
    assert row is not None
    return row


@pytest.mark.django_db(transaction=True)
class TestAtWork:
    def test_every_list_opens(self, root: Client) -> None:
        at_work()
        assert {model.__name__: root.get(page(model, "changelist")).status_code for model in MODELS} == {
            model.__name__: 200 for model in MODELS
        }

    def test_every_row_opens(self, root: Client) -> None:
        at_work()
        found = {model.__name__: root.get(page(model, "change", first(model).pk)).status_code for model in MODELS}
        assert found == {model.__name__: 200 for model in MODELS}

    def test_who_may_only_look_sees_every_row(self, chief: Client) -> None:
        at_work()
        found = {model.__name__: chief.get(page(model, "change", first(model).pk)).status_code for model in MODELS}
        assert found == {model.__name__: 200 for model in MODELS}

    def test_a_message_says_why_it_went(self, root: Client) -> None:
        at_work()
        shown = root.get(page(OutboundMessage, "change", first(OutboundMessage).pk)).content.decode()
        assert "No stop holds" in shown
        assert "The text is signed three times" in shown

    def test_a_message_shows_its_exact_text(self, root: Client) -> None:
        at_work()
        shown = root.get(page(OutboundMessage, "change", first(OutboundMessage).pk)).content.decode()
        assert "Hi Ada,\r\n" in shown


@pytest.mark.django_db
class TestForms:
    def test_every_form_for_a_new_row_opens(self, root: Client) -> None:
        playbook_loaded()
        found = {model.__name__: root.get(page(model, "add")).status_code for model in MODELS}
        assert found == {model.__name__: 403 if model.__name__ in NO_ADDING else 200 for model in MODELS}

    @pytest.mark.parametrize("model", [Contact, Enrollment, ImportRun, InboundMessage, Lead, Mailbox, OutboundMessage])
    def test_an_empty_list_says_what_would_be_there(self, root: Client, model: type[Model]) -> None:
        shown = html.unescape(root.get(page(model, "changelist")).content.decode())
        assert str(admin.site._registry[model].help_when_empty) in shown  # type: ignore[attr-defined]

    def test_evidence_cannot_be_deleted_by_anybody(self, root: Client) -> None:
        signed_text(TUESDAY)
        entry, text = AuditEntry.objects.order_by("pk")[0], TemplateVersion.objects.get()
        assert root.post(page(AuditEntry, "delete", entry.pk), {"post": "yes"}).status_code == 403
        assert root.post(page(TemplateVersion, "delete", text.pk), {"post": "yes"}).status_code == 403

    def test_pages_open_without_a_playbook(self, root: Client) -> None:
        shown = root.get(reverse("admin:index"))
        assert shown.status_code == 200


@pytest.mark.django_db
class TestManyRows:
    @pytest.mark.parametrize("model", [Contact, Enrollment, RecipientList])
    def test_a_list_of_more_rows_asks_no_more_questions(self, root: Client, model: type[Model]) -> None:
        running_list(TUESDAY, ContactFactory.create_batch(2))
        root.get(page(model, "changelist"))
        with CaptureQueriesContext(
            connection,
        ) as few:
            root.get(page(model, "changelist"))
        running_list(TUESDAY, ContactFactory.create_batch(4))
        with CaptureQueriesContext(connection) as many:
            root.get(page(model, "changelist"))
        assert len(many) <= len(few) + 1
