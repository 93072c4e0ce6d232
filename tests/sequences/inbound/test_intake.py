"""Whatever comes in is stored once; what came to an unsubscribe address is obeyed (LAW UNS-13, THR-05)."""

from email.message import EmailMessage

import pytest

from compliance import tokens
from compliance.models import AddressCard, Suppression
from sequences.inbound.intake import take
from sequences.models import Contact, InboundMessage
from tests.cast import TUESDAY
from tests.factories import ContactFactory

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

State, Verdict = InboundMessage.State, InboundMessage.Verdict
HUMAN = b"From: Ada <ada@customer.example>\r\nTo: rick@ours.example.com\r\nSubject: Re: pumps\r\n\r\nTell me more.\r\n"
ODD = {
    "empty": b"",
    "blank": b"\r\n",
    "stranger": b"From: somebody.else@example.com\r\n\r\n",
    "machine": b"From: ada@customer.example\r\nAuto-Submitted: auto-generated\r\n\r\nI am away.\r\n",
    "bounce": b"From: mailer-daemon@example.com\r\nContent-Type: multipart/report\r\n\r\nNot delivered.\r\n",
    "friendly": b"Subject: please keep writing to me\r\n\r\nI love it.\r\n",
    "nul": b"From: a\0b@example.com\r\nSubject: \0\0\r\n\r\n\0\0\0",
    "garbage": b"\xff\xfe\x00garbage: \x80\x81\r\n\xff\r\n\r\n\xff",
    "malformed": b"From\r\n : broken\r\n=?utf-8?q?=ZZ?=\r\n\tTo: folded\r\n\r\n",
    "charset": b"Subject: =?no-such-charset?b?////?=\r\nContent-Type: text/plain; charset=none\r\n\r\n",
    "long": b"X: " + b"a" * 100_000 + b"\r\n\r\n",
    "huge": b"x" * (20 * 1024 * 1024),
}


@pytest.fixture
def contact() -> Contact:
    return ContactFactory()


def token(contact: Contact, purpose: tokens.Purpose = tokens.Purpose.UNSUBSCRIBE) -> str:
    digest = AddressCard.objects.get(pk=contact.card_id).digest if purpose is tokens.Purpose.UNSUBSCRIBE else ""
    return tokens.make(purpose, message=4711, digest=digest)


def address(contact: Contact) -> str:
    return f"u-{token(contact)}@ours.example.com"


def stopped(contact: Contact) -> bool:
    return Suppression.objects.filter(person=contact.card.person_id, reason="mailto").exists()


class TestAnyMailToTheAddressCounts:
    @pytest.mark.parametrize("raw", ODD.values(), ids=ODD)
    def test_whoever_wrote_it_and_whatever_it_says(self, contact: Contact, raw: bytes) -> None:
        assert take(raw, recipient=address(contact), at=TUESDAY).verdict == Verdict.OPT_OUT
        assert stopped(contact)

    @pytest.mark.parametrize("name", ["To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To"])
    def test_headers_tell_where_the_envelope_does_not(self, contact: Contact, name: str) -> None:
        assert take(f"{name}: {address(contact)}\r\n\r\n".encode(), at=TUESDAY).verdict == Verdict.OPT_OUT

    @pytest.mark.parametrize("shape", ["{}", "<{}>", "Us <{}>", "rick@ours.example.com, {}", " {} ", "{}, <{}>"])
    def test_however_the_address_is_written(self, contact: Contact, shape: str) -> None:
        row = take(f"To: {shape}\r\n\r\n".replace("{}", address(contact)).encode(), at=TUESDAY)
        assert row.verdict == Verdict.OPT_OUT

    def test_mail_systems_may_change_its_case(self, contact: Contact) -> None:
        assert take(b"", recipient=address(contact).upper(), at=TUESDAY).verdict == Verdict.OPT_OUT

    def test_the_address_may_stand_on_a_folded_line(self, contact: Contact) -> None:
        raw = f"To: rick@ours.example.com,\r\n\t{address(contact)}\r\n\r\n".encode()
        assert take(raw, at=TUESDAY).verdict == Verdict.OPT_OUT

    def test_a_client_that_composes_it_properly_is_obeyed_as_well(self, contact: Contact) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "Ada <ada@customer.example>", address(contact), "unsubscribe"
        mail.set_content("unsubscribe")
        assert take(mail.as_bytes(), at=TUESDAY).verdict == Verdict.OPT_OUT

    def test_an_erased_contact_is_still_obeyed(self) -> None:
        forgotten = tokens.make(tokens.Purpose.UNSUBSCRIBE, message=1, digest="ab" * 16)
        take(b"", recipient=f"u-{forgotten}@ours.example.com", at=TUESDAY)
        assert Suppression.objects.get().digests.get().digest == "ab" * 16

    def test_the_stop_names_the_mail_and_the_message_it_answers(self, contact: Contact) -> None:
        row = take(b"", recipient=address(contact), at=TUESDAY)
        stop = Suppression.objects.get()
        assert stop.source == f"sequences.inboundmessage:{row.pk}"
        assert stop.evidence == {"message": 4711}


