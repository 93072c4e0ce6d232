"""Acts on a row's page: open ones as buttons, closed ones with every reason, taken by POST alone."""

import html
import re
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client

from compliance.models import AuditEntry
from sequences.models import Mailbox, RecipientList, SequenceVersion, Signature, TemplateVersion
from tests.cast import TUESDAY
from tests.desk import act_url, open_row, sign_in, take
from tests.factories import (
    ContactFactory,
    MailboxFactory,
    TemplateVersionFactory,
    UserFactory,
    drafted_sequence,
    playbook_loaded,
    running_list,
    submitted_list,
    submitted_text,
)

pytestmark = pytest.mark.django_db


def now(row: Any) -> Any:
    return type(row)._default_manager.get(pk=row.pk)


class TestOnThePage:
    def test_an_open_act_is_a_button_with_a_dialog(self, client: Client) -> None:
        text = submitted_text(TUESDAY)
        sign_in(client, "cmo")
        shown = open_row(client, text)
        assert f'href="{act_url(text, "reject")}" data-dialog="act-reject"' in shown
        assert '<dialog class="ho-dialog" id="act-reject"' in shown

    def test_where_something_is_read_first_the_button_leads_there(self, client: Client) -> None:
        text = submitted_text(TUESDAY)
        sign_in(client, "cmo")
        shown = open_row(client, text)
        assert f'href="{act_url(text, "approve_messaging")}">' in shown
        assert 'id="act-approve_messaging"' not in shown

    def test_a_closed_act_names_its_reasons_before_the_click(self, client: Client) -> None:
        text = submitted_text(TUESDAY)
        sign_in(client, "content")
        shown = open_row(client, text)
        assert 'data-code="not_permitted"' in shown
        assert 'data-code="wrong_state"' in shown
        assert re.findall(r'<dialog[^>]* id="([^"]+)"', shown) == [f"stop-template-{text.template_id}"]

    def test_every_reason_against_submitting_a_draft_is_told(self, client: Client) -> None:
        playbook_loaded()
        draft = TemplateVersionFactory(subject="Re: us", body="Hi {{ contact.first_name }}, buy.")
        sign_in(client, "content")
        assert open_row(client, draft).count('data-code="C') == 3

    def test_the_form_says_what_will_happen_and_which_text_is_meant(self, client: Client) -> None:
        text = submitted_text(TUESDAY)
        sign_in(client, "cmo")
        shown = client.get(act_url(text, "approve_messaging")).content.decode()
        assert "You sign exactly the text shown here." in shown
        assert f'name="digest" value="{text.digest}"' in shown

    def test_the_page_without_scripts_has_the_same_form(self, client: Client) -> None:
        text = submitted_text(TUESDAY)
        sign_in(client, "cmo")
        shown = client.get(act_url(text, "approve_messaging")).content.decode()
        assert f'action="{act_url(text, "approve_messaging")}"' in shown
        assert "csrfmiddlewaretoken" in shown

    def test_the_page_of_a_closed_act_has_reasons_and_no_form(self, client: Client) -> None:
        text = submitted_text(TUESDAY)
        sign_in(client, "cmo")
        shown = client.get(act_url(text, "load")).content.decode()
        assert 'data-code="not_permitted"' in shown
        assert "ho-form" not in shown


