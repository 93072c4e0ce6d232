"""Reports about messages of ours are believed, once; forged ones change nothing (spec R6; LAW BNC-03, ARF-02)."""

import pytest

from compliance import suppression
from compliance.models import Suppression
from sequences.classifier import Answer, Bounced, Mail, Recipient
from sequences.classifier import Kind as Kinds
from sequences.inbound import intake, reports
from sequences.inbound.intake import take
from sequences.inbound.reports import Belief, report_round
from sequences.models import InboundMessage, MessageEvent, OutboundMessage
from sequences.planner import plan_round
from tests.cast import TUESDAY
from tests.factories import ContactFactory
from tests.sequences.campaign import under_way
from tests.sequences.inbound.mails import bounce, complaint, token_of

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]
Kind = MessageEvent.Kind
State = InboundMessage.State


@pytest.fixture
def message() -> OutboundMessage:
    under_way()
    plan_round(TUESDAY)
    return OutboundMessage.objects.select_related("enrollment__contact__card").get()


def returned(message: OutboundMessage) -> str:
    return f"Subject: One question\nMessage-ID: {message.message_id}"


def told() -> list[str]:
    return list(MessageEvent.objects.order_by("pk").values_list("kind", flat=True))


def is_stopped(message: OutboundMessage) -> bool:
    card = message.enrollment.contact.card_id
    return card in suppression.stopped_cards([card])


class TestBounces:
    def test_an_address_that_does_not_exist_is_stopped(self, message: OutboundMessage) -> None:
        row = take(bounce(returned(message), recipient=message.enrollment.contact.address), at=TUESDAY)
        assert (told(), is_stopped(message)) == ([Kind.HARD_BOUNCE], True)
        assert (row.verdict, row.state, row.decided_by) == ("bounce", State.ROUTED, "system")

    def test_one_that_is_full_is_noted(self, message: OutboundMessage) -> None:
        raw = bounce(returned(message), recipient=message.enrollment.contact.address, status="4.2.2")
        assert take(raw, at=TUESDAY).state == State.ROUTED
        assert (told(), is_stopped(message)) == ([Kind.SOFT_BOUNCE], False)

    @pytest.mark.parametrize("action", ["delayed", "relayed", "expanded", "delivered"])
    def test_what_is_only_late_is_no_bounce(self, message: OutboundMessage, action: str) -> None:
        take(bounce(returned(message), recipient=message.enrollment.contact.address, action=action), at=TUESDAY)
        assert told() == []

    def test_where_their_mail_was_forwarded_to_is_not_their_address(self, message: OutboundMessage) -> None:
        take(bounce(returned(message), recipient="elsewhere@forwarded.example"), at=TUESDAY)
        assert (told(), is_stopped(message)) == ([Kind.SOFT_BOUNCE], False)

    def test_the_original_recipient_counts_before_the_final_one(self, message: OutboundMessage) -> None:
        ours = message.enrollment.contact.address
        take(bounce(returned(message), recipient="elsewhere@forwarded.example", original=ours), at=TUESDAY)
        assert told() == [Kind.HARD_BOUNCE]

    def test_the_same_news_by_two_roads_counts_once(self, message: OutboundMessage) -> None:
        raw = bounce(returned(message), recipient=message.enrollment.contact.address)
        take(raw, at=TUESDAY)
        take(b"Received: by a pipe\r\n" + raw, at=TUESDAY)
        assert told() == [Kind.HARD_BOUNCE]

    def test_what_is_only_late_asks_nobody(self, message: OutboundMessage) -> None:
        answer = Answer(Kinds.BOUNCE, "soft", 90)
        assert reports.belief(message, "returned", Mail(), answer) == Belief(None, settled=True)

    def test_a_report_in_prose_counts_for_now_and_somebody_looks(self, message: OutboundMessage) -> None:
        bounced = (Bounced(message.enrollment.contact.address, "5.1.1", "hard"),)
        answer = Answer(Kinds.BOUNCE, "hard", 90, bounced=bounced)
        assert reports.belief(message, "returned", Mail(), answer) == Belief(Kind.SOFT_BOUNCE, settled=False)

    @pytest.mark.parametrize(("kind", "confidence"), [("sender", 90), ("hard", 60), ("soft", 60)])
    def test_a_fault_of_ours_and_what_is_unclear_are_looked_at(
        self, message: OutboundMessage, kind: str, confidence: int
    ) -> None:
        bounced = (Bounced(message.enrollment.contact.address, "5.7.1", kind),)
        answer = Answer(Kinds.BOUNCE, kind, confidence, bounced=bounced)
        assert reports.belief(message, "returned", Mail(recipients=(Recipient(),)), answer) == Belief()


class TestComplaints:
    def test_a_complaint_stops_the_person_although_it_hides_them(self, message: OutboundMessage) -> None:
        row = take(complaint(f"List-Unsubscribe: <https://x.example/u/{token_of(message)}>"), at=TUESDAY)
        assert (told(), is_stopped(message), row.state) == ([Kind.COMPLAINT], True, State.ROUTED)

    def test_not_spam_changes_nothing(self, message: OutboundMessage) -> None:
        take(complaint(returned(message), feedback="not-spam"), at=TUESDAY)
        assert (told(), is_stopped(message)) == ([], False)


class TestForgeries:
    def test_a_bounce_that_names_nothing_of_ours_stops_nobody(self, message: OutboundMessage) -> None:
        contact = message.enrollment.contact
        row = take(bounce("Message-ID: <made-up@ours.example.com>", recipient=contact.address), at=TUESDAY)
        assert (told(), Suppression.objects.count(), row.state) == ([], 0, State.WAITING)

    def test_nor_does_one_that_claims_to_come_from_the_person(self, message: OutboundMessage) -> None:
        contact = message.enrollment.contact
        raw = bounce("Subject: x", recipient=contact.address).replace(
            b"mailer-daemon@mx.example", contact.address.encode()
        )
        assert (take(raw, at=TUESDAY).state, told()) == (State.WAITING, [])

    def test_a_complaint_about_a_forged_token_stops_nobody(self, message: OutboundMessage) -> None:
        forged = token_of(message)[::-1]
        take(
            complaint(f"List-Unsubscribe: <https://x.example/u/{forged}>", recipient=ContactFactory().address),
            at=TUESDAY,
        )
        assert (told(), Suppression.objects.count()) == ([], 0)


def test_what_a_process_that_died_left_is_believed_later(
    message: OutboundMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(intake, "reports", type("Died", (), {"KINDS": (), "belief": reports.belief}))
        take(bounce(returned(message), recipient=message.enrollment.contact.address), at=TUESDAY)
    assert told() == []
    assert report_round(TUESDAY) == {"reports": 1}
    assert (told(), InboundMessage.objects.get().state) == ([Kind.HARD_BOUNCE], State.ROUTED)
