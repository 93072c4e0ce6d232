"""What one message says, frozen once: headers, threads, tokens (LAW MSG-05, THR-01, THR-03, HDR-01, HDR-02, UNS-01)."""

import email
import email.policy
from datetime import timedelta
from email.message import EmailMessage

import pytest
from django.db import connection
from django.db.models import F
from django.test import override_settings

from compliance import tokens
from compliance.models import AddressCard
from sequences import letters, planner
from sequences.models import Contact, Enrollment, Mailbox, OutboundMessage
from sequences.render import MissingValue, UnsafeValue
from tests.cast import PLAYBOOK, TUESDAY
from tests.sequences.campaign import State, message, under_way

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

DAY = timedelta(days=1)
KEYS = {1: bytes(32), 2: bytes(range(32))}


@pytest.fixture
def planned() -> OutboundMessage:
    """The first message of a passage of three steps."""
    under_way(steps=3)
    planner.plan_round(TUESDAY)
    return message()


def read(row: OutboundMessage) -> EmailMessage:
    """The letter as a reader's programme takes it apart."""
    found = email.message_from_bytes(letters.freeze(row, TUESDAY), policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def came_to(row: OutboundMessage, state: str) -> OutboundMessage:
    """The next message, when this one came to that."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE sequences_outboundmessage SET state = %s WHERE id = %s", [state, row.pk])
    Enrollment.objects.update(next_step=F("next_step") + 1, due_at=TUESDAY)
    planner.plan_round(TUESDAY)
    return OutboundMessage.objects.order_by("-step")[0]


class TestWhatIsSaid:
    def test_it_goes_from_the_mailbox_to_the_person(self, planned: OutboundMessage) -> None:
        letter, mailbox = read(planned), Mailbox.objects.get()
        assert letter["From"] == f"{mailbox.name} <{mailbox.address}>"
        assert letter["To"] == Contact.objects.get().address

    def test_the_values_are_the_persons(self, planned: OutboundMessage) -> None:
        contact, letter = Contact.objects.get(), read(planned)
        assert contact.account is not None
        assert letter["Subject"] == f"{contact.account.name}: one question"
        assert f"Hi {contact.first_name}," in text_of(letter)

    def test_our_address_stands_in_both_parts(self, planned: OutboundMessage) -> None:
        letter = read(planned)
        for kind in ("plain", "html"):
            assert PLAYBOOK["sender"]["postal_address"] in " ".join(text_of(letter, kind).split())

    def test_it_bears_the_message_id_of_its_row_and_the_moment_of_its_first_try(self, planned: OutboundMessage) -> None:
        letter = read(planned)
        assert letter["Message-ID"] == planned.message_id
        assert letter["Date"].datetime == TUESDAY

    def test_the_same_row_gives_the_same_bytes(self, planned: OutboundMessage) -> None:
        assert letters.freeze(planned, TUESDAY) == letters.freeze(planned, TUESDAY)

    def test_a_missing_value_is_an_error_with_its_name(self, planned: OutboundMessage) -> None:
        planned.enrollment.contact.first_name = "  "
        with pytest.raises(MissingValue, match=r"contact\.first_name"):
            letters.freeze(planned, TUESDAY)

    def test_a_value_with_a_line_end_is_an_error(self, planned: OutboundMessage) -> None:
        planned.enrollment.contact.first_name = "Ada\r\nBcc: all@example.com"
        with pytest.raises(UnsafeValue):
            letters.freeze(planned, TUESDAY)


class TestOptingOut:
    def test_link_and_mail_lead_to_the_same_person(self, planned: OutboundMessage) -> None:
        link, mail = read(planned)["List-Unsubscribe"].split(", ")
        found = [tokens.read(tokens.Purpose.UNSUBSCRIBE, one) for one in (token_of(link, "/u/"), token_of(mail, ":u-"))]
        assert found[0] == found[1]
        assert found[0] is not None
        assert found[0].message == planned.pk

    def test_one_click_is_announced(self, planned: OutboundMessage) -> None:
        assert read(planned)["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    def test_the_link_in_the_text_is_the_one_in_the_header(self, planned: OutboundMessage) -> None:
        letter = read(planned)
        link = letter["List-Unsubscribe"].partition(">")[0].strip("<")
        assert link in text_of(letter)
        assert f'href="{link}"' in text_of(letter, "html")

    def test_the_token_finds_the_card(self, planned: OutboundMessage) -> None:
        assert digest_in(planned) == AddressCard.objects.get(pk=Contact.objects.get().card_id).digest

    @override_settings(HANDOFF_KEYS={1: KEYS[1]})
    def test_it_still_does_after_a_new_key(self) -> None:
        under_way()
        planner.plan_round(TUESDAY)
        with override_settings(HANDOFF_KEYS=KEYS):
            assert AddressCard.objects.filter(digest=digest_in(message())).exists()

    @override_settings(INBOUND_DOMAIN="in.ours.example.com")
    def test_mail_comes_to_the_domain_that_takes_mail(self, planned: OutboundMessage) -> None:
        assert "@in.ours.example.com>" in read(planned)["List-Unsubscribe"]

    @override_settings(INBOUND_DOMAIN="")
    def test_or_to_the_mailboxs_own(self, planned: OutboundMessage) -> None:
        assert f"@{Mailbox.objects.get().domain}>" in read(planned)["List-Unsubscribe"]

    def test_the_local_part_fits_into_what_mail_systems_allow(self, planned: OutboundMessage) -> None:
        mail = read(planned)["List-Unsubscribe"].split("<mailto:")[1]
        assert len(mail.partition("@")[0]) <= 64


class TestThreads:
    def test_the_first_message_answers_nothing(self, planned: OutboundMessage) -> None:
        assert read(planned)["In-Reply-To"] is None

    def test_the_second_follows_the_accepted_first(self, planned: OutboundMessage) -> None:
        second = read(came_to(planned, State.ACCEPTED))
        assert second["In-Reply-To"] == second["References"] == planned.message_id

    @pytest.mark.parametrize("state", [State.IN_DOUBT, State.REJECTED, State.EXPIRED, State.CANCELLED])
    def test_what_was_not_accepted_is_not_followed(self, planned: OutboundMessage, state: str) -> None:
        second = read(came_to(planned, state))
        assert second["In-Reply-To"] is None
        assert second["References"] is None

    def test_the_third_names_both_before_it(self, planned: OutboundMessage) -> None:
        second = came_to(planned, State.ACCEPTED)
        third = read(came_to(second, State.ACCEPTED))
        assert third["In-Reply-To"] == second.message_id
        assert third["References"].split() == [planned.message_id, second.message_id]


class TestStreams:
    def test_the_list_is_the_same_for_everybody_in_the_stream(self) -> None:
        under_way(people=2)
        planner.plan_round(TUESDAY)
        assert {read(row)["List-Id"] for row in OutboundMessage.objects.all()} == {"<nurture.handoff.ours.example.com>"}

    def test_feedback_names_nobody(self) -> None:
        under_way(people=2)
        planner.plan_round(TUESDAY)
        ids = {read(row)["Feedback-ID"] for row in OutboundMessage.objects.all()}
        assert len(ids) == 1
        assert len(ids.pop().split(":")) == 4


def text_of(letter: EmailMessage, kind: str = "plain") -> str:
    part = letter.get_body(preferencelist=(kind,))
    assert part is not None
    return str(part.get_content())


def token_of(text: str, before: str) -> str:
    return text.partition(before)[2].partition("@")[0].strip("<>")


def digest_in(row: OutboundMessage) -> str:
    """The card digest in the token of a letter."""
    found = tokens.read(tokens.Purpose.UNSUBSCRIBE, token_of(read(row)["List-Unsubscribe"].split(", ")[0], "/u/"))
    assert found is not None
    return found.digest


def test_a_passage_threads_only_with_itself() -> None:
    under_way(people=2, steps=2)
    planner.plan_round(TUESDAY)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE sequences_outboundmessage SET state = 'accepted'")
    first = OutboundMessage.objects.order_by("pk")[0]
    Enrollment.objects.update(next_step=2, due_at=TUESDAY)
    planner.plan_round(TUESDAY)
    second = OutboundMessage.objects.get(enrollment=first.enrollment, step=2)
    assert read(second)["References"] == first.message_id
