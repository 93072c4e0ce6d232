"""What a mail answers is found in one order, by what only the receivers of a message know, and else by claims (R2)."""

import pytest

from compliance import tokens
from sequences.inbound.intake import understand
from sequences.inbound.matching import Matched
from sequences.models import Account, Contact, InboundMessage, OutboundMessage
from sequences.planner import plan_round
from tests.cast import TUESDAY
from tests.factories import AccountFactory, ContactFactory
from tests.sequences.campaign import under_way
from tests.sequences.inbound.mails import STRANGER, answer, bounce, complaint, token_of

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]
Match = InboundMessage.Match


@pytest.fixture
def message() -> OutboundMessage:
    """One that was planned for the only person under way."""
    under_way()
    plan_round(TUESDAY)
    return OutboundMessage.objects.select_related("enrollment__contact__card", "enrollment__contact__account").get()


def matched(raw: bytes, recipient: str = "") -> Matched:
    return understand(raw, recipient=recipient, at=TUESDAY).matched


def found(raw: bytes, recipient: str = "") -> tuple[str, OutboundMessage | None]:
    one = matched(raw, recipient)
    return one.by, one.message


class TestTheOrder:
    def test_our_token_in_the_address_comes_first(self, message: OutboundMessage) -> None:
        to_us = f"u-{token_of(message)}@ours.example.com"
        assert found(answer(sender=STRANGER, In_Reply_To=message.message_id), to_us) == (Match.TOKEN, message)

    def test_then_what_it_says_to_answer(self, message: OutboundMessage) -> None:
        raw = answer(sender=STRANGER, In_Reply_To=message.message_id, References=f"<a@b> {message.message_id}")
        assert found(raw) == (Match.IN_REPLY_TO, message)

    def test_then_what_it_refers_to(self, message: OutboundMessage) -> None:
        raw = answer(sender=STRANGER, In_Reply_To="<x@y>", References=f"{message.message_id} <a@b>")
        assert found(raw) == (Match.REFERENCES, message)

    @pytest.mark.parametrize("report", [bounce, complaint])
    def test_then_what_it_returns(self, message: OutboundMessage, report: object) -> None:
        raw = report(f"Message-ID: {message.message_id}", recipient="a@b.example")  # type: ignore[operator]
        assert found(raw) == (Match.RETURNED, message)

    def test_or_what_it_returns_by_our_token(self, message: OutboundMessage) -> None:
        link = f"List-Unsubscribe: <https://ours.example.com/u/{token_of(message)}>, <mailto:x@y.example>"
        assert found(complaint(link)) == (Match.RETURNED, message)

    def test_or_what_it_quotes(self, message: OutboundMessage) -> None:
        words = f"Fine.\n\n> Unsubscribe: https://ours.example.com/u/{token_of(message)}\n"
        assert found(answer(words, sender=STRANGER)) == (Match.RETURNED, message)

    def test_then_who_sent_it(self, message: OutboundMessage) -> None:
        contact = message.enrollment.contact
        one = matched(answer(sender=f"Ada <{contact.address}>"))
        assert (one.by, one.message, one.contact) == (Match.SENDER, None, contact)

    def test_then_where_they_work(self, message: OutboundMessage) -> None:
        contact = message.enrollment.contact
        one = matched(answer(sender=f"boss@{contact.address.partition('@')[2]}"))
        assert (one.by, one.contact, list(one.cards)) == (Match.COMPANY, None, [contact.card])

    def test_or_nothing(self, message: OutboundMessage) -> None:
        assert matched(answer(sender=STRANGER)) == Matched()


class TestWhoWroteIt:
    def test_any_spelling_of_the_address_is_theirs(self, message: OutboundMessage) -> None:
        local, _at, domain = message.enrollment.contact.address.partition("@")
        assert matched(answer(sender=f"{local.upper()}+home@{domain.upper()}")).contact == message.enrollment.contact

    def test_somebody_else_who_answers_is_held_besides(self, message: OutboundMessage) -> None:
        other = ContactFactory(account=message.enrollment.contact.account)
        plain = matched(answer(sender=other.address, In_Reply_To=message.message_id))
        assert (plain.contact, len(plain.cards)) == (message.enrollment.contact, 1)

    def test_who_was_never_in_a_sequence_is_known_and_not_held(self) -> None:
        contact = ContactFactory()
        one = matched(answer(sender=contact.address))
        assert (one.contact, list(one.cards)) == (contact, [])

    def test_a_colleague_we_know_holds_those_in_a_sequence(self, message: OutboundMessage) -> None:
        colleague = ContactFactory(account=message.enrollment.contact.account)
        one = matched(answer(sender=colleague.address))
        assert (one.contact, list(one.cards)) == (colleague, [message.enrollment.contact.card])


class TestWhereTheyWork:
    def test_a_part_of_the_company_below_its_domain_is_the_company(self, message: OutboundMessage) -> None:
        Account.objects.update(domain="pumps.example.com")
        assert matched(answer(sender="boss@pumps.example.com")).by == Match.COMPANY

    def test_a_provider_of_mailboxes_is_no_company(self, message: OutboundMessage) -> None:
        Account.objects.update(domain="gmail.com")
        assert matched(answer(sender="somebody@gmail.com")).by == ""

    def test_a_company_where_nobody_is_in_a_sequence_is_not_looked_for(self) -> None:
        account = AccountFactory(domain="quiet.example.com")
        ContactFactory(account=account)
        assert matched(answer(sender="boss@quiet.example.com")).by == ""


class TestForgeries:
    def test_a_token_with_one_letter_changed(self, message: OutboundMessage) -> None:
        made = token_of(message)
        forged = ("b" if made[0] != "b" else "c") + made[1:]
        assert found(answer(f"https://ours.example.com/u/{forged}", sender=STRANGER)) == ("", None)

    def test_a_token_for_somebody_else_under_the_number_of_this_message(self, message: OutboundMessage) -> None:
        other = tokens.make(tokens.Purpose.UNSUBSCRIBE, message=message.pk, digest=ContactFactory().card.digest)
        assert found(answer(f"https://ours.example.com/u/{other}", sender=STRANGER)) == ("", None)

    @pytest.mark.parametrize("odd", ["<>", "<\0>", "<a@b", "<[x]@[y]>", "<" + "x" * 5000 + ">"])
    def test_odd_identifiers_find_nothing(self, message: OutboundMessage, odd: str) -> None:
        raw = f"From: x@elsewhere.example\r\nMessage-ID: <>\r\nIn-Reply-To: {odd}\r\n\r\nYes\r\n".encode()
        assert found(raw) == ("", None)

    def test_thousands_of_tokens_are_not_all_read(self, message: OutboundMessage) -> None:
        words = " ".join(f"/u/{number:050d}".replace("0", "a").replace("1", "b") for number in range(3000))
        assert found(answer(words, sender=STRANGER)) == ("", None)


def test_a_contact_who_was_merged_is_whoever_they_turned_out_to_be() -> None:
    kept, other = ContactFactory(), ContactFactory()
    Contact.objects.filter(pk=other.pk).update(merged_into=kept)
    card = other.card
    card.person_id = kept.card.person_id
    card.save()
    assert matched(answer(sender=other.address)).contact == kept