class TestTaking:
    def test_an_act_taken_moves_the_row(self, client: Client) -> None:
        text = submitted_text(TUESDAY)
        sign_in(client, "cmo")
        assert take(client, text, "approve_messaging").status_code == 302
        assert now(text).state == TemplateVersion.State.MESSAGING_APPROVED

    def test_the_comment_is_kept_with_the_name_of_who_acted(self, client: Client) -> None:
        text = submitted_text(TUESDAY)
        person = sign_in(client, "cmo")
        take(client, text, "reject", comment="Too loud for us.")
        shown = open_row(client, text)
        assert "Too loud for us." in shown
        assert person.get_full_name() in shown

    def test_a_second_press_is_told_that_it_is_done(self, client: Client) -> None:
        text = submitted_text(TUESDAY)
        sign_in(client, "cmo")
        take(client, text, "approve_messaging")
        again = take(client, text, "approve_messaging")
        assert again.status_code == 409
        assert "Not from the state" in again.content.decode()

    def test_a_text_that_is_not_the_one_shown_is_not_signed(self, client: Client) -> None:
        text = submitted_text(TUESDAY)
        sign_in(client, "cmo")
        assert take(client, text, "approve_messaging", digest="0" * 64).status_code == 409
        assert not Signature.objects.exists()

    def test_a_comment_that_is_required_must_be_there(self, client: Client) -> None:
        text = submitted_text(TUESDAY)
        sign_in(client, "cmo")
        refused = take(client, text, "reject", comment="   ")
        assert "Please say why" in refused.content.decode()
        assert now(text).state == TemplateVersion.State.SUBMITTED

    def test_what_was_typed_is_not_lost_in_a_refusal(self, client: Client) -> None:
        text = submitted_text(TUESDAY)
        sign_in(client, "cmo")
        refused = take(client, text, "approve_messaging", comment="Lovely.", digest="0" * 64)
        assert ">Lovely.</textarea>" in refused.content.decode()


class TestAuthors:
    def test_the_author_is_refused_with_the_reason(self, client: Client) -> None:
        author = UserFactory(roles=["content", "cmo"])
        text = submitted_text(TUESDAY, author=author)
        client.force_login(author)
        refused = take(client, text, "approve_messaging")
        assert "Who wrote or edited a text does not sign it." in refused.content.decode()
        assert now(text).state == TemplateVersion.State.SUBMITTED

    def test_a_superuser_who_wrote_the_text_is_refused_too(self, client: Client) -> None:
        author = UserFactory(is_superuser=True)
        text = submitted_text(TUESDAY, author=author)
        client.force_login(author)
        assert take(client, text, "approve_messaging").status_code == 409
        assert not Signature.objects.exists()

    def test_who_edited_the_draft_may_not_sign_either(self, client: Client) -> None:
        playbook_loaded()
        draft = TemplateVersionFactory()
        editor = UserFactory(is_superuser=True)
        client.force_login(editor)
        client.post(
            f"/admin/sequences/templateversion/{draft.pk}/change/",
            {"subject": draft.subject, "preview": "Shorter", "body": draft.body, "language": "en", "change_note": ""},
        )
        take(client, now(draft), "submit")
        assert take(client, now(draft), "approve_messaging").status_code == 409


class TestCrafted:
    @pytest.mark.parametrize("role", ["content", "cro", "sales_ops", "legal", "chief_of_staff"])
    def test_a_role_without_the_arrow_changes_nothing(self, client: Client, role: str) -> None:
        text = submitted_text(TUESDAY)
        sign_in(client, role)
        assert take(client, text, "approve_messaging").status_code == 409
        assert now(text).state == TemplateVersion.State.SUBMITTED

    def test_who_may_not_see_the_row_is_sent_away(self, client: Client) -> None:
        row = submitted_list(TUESDAY, [ContactFactory()])
        sign_in(client, "rep")
        assert take(client, row, "withdraw", comment="mine now").status_code == 403
        assert now(row).state == RecipientList.State.SUBMITTED

    def test_nobody_acts_without_having_signed_in(self, client: Client) -> None:
        text = submitted_text(TUESDAY)
        assert take(client, text, "approve_messaging").status_code == 302
        assert now(text).state == TemplateVersion.State.SUBMITTED

    def test_a_form_without_its_token_is_refused(self) -> None:
        text = submitted_text(TUESDAY)
        strict = Client(enforce_csrf_checks=True)
        sign_in(strict, "cmo")
        assert take(strict, text, "approve_messaging").status_code == 403
        assert now(text).state == TemplateVersion.State.SUBMITTED

    @pytest.mark.parametrize("arrow", ["nonsense", "claim", "delete"])
    def test_an_arrow_that_is_not_offered_is_not_found(self, client: Client, arrow: str) -> None:
        text = submitted_text(TUESDAY)
        sign_in(client, "root")
        assert take(client, text, arrow).status_code == 404

    def test_a_row_that_is_not_there_is_not_found(self, client: Client) -> None:
        sign_in(client, "root")
        assert client.post("/admin/sequences/mailbox/99/act/stop/").status_code == 404


