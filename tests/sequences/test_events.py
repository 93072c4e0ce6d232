"""News of a message: counted once, obeyed at once; a message that should never have gone opens an incident."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from compliance import halts, suppression
from compliance.models import AuditEntry, Decision, Halt, Incident, Suppression, SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from compliance.transitions import NotPermitted
from sequences import enrollment, events
from sequences.models import Contact, Enrollment, MessageEvent, OutboundMessage
from tests.cast import TUESDAY
from tests.factories import UserFactory
from tests.promises import permitted_again, raw, sent
from tests.sequences.campaign import broken_promises, message, opt_out, passage

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

Kind = MessageEvent.Kind
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _sent(db: None) -> None:
    sent()


def told(kind: Kind = Kind.DELIVERED, digest: str = "news", **more: Any) -> MessageEvent | None:
    return events.record(message(), kind, **{"at": TUESDAY, "source": "test", "digest": digest, **more})


def went_after_a_stop() -> OutboundMessage:
    """A permission whose person had been stopped."""
    opt_out(Contact.objects.get().address)
    permitted_again()
    return message()


class TestNews:
    def test_it_is_stored_with_its_source(self) -> None:
        row = told()
        assert row is not None
        assert (row.kind, row.source, row.at) == (Kind.DELIVERED, "test", TUESDAY)

    def test_the_same_news_changes_nothing(self) -> None:
        told(Kind.COMPLAINT)
        assert told(Kind.COMPLAINT) is None
        assert (MessageEvent.objects.count(), Suppression.objects.count()) == (1, 1)

    @pytest.mark.django_db(transaction=True)
    def test_a_stop_is_not_recorded_inside_the_transaction_of_somebody_else(self) -> None:
        with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
            told(Kind.COMPLAINT)
        assert not MessageEvent.objects.exists()

    def test_other_news_counts(self) -> None:
        told(digest="one")
        assert told(digest="two") is not None

    def test_the_log_names_the_message(self) -> None:
        told()
        entry = AuditEntry.objects.get(verb="sequences.messageevent.recorded")
        assert entry.subject == f"sequences.outboundmessage:{message().pk}"

    @pytest.mark.parametrize(
        ("kind", "reason", "ended"),
        [(Kind.COMPLAINT, "complaint", "complained"), (Kind.HARD_BOUNCE, "no_such_address", "bounced")],
    )
    def test_a_complaint_or_a_bounce_for_good_stops_the_person(self, kind: Kind, reason: str, ended: str) -> None:
        row = told(kind)
        assert row is not None
        stop = Suppression.objects.get()
        assert (stop.reason, stop.person) == (reason, passage().person)
        assert stop.evidence == {"message": message().pk, "event": row.pk}
        enrollment.exit_round(TUESDAY)
        assert passage().exit_reason == ended

    @pytest.mark.parametrize("kind", [Kind.DELIVERED, Kind.SOFT_BOUNCE])
    def test_other_news_stops_nobody(self, kind: Kind) -> None:
        told(kind)
        assert not Suppression.objects.exists()

    def test_it_stops_who_was_written_to_though_the_contact_has_another_address_now(self) -> None:
        was = Contact.objects.get().card
        Contact.objects.update(address="new@elsewhere.example.com")
        told(Kind.COMPLAINT)
        assert Suppression.objects.get().person == was.person_id

    def test_a_message_that_was_in_order_opens_nothing(self) -> None:
        told()
        assert not Incident.objects.exists()

    def test_two_complaints_stop_their_list_at_once(self) -> None:
        sent(people=1)
        for row in OutboundMessage.objects.all():
            events.record(row, Kind.COMPLAINT, at=TUESDAY, source="test", digest="x")
        assert set(Halt.objects.values_list("code", flat=True)) == {"complaints"}


class TestByHand:
    def test_staff_record_a_complaint_once(self) -> None:
        by = UserFactory(role="rep")
        assert events.complain_by_hand(message(), by=by, at=TUESDAY) is not None
        assert events.complain_by_hand(message(), by=by, at=TUESDAY + MINUTE) is None
        assert Suppression.objects.get().recorded_by == f"user:{by.pk}"

    def test_not_without_the_permission(self) -> None:
        with pytest.raises(NotPermitted):
            events.complain_by_hand(message(), by=UserFactory(role="content"), at=TUESDAY)
        assert not MessageEvent.objects.exists()

    def test_a_complaint_that_names_only_a_person_counts_for_their_last_message(self) -> None:
        stop = Stop(SuppressionReason.COMPLAINT, source="admin", evidence={"note": "by telephone"})
        suppression.stop_digest(Contact.objects.get().card.digest, stop, by=SYSTEM, at=TUESDAY)
        assert events.reconcile_round(TUESDAY)["complaints"] == 1
        assert MessageEvent.objects.get().message == message()
        assert events.reconcile_round(TUESDAY + MINUTE)["complaints"] == 0


class TestSentAfterStop:
    def test_any_news_of_it_opens_a_sev2_that_lies_with_legal(self) -> None:
        row = went_after_a_stop()
        told()
        found = Incident.objects.get()
        assert (found.kind, found.severity) == (Incident.Kind.SENT_AFTER_STOP, Incident.Severity.SEV2)
        assert (found.cause_key, found.assigned_to) == (f"sent_after_stop:{row.ref}", "legal")

    def test_its_list_and_its_mailbox_stand_still(self) -> None:
        row = went_after_a_stop()
        told()
        assert set(halts.standing()) == {row.mailbox.key, f"list:{row.recipient_list_id}"}

    def test_it_names_the_numbers_that_prove_it(self) -> None:
        went_after_a_stop()
        told()
        facts = Incident.objects.get().facts
        stop, permit = Suppression.objects.get(), Decision.objects.latest("order_no")
        assert (facts["stopped"], facts["permitted"]) == ([stop.order_no], [permit.order_no])

    def test_the_sweep_finds_it_without_any_news(self) -> None:
        went_after_a_stop()
        assert events.reconcile_round(TUESDAY)["incidents"] == 1
        assert events.reconcile_round(TUESDAY + MINUTE)["incidents"] == 0
        assert Incident.objects.count() == 1

    def test_a_message_that_went_around_the_door_is_found_too(self) -> None:
        raw("UPDATE sequences_outboundmessage SET ref = 'around/1'")
        assert events.reconcile_round(TUESDAY)["incidents"] == 1
        assert "without a permission" in Incident.objects.get().title

    def test_one_that_never_went_is_none(self) -> None:
        raw("UPDATE sequences_outboundmessage SET state = 'rejected', ref = 'around/1'")
        assert events.reconcile_round(TUESDAY)["incidents"] == 0

    def test_a_stop_after_the_message_is_none(self) -> None:
        opt_out(Contact.objects.get().address)
        told()
        events.reconcile_round(TUESDAY)
        assert not Incident.objects.exists()
        assert broken_promises() == {}
        assert Enrollment.objects.exists()
