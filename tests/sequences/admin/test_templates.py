"""Texts in the admin: written while drafts, frozen afterwards, previewed as somebody would get them."""

import html

import pytest
from django.test import Client

from compliance.models import AuditEntry
from sequences.models import SequenceType, Template, TemplateVersion
from tests.cast import TUESDAY, WORDING
from tests.desk import open_row, page, save_row, sign_in, take
from tests.factories import (
    ContactFactory,
    TemplateFactory,
    TemplateVersionFactory,
    playbook_loaded,
    signed_text,
    submitted_text,
)

pytestmark = pytest.mark.django_db
FORM = {**WORDING, "language": "en", "change_note": ""}


def test_a_new_version_is_by_whoever_wrote_it_and_gets_the_next_number(client: Client) -> None:
    first = signed_text(TUESDAY)
    person = sign_in(client, "content")
    client.post(page(TemplateVersion, "add"), {"template": first.template_id, **FORM})
    second = TemplateVersion.objects.get(number=2)
    assert (second.author, second.template, second.state) == (person, first.template, "draft")


def test_writing_and_editing_are_both_noted(client: Client) -> None:
    playbook_loaded()
    sign_in(client, "content")
    client.post(page(TemplateVersion, "add"), {"template": TemplateFactory().pk, **FORM})
    save_row(client, TemplateVersion.objects.get(), **{**FORM, "subject": "Another"})
    verbs = AuditEntry.objects.filter(verb__startswith="sequences.templateversion").values_list("verb", flat=True)
    assert list(verbs) == ["sequences.templateversion.created", "sequences.templateversion.edited"]


def test_a_new_version_begins_with_the_words_of_the_last(client: Client) -> None:
    last = TemplateVersionFactory(subject="The last words")
    sign_in(client, "content")
    shown = client.get(page(TemplateVersion, "add"), {"template": last.template_id}).content.decode()
    assert 'value="The last words"' in shown


@pytest.mark.parametrize("key", ["²", "nonsense", "-1", "9" * 40])
def test_a_template_that_is_not_there_begins_with_nothing(client: Client, key: str) -> None:
    sign_in(client, "content")
    assert client.get(page(TemplateVersion, "add"), {"template": key}).status_code == 200


def test_a_submitted_text_cannot_be_edited(client: Client) -> None:
    text = submitted_text(TUESDAY)
    sign_in(client, "content")
    assert save_row(client, text, **{**FORM, "subject": "Changed"}).status_code == 403
    assert TemplateVersion.objects.get().subject == WORDING["subject"]


def test_who_only_signs_cannot_edit_a_draft(client: Client) -> None:
    draft = TemplateVersionFactory()
    sign_in(client, "cmo")
    assert save_row(client, draft, **{**FORM, "subject": "Changed"}).status_code == 403


def test_a_draft_may_be_deleted_and_the_deletion_is_recorded(client: Client) -> None:
    draft = TemplateVersionFactory()
    sign_in(client, "content")
    client.post(f"/admin/sequences/templateversion/{draft.pk}/delete/", {"post": "yes"})
    assert not TemplateVersion.objects.exists()
    assert AuditEntry.objects.get().verb == "sequences.templateversion.deleted"


def test_a_rejected_text_stays(client: Client) -> None:
    text = submitted_text(TUESDAY)
    sign_in(client, "root")
    take(client, text, "reject", comment="Too loud.")
    assert client.post(f"/admin/sequences/templateversion/{text.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_template_with_versions_keeps_its_type_and_stays(client: Client) -> None:
    version = TemplateVersionFactory()
    sign_in(client, "root")
    save_row(client, version.template, name="New name", slug="other", sequence_type=SequenceType.ACTIVATION)
    template = Template.objects.get()
    assert (template.name, template.sequence_type) == ("New name", SequenceType.NURTURE)
    assert client.post(f"/admin/sequences/template/{template.pk}/delete/", {"post": "yes"}).status_code == 403


class TestPreview:
    def test_it_shows_what_the_chosen_contact_would_get(self, client: Client) -> None:
        text = submitted_text(TUESDAY)
        ContactFactory(first_name="Grace")
        chosen = ContactFactory(first_name="Ida")
        sign_in(client, "cmo")
        shown = html.unescape(open_row(client, text, **{"as": chosen.pk}))
        assert "Hi Ida," in shown
        assert "Hi Grace," not in shown

    def test_it_shows_an_invented_reader_while_nobody_is_loaded(self, client: Client) -> None:
        text = submitted_text(TUESDAY)
        sign_in(client, "cmo")
        assert "Example Pumps: one question" in open_row(client, text)

    def test_the_html_part_can_run_nothing(self, client: Client) -> None:
        text = submitted_text(TUESDAY)
        ContactFactory(first_name='<img src=x onerror="alert(1)">')
        sign_in(client, "cmo")
        shown = open_row(client, text)
        assert '<iframe class="ho-mail" sandbox="" srcdoc="' in shown
        assert "<img" not in html.unescape(shown.partition('srcdoc="')[2].partition('"')[0])

    def test_the_unsubscribe_link_in_a_preview_opts_nobody_out(self, client: Client) -> None:
        text = submitted_text(TUESDAY)
        sign_in(client, "cmo")
        assert "/u/preview" in open_row(client, text)
        assert client.post("/u/preview").status_code == 404

    def test_a_flaw_is_shown_with_its_part_line_and_column(self, client: Client) -> None:
        playbook_loaded()
        draft = TemplateVersionFactory(body="Hi,\n\nhow is {{ contact.frist_name }}?")
        sign_in(client, "content")
        assert "In “body”, line 3, column 11:" in open_row(client, draft)

    def test_a_missing_value_is_shown_by_its_name(self, client: Client) -> None:
        text = submitted_text(TUESDAY)
        ContactFactory(first_name="")
        sign_in(client, "cmo")
        assert '<code class="ho-code">contact.first_name</code>' in open_row(client, text)

    @pytest.mark.parametrize("key", ["²", "nonsense", "0", "9" * 40])
    def test_a_contact_that_is_not_there_is_the_first_one(self, client: Client, key: str) -> None:
        text = submitted_text(TUESDAY)
        ContactFactory(first_name="Grace")
        sign_in(client, "cmo")
        assert "Hi Grace," in open_row(client, text, **{"as": key})

    def test_pages_open_while_there_is_no_playbook(self, client: Client) -> None:
        draft = TemplateVersionFactory(body="Hi, [Unsubscribe]({{ unsubscribe_url }})")
        sign_in(client, "content")
        assert "none is loaded" in open_row(client, draft)


def test_signatures_are_shown_with_who_and_on_what(client: Client) -> None:
    text = submitted_text(TUESDAY)
    person = sign_in(client, "cmo")
    take(client, text, "approve_messaging", comment="Fine.")
    shown = open_row(client, text)
    assert f"<td>{person.get_full_name()}</td>" in shown
    assert "what it says" in shown


def test_a_text_with_an_unknown_variable_is_refused_naming_the_place_and_nothing_is_lost(client: Client) -> None:
    playbook_loaded(TUESDAY)
    text = TemplateVersionFactory(body=WORDING["body"].replace("account.industry", "account.shoe_size"))
    sign_in(client, "content")
    refused = take(client, text, "submit")
    said = html.unescape(refused.content.decode())
    assert refused.status_code == 409
    assert "body, line 3, column" in said
    assert "account.shoe_size" in said
    assert (TemplateVersion.objects.get().state, TemplateVersion.objects.get().body) == ("draft", text.body)
