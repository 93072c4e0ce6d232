"""Whoever answers is held in the transaction that stores it, and machines hold nobody (spec R2, R4; LAW THR-06)."""

import pytest
from django.db import DataError, OperationalError

from compliance import audit, holds
from compliance.models import Hold, Suppression
from sequences.inbound import intake
from sequences.inbound.intake import take
from sequences.models import Contact, InboundMessage, OutboundMessage
from sequences.planner import plan_round
from tests.cast import TUESDAY
from tests.sequences.campaign import play, under_way
from tests.sequences.inbound.mails import STRANGER, answer, bounce
from tests.sequences.scripted_smtp import ScriptedServer

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]
State = InboundMessage.State


@pytest.fixture
def message() -> OutboundMessage:
    under_way(people=2)
    plan_round(TUESDAY)
    return OutboundMessage.objects.select_related("enrollment__contact__card").order_by("pk")[0]


def held() -> list[Contact]:
    """Everybody whom nothing reaches until somebody has decided."""
    persons = holds.standing([row.card.person_id for row in Contact.objects.select_related("card")])
    return list(Contact.objects.filter(card__person__in=persons).order_by("pk"))


class TestWhoIsHeld:
    def test_who_was_written_to(self, message: OutboundMessage) -> None:
        row = take(answer(sender=STRANGER, In_Reply_To=message.message_id), at=TUESDAY)
        assert held() == [message.enrollment.contact]
        assert Hold.objects.get().source == audit.reference(row)

    def test_whose_address_it_comes_from(self, message: OutboundMessage) -> None:
        row = take(answer(sender=message.enrollment.contact.address), at=TUESDAY)
        assert (held(), row.matched_by, row.contact) == (
            [message.enrollment.contact],
            "sender",
            message.enrollment.contact,
        )

    def test_everybody_in_a_sequence_at_the_company_it_comes_from(self, message: OutboundMessage) -> None:
        take(answer(sender=f"boss@{message.enrollment.contact.address.partition('@')[2]}"), at=TUESDAY)
        assert held() == [message.enrollment.contact]

    def test_whoever_wrote_what_nobody_can_read(self, message: OutboundMessage) -> None:
        raw = f"From: {message.enrollment.contact.address}\r\nContent-Type: text/plain; charset=no\r\n\r\n".encode()
        take(raw + b"\xff\0\xfe", at=TUESDAY)
        assert held() == [message.enrollment.contact]

    def test_nothing_reaches_them_until_somebody_has_decided(self) -> None:
        with ScriptedServer({}) as server:
            under_way(server.port)
            take(answer(sender=Contact.objects.get().address), at=TUESDAY)
            play()
            assert server.messages == []


class TestWhoIsNot:
    def test_strangers(self, message: OutboundMessage) -> None:
        assert take(answer(sender=STRANGER), at=TUESDAY).state == State.WAITING
        assert held() == []

    def test_who_has_asked_to_stop_is_stopped_instead(self, message: OutboundMessage) -> None:
        row = take(answer("Please remove me.", sender=STRANGER, In_Reply_To=message.message_id), at=TUESDAY)
        assert (held(), row.state, row.decided_by) == ([], State.ROUTED, "system")

    def test_whose_machine_answered(self, message: OutboundMessage) -> None:
        contact = message.enrollment.contact
        raw = answer("I am away until Monday.", sender=contact.address, Auto_Submitted="auto-replied")
        row = take(raw, at=TUESDAY)
        assert (held(), row.verdict, row.state) == ([], "auto_reply", State.WAITING)

    def test_to_whom_one_of_us_wrote_and_kept_a_copy(self, message: OutboundMessage) -> None:
        raw = answer("I have removed you.", sender=f"Rick <{message.mailbox.address}>", In_Reply_To=message.message_id)
        row = take(raw, at=TUESDAY)
        assert (held(), row.state, row.message, Suppression.objects.count()) == ([], State.ROUTED, None, 0)

    def test_who_was_not_reached(self, message: OutboundMessage) -> None:
        take(bounce(f"Message-ID: {message.message_id}", recipient=message.enrollment.contact.address), at=TUESDAY)
        assert held() == []


class TestAllOrNothing:
    def test_a_hold_that_fails_leaves_no_mail_behind_so_that_it_comes_again(
        self, message: OutboundMessage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def gone(*_args: object, **_told: object) -> None:
            raise OperationalError("gone")

        raw = answer(sender=message.enrollment.contact.address)
        with monkeypatch.context() as patch:
            patch.setattr(holds, "place", gone)
            with pytest.raises(OperationalError):
                take(raw, at=TUESDAY)
        assert not InboundMessage.objects.exists()
        take(raw, at=TUESDAY)
        assert held() == [message.enrollment.contact]

    def test_the_same_mail_twice_holds_once(self, message: OutboundMessage) -> None:
        for _time in range(2):
            take(answer(sender=message.enrollment.contact.address), at=TUESDAY)
        assert Hold.objects.count() == 1

    def test_what_the_database_cannot_keep_is_stored_as_bare_octets(
        self, message: OutboundMessage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plain = intake._columns

        def odd(found: intake.Understood) -> dict[str, object]:
            if found.mail.sender:
                raise DataError("a value too odd")
            return plain(found)

        monkeypatch.setattr(intake, "_columns", odd)
        row = take(answer(sender=STRANGER), at=TUESDAY)
        assert (row.verdict, row.state) == ("other", State.WAITING)

    def test_what_breaks_the_classifier_waits_for_a_person(
        self, message: OutboundMessage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_args: object, **_told: object) -> None:
            raise RecursionError

        monkeypatch.setattr(intake, "classify", broken)
        row = take(answer(sender=message.enrollment.contact.address), at=TUESDAY)
        assert (row.verdict, row.confidence, row.state, len(held())) == ("other", 0, State.WAITING, 1)


def test_the_row_says_what_it_is_and_why(message: OutboundMessage) -> None:
    row = take(answer("Please remove me.", sender=STRANGER, In_Reply_To=message.message_id), at=TUESDAY)
    assert (row.verdict, row.subclass, row.language, row.permanent) == ("opt_out", "unsubscribe", "en", True)
    assert row.confidence >= 70
    assert "remove me" in row.words
    assert (row.matched_by, row.message, row.contact) == ("in_reply_to", message, message.enrollment.contact)