class TestWhatDoesNotCount:
    def test_a_human_reply_waits_for_a_person(self) -> None:
        assert take(HUMAN, at=TUESDAY).state == State.WAITING
        assert not Suppression.objects.exists()

    @pytest.mark.parametrize("purpose", [tokens.Purpose.BOUNCE, tokens.Purpose.REPLY])
    def test_a_token_made_for_something_else(self, contact: Contact, purpose: tokens.Purpose) -> None:
        row = take(b"", recipient=f"u-{token(contact, purpose)}@ours.example.com", at=TUESDAY)
        assert row.state == State.WAITING

    @pytest.mark.parametrize("place", [0, 5, 30, 52])
    def test_a_token_with_one_character_changed(self, contact: Contact, place: int) -> None:
        made = token(contact)
        forged = made[:place] + ("b" if made[place] != "b" else "c") + made[place + 1 :]
        assert take(b"", recipient=f"u-{forged}@ours.example.com", at=TUESDAY).state == State.WAITING
        assert not stopped(contact)

    @pytest.mark.parametrize("local", ["u-", "u-aaaa", "u-" + "a" * 53, "u-" + "a" * 500, "unsubscribe"])
    def test_an_invented_address(self, local: str) -> None:
        assert take(b"", recipient=f"{local}@ours.example.com", at=TUESDAY).state == State.WAITING

    def test_an_address_in_subject_or_body(self, contact: Contact) -> None:
        raw = f"To: rick@ours.example.com\r\nSubject: {address(contact)}\r\n\r\n{address(contact)}\r\n".encode()
        assert take(raw, at=TUESDAY).state == State.WAITING


class TestStoring:
    def test_the_raw_mail_is_kept_as_it_came(self) -> None:
        row = InboundMessage.objects.get(pk=take(HUMAN, at=TUESDAY).pk)
        assert bytes(row.raw) == HUMAN
        assert (row.received_at, row.recipient) == (TUESDAY, "rick@ours.example.com")

    def test_the_same_mail_twice_is_stored_once(self) -> None:
        assert take(HUMAN, at=TUESDAY) == take(HUMAN, at=TUESDAY)
        assert InboundMessage.objects.count() == 1

    def test_the_same_opt_out_twice_is_one_stop(self, contact: Contact) -> None:
        for _time in range(2):
            take(b"", recipient=address(contact), at=TUESDAY)
        assert Suppression.objects.count() == 1

    def test_the_same_bytes_for_two_people_are_two_mails(self, contact: Contact) -> None:
        for one in (contact, ContactFactory()):
            take(b"", recipient=address(one), at=TUESDAY)
        assert Suppression.objects.count() == InboundMessage.objects.count() == 2

    def test_an_endless_mail_is_cut_and_still_told_from_another(self) -> None:
        one = take(b"x" * (36 * 1024 * 1024), at=TUESDAY)
        other = take(b"x" * (36 * 1024 * 1024) + b"y", at=TUESDAY)
        assert len(bytes(InboundMessage.objects.get(pk=one.pk).raw)) == 35 * 1024 * 1024
        assert one != other

    @pytest.mark.parametrize("recipient", ["a\0b@ours.example.com", "\udcff@ours.example.com", "x" * 5000, "ü@ours"])
    def test_an_odd_recipient_is_stored_as_far_as_it_can_be(self, recipient: str) -> None:
        row = take(HUMAN, recipient=recipient, at=TUESDAY)
        assert InboundMessage.objects.get(pk=row.pk).state == State.WAITING

    def test_a_mail_without_any_recipient_is_stored(self) -> None:
        assert take(b"Subject: nothing\r\n\r\n", at=TUESDAY).recipient == ""
