"""What the CRO and the CMO read before they sign, on the page where they sign (LAW APR-04)."""

import html

import pytest
from django.test import Client

from compliance.models import AuditEntry
from sequences.models import Account, Contact, Mailbox, RecipientList, Step, TemplateVersion
from tests.cast import TUESDAY, WORDING
from tests.desk import act_url, open_row, sign_in, take, token_shown
from tests.factories import (
    ContactFactory,
    MailboxFactory,
    SequenceVersionFactory,
    TemplateVersionFactory,
    approved_sequence,
    running_list,
    signed_text,
    submitted_list,
    submitted_text,
)
from tests.sequences.campaign import opt_out

pytestmark = pytest.mark.django_db


def shown(client: Client, row: object, arrow: str, **query: str) -> str:
    answer = client.get(act_url(row, arrow), query)  # type: ignore[arg-type]
    return html.unescape(answer.content.decode())


def a_list() -> RecipientList:
    MailboxFactory()
    people = [ContactFactory(first_name="Łucja"), *ContactFactory.create_batch(3), ContactFactory(country="CH")]
    return submitted_list(TUESDAY, people, approved_sequence(TUESDAY, steps=2))


class TestAList:
    def test_shows_messages_counts_news_and_writers_above_the_form(self, client: Client) -> None:
        row = a_list()
        opt_out(Contact.objects.order_by("-pk")[1].address)
        sign_in(client, "cro")
        page = shown(client, row, "sign")
        places = [
            page.index(said)
            for said in (
                "4 people of 5 would be written to.",
                "The person must not be written to",
                f"Rick Halvorsen <{Mailbox.objects.get().address}>",
                "Hi Łucja,",
                "No earlier version of this text has been approved",
                row.author.get_full_name(),
                'name="token"',
            )
        ]
        assert places == sorted(places)
        assert "the most unusual characters" in page
        assert "the country CH" in page

    def test_a_look_at_so_many_people_is_recorded(self, client: Client) -> None:
        row = a_list()
        sign_in(client, "cro")
        shown(client, row, "sign")
        entry = AuditEntry.objects.get(verb="personal.viewed")
        assert (entry.subject, entry.data["rows"]) == (f"sequences.recipientlist:{row.pk}", 5)

    def test_is_signed_with_the_token_of_the_page_and_not_without(self, client: Client) -> None:
        row = a_list()
        sign_in(client, "cro")
        refused = take(client, row, "sign", token="", comment="Blind.")
        assert refused.status_code == 409
        assert "Look at what you are about to sign first" in refused.content.decode()
        assert ">Blind.</textarea>" in refused.content.decode()
        assert take(client, row, "sign").status_code == 302

    def test_that_changed_meanwhile_is_shown_again_with_another_token(self, client: Client) -> None:
        row = running_list(TUESDAY, ContactFactory.create_batch(2))
        Account.objects.filter(contacts=Contact.objects.order_by("pk")[0]).update(name="First Ltd")
        sign_in(client, "cro")
        token = token_shown(client, row, "sign_changes")
        Account.objects.filter(contacts=Contact.objects.order_by("pk")[0]).update(name="Second Ltd")
        refused = take(client, row, "sign_changes", token=token, digest="")
        assert refused.status_code == 409
        assert "not what you were shown any more" in refused.content.decode()
        assert "Second Ltd: one question" in refused.content.decode()
        assert token not in refused.content.decode()

    def test_rows_that_changed_since_the_signature_are_shown(self, client: Client) -> None:
        row = running_list(TUESDAY, ContactFactory.create_batch(9))
        Account.objects.filter(contacts=Contact.objects.order_by("-pk")[0]).update(name="Renamed Ltd")
        sign_in(client, "cro")
        page = shown(client, row, "sign_changes")
        assert "waits for a signature" in page
        assert "Renamed Ltd: one question" in page

    def test_who_may_not_sign_is_shown_nobody(self, client: Client) -> None:
        row = a_list()
        sign_in(client, "sales_ops")
        page = shown(client, row, "sign")
        assert "Hi Łucja," not in page
        assert 'name="token"' not in page


class TestAText:
    def test_shows_the_preview_and_what_is_new(self, client: Client) -> None:
        first = signed_text(TUESDAY)
        newer = WORDING["body"].replace("the plan for maintenance", "the plan for repairs")
        text = submitted_text(TUESDAY, template=first.template, number=2, body=newer)
        sign_in(client, "cmo")
        page = shown(client, text, "approve_messaging")
        assert "Example Pumps: one question" in page
        assert "<del>maintenance</del><ins>repairs</ins>" in page
        assert text.author.get_full_name() in page

    def test_what_is_new_stands_on_its_page_as_well(self, client: Client) -> None:
        first = signed_text(TUESDAY)
        text = submitted_text(TUESDAY, template=first.template, number=2, preview="Shorter")
        sign_in(client, "cro")
        assert "<ins>Shorter</ins>" in open_row(client, text)

    def test_is_read_as_an_invented_reader_when_the_first_contact_lacks_a_value(self, client: Client) -> None:
        ContactFactory(first_name="")
        text = submitted_text(TUESDAY)
        sign_in(client, "cmo")
        assert "Hi Ada," in shown(client, text, "approve_messaging")
        assert take(client, text, "approve_messaging").status_code == 302

    def test_that_cannot_be_read_as_somebody_chosen_is_not_signed_that_way(self, client: Client) -> None:
        lacking = ContactFactory(first_name="")
        text = submitted_text(TUESDAY)
        sign_in(client, "cmo")
        page = shown(client, text, "approve_messaging", **{"as": str(lacking.pk)})
        assert "contact.first_name" in page
        assert 'name="token"' not in page

    def test_nothing_of_a_text_can_speak_for_the_page(self, client: Client) -> None:
        first = signed_text(TUESDAY)
        text = submitted_text(TUESDAY, template=first.template, number=2, preview="</ins><script>alert(1)</script>")
        sign_in(client, "cmo")
        assert "<script>alert" not in client.get(act_url(text, "approve_messaging")).content.decode()


def test_another_wait_and_another_text_are_told_to_who_signs_a_list(client: Client) -> None:
    first = approved_sequence(TUESDAY, steps=2)
    one, two = (step.template_version for step in first.steps.order_by("position"))
    newer = TemplateVersionFactory(
        template=two.template, number=2, subject="Other", body=two.body, state=TemplateVersion.State.LOADED
    )
    version = SequenceVersionFactory(sequence=first.sequence, number=2, state="approved")
    for position, (text, wait) in enumerate([(one, 0), (newer, 21)], start=1):
        Step.objects.create(version=version, position=position, template_version=text, wait_days=wait)
    MailboxFactory()
    row = submitted_list(TUESDAY, [ContactFactory()], version)
    sign_in(client, "cro")
    page = shown(client, row, "sign")
    assert "another wait" in page
    assert "<ins>Other</ins>" in page
    assert "As approved before: version 1." in page