def test_an_act_that_needs_the_playbook_says_that_there_is_none(client: Client) -> None:
    draft = TemplateVersionFactory(body="Hi, [Unsubscribe]({{ unsubscribe_url }})")
    sign_in(client, "content")
    answer = client.post(act_url(draft, "submit"), follow=True)
    assert "No playbook is loaded" in answer.content.decode()
    assert now(draft).state == TemplateVersion.State.DRAFT


def changes() -> int:
    """How many entries of the log are about more than a look."""
    return AuditEntry.objects.exclude(verb__startswith="personal.").count()


def test_asking_for_an_act_changes_nothing(client: Client) -> None:
    rows: list[Model] = [
        submitted_text(TUESDAY),
        drafted_sequence(TUESDAY, steps=1),
        running_list(TUESDAY, [ContactFactory()]),
        MailboxFactory(),
    ]
    sign_in(client, "root")
    arrows = {"approve_messaging", "submit", "withdraw", "sign_changes", "stop", "reject"}
    before = [(now(row).state, changes()) for row in rows]
    for row in rows:
        for arrow in arrows:
            client.get(act_url(row, arrow), {"comment": "please", "confirm": "yes"})
    assert [(now(row).state, changes()) for row in rows] == before


# Which role finds which act open on a row in the state where that act is due.
OPEN = {
    ("template", "submit"): {"content"},
    ("template", "approve_messaging"): {"cmo"},
    ("template", "reject"): {"cmo", "cro"},
    ("sequence", "submit"): {"sales_ops"},
    ("sequence", "approve"): {"cro"},
    ("list", "sign"): {"cro"},
    ("list", "reject"): {"cro"},
    ("list", "withdraw"): {"cro", "legal", "sales_ops"},
    ("mailbox", "start"): {"sales_ops"},
}
STAFF = ("content", "cmo", "cro", "sales_ops", "rep", "legal", "chief_of_staff")


def _due(noun: str, arrow: str) -> Model:
    if noun == "template":
        playbook_loaded()
        return TemplateVersionFactory() if arrow == "submit" else submitted_text(TUESDAY)
    if noun == "sequence":
        draft = drafted_sequence(TUESDAY, steps=1)
        return draft if arrow == "submit" else _submitted(draft)
    if noun == "list":
        MailboxFactory()
        return submitted_list(TUESDAY, [ContactFactory()])
    return MailboxFactory(state=Mailbox.State.STOPPED if arrow == "start" else Mailbox.State.ACTIVE)


def _submitted(draft: SequenceVersion) -> SequenceVersion:
    other = Client()
    sign_in(other, "sales_ops")
    take(other, draft, "submit")
    return SequenceVersion.objects.get(pk=draft.pk)


@pytest.mark.parametrize(("noun", "arrow"), OPEN)
def test_an_act_is_open_to_its_roles_and_to_nobody_else(noun: str, arrow: str) -> None:
    row = _due(noun, arrow)
    assert {role for role in STAFF if _is_open(row, arrow, role)} == OPEN[(noun, arrow)]


def _is_open(row: Model, arrow: str, role: str) -> bool:
    client = Client()
    sign_in(client, role)
    return "ho-form" in html.unescape(client.get(act_url(row, arrow)).content.decode())


def test_only_sales_ops_says_what_became_of_a_message_in_doubt() -> None:
    may = {role: UserFactory(role=role).has_perm("sequences.resolve_outboundmessage") for role in STAFF}
    assert [role for role in STAFF if may[role]] == ["sales_ops"]


def test_only_sales_ops_has_a_message_in_doubt_sent_again() -> None:
    may = {role: UserFactory(role=role).has_perm("sequences.resend_outboundmessage") for role in STAFF}
    assert [role for role in STAFF if may[role]] == ["sales_ops"]
