"""A reply that asks to stop is obeyed at once, whoever wrote it and however it was matched (LAW THR-04, THR-07)."""

from email.message import EmailMessage

import pytest

from compliance import addresses, suppression
from compliance.models import Suppression, SuppressionReason
from sequences.enrollment import exit_round
from sequences.inbound.intake import take
from sequences.inbound.reading import read
from sequences.models import Contact, Enrollment, InboundMessage, OutboundMessage
from sequences.planner import plan_round
from tests.cast import TUESDAY
from tests.factories import ContactFactory
from tests.sequences.campaign import under_way

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

State, Verdict = InboundMessage.State, InboundMessage.Verdict
STRANGER = "Assistant <assistant@elsewhere.example>"
QUOTED = (
    "\n\nOn Mon, Nov 16, 2026 at 9:12 AM Rick <rick@northwind.example> wrote:\n> unsubscribe here: https://x.example\n"
)


def reply(words: str, *, sender: str, answers: str = "", subject: str = "Re: One question", **headers: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "rick@northwind.example", subject
    if answers:
        mail["In-Reply-To"] = answers
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(words + QUOTED)
    return mail.as_bytes()


@pytest.fixture
def message() -> OutboundMessage:
    """One that was planned for the only person under way."""
    under_way()
    plan_round(TUESDAY)
    return OutboundMessage.objects.select_related("enrollment__contact__card").get()


def is_stopped(contact: Contact) -> bool:
    return contact.card_id in suppression.stopped_cards([contact.card_id])


def test_the_person_we_wrote_to_is_stopped_and_their_passage_ends(message: OutboundMessage) -> None:
    contact = message.enrollment.contact
    row = take(reply("Please stop.", sender=contact.address, answers=message.message_id), at=TUESDAY)
    exit_round(TUESDAY)
    assert (row.verdict, row.message) == (Verdict.OPT_OUT, message)
    assert is_stopped(contact)
    assert Enrollment.objects.get().exit_reason == "opted_out"


def test_an_assistant_who_answers_for_them_stops_both(message: OutboundMessage) -> None:
    take(reply("Take her off your list.", sender=STRANGER, answers=message.message_id), at=TUESDAY)
    assert is_stopped(message.enrollment.contact)
    assert suppression.stopped_addresses([addresses.parse("assistant@elsewhere.example")])


def test_without_any_identifier_the_sender_tells_who_it_is() -> None:
    contact = ContactFactory()
    take(reply("Bitte keine weiteren Mails.", sender=contact.address), at=TUESDAY)
    assert is_stopped(contact)


def test_the_nearest_reference_counts_when_in_reply_to_is_lost(message: OutboundMessage) -> None:
    raw = reply("STOP", sender=STRANGER, References=f"<other@example.com> {message.message_id}")
    assert take(raw, at=TUESDAY).message == message


def test_a_friendly_reply_waits_for_a_person(message: OutboundMessage) -> None:
    contact = message.enrollment.contact
    row = take(reply("Tell me more.", sender=contact.address, answers=message.message_id), at=TUESDAY)
    assert (row.state, row.message) == (State.WAITING, message)
    assert not is_stopped(contact)


def test_a_machine_does_not_opt_anybody_out() -> None:
    contact = ContactFactory()
    raw = reply("Do not contact me until Monday.", sender=contact.address, Auto_Submitted="auto-replied")
    assert take(raw, at=TUESDAY).state == State.WAITING
    assert not is_stopped(contact)


def test_auto_submitted_no_is_a_human_being() -> None:
    contact = ContactFactory()
    raw = reply("Do not contact me again.", sender=contact.address, Auto_Submitted="No; x=y")
    assert take(raw, at=TUESDAY).verdict == Verdict.OPT_OUT


def test_html_alone_is_read_without_what_it_quotes() -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "ada@pumps.example.com", "Re: One question"
    mail.set_content(
        "<p>Interesting, call me.</p><blockquote>no more mail? <a href='https://x'>unsubscribe me</a></blockquote>",
        subtype="html",
    )
    assert "unsubscribe" not in read(mail.as_bytes()).text
    assert take(mail.as_bytes(), at=TUESDAY).state == State.WAITING


@pytest.mark.parametrize(
    "sender", ["j\u00f6rg@pumps.example.com", "Ada <ada@localhost>", "undisclosed:;", "no address"]
)
def test_whoever_cannot_be_told_is_looked_for_by_a_person(sender: str) -> None:
    row = take(f"From: {sender}\r\nSubject: Re: pumps\r\n\r\nPlease unsubscribe me.\r\n".encode(), at=TUESDAY)
    assert (row.state, Suppression.objects.count()) == (State.WAITING, 0)


def test_the_message_it_answers_tells_enough(message: OutboundMessage) -> None:
    row = take(reply("Please stop.", sender="undisclosed:;", answers=message.message_id), at=TUESDAY)
    assert row.verdict == Verdict.OPT_OUT
    assert is_stopped(message.enrollment.contact)


def test_the_ledger_keeps_neither_the_words_nor_the_address() -> None:
    take(reply("Lovelace says: remove me from your list", sender="ada.lovelace@pumps.example.com"), at=TUESDAY)
    stop = Suppression.objects.get(reason=SuppressionReason.REPLIED)
    assert "lovelace" not in f"{stop.evidence} {stop.source}".lower()


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"--a\r\nContent-Type: multipart/mixed\r\n" * 3000,
        b"Message-ID: <>\r\nIn-Reply-To: <[x]@[y]> <>\r\nFrom: <<>>\r\n\r\nstop",
        b"Content-Type: text/plain; charset=no-such\r\nContent-Transfer-Encoding: base64\r\n\r\n=====",
        b"From: \xff\xfe\x00\r\nSubject: =?x?q?=?=\r\n\r\n\x00\xff",
        b"References: " + b"<a@b> " * 50_000 + b"\r\n\r\nstop",
    ],
    ids=["deep", "odd-identifiers", "unknown-charset", "garbage", "many-references"],
)
def test_a_malformed_mail_is_stored_and_nothing_breaks(raw: bytes) -> None:
    take(raw, at=TUESDAY)
    assert InboundMessage.objects.count() == 1
