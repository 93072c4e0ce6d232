"""What a provider tells of a message counts once, and what it did not send was not sent (LAW BNC-06, SUP-11)."""

from typing import Any

import pytest
from django.test import Client

from compliance import addresses, suppression
from compliance.models import Suppression
from sequences.enrollment import exit_round
from sequences.models import MessageEvent, OutboundMessage
from tests.cast import TUESDAY
from tests.concurrency.together import together
from tests.factories import ContactFactory
from tests.promises import sent
from tests.sequences.campaign import broken_promises, left_behind, message, passage
from tests.sequences.inbound.telling import HARD_BOUNCES, SECRET, SIGNING, Told, amazon_ses, call, mailjet, postmark

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.everywhere,
    # The library reads what SendGrid says, and supports it no more.
    pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning"),
]
Kind, State = MessageEvent.Kind, OutboundMessage.State


@pytest.fixture(autouse=True)
def _open(settings: Any) -> None:
    keys = ("MAILERSEND_SIGNING_SECRET", "MAILGUN_WEBHOOK_SIGNING_KEY")
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET, **dict.fromkeys(keys, SIGNING)}
    settings.WEBHOOK_PROVIDERS = list(HARD_BOUNCES)


@pytest.fixture
def ours() -> OutboundMessage:
    """One that a server accepted."""
    sent()
    return message()


def address() -> str:
    return str(message().enrollment.contact.address)


def kinds() -> list[str]:
    return list(MessageEvent.objects.order_by("pk").values_list("kind", flat=True))


def is_stopped() -> bool:
    return bool(suppression.stopped_addresses([addresses.parse(address())]))


def well(client: Client, told: Told) -> None:
    assert call(client, told).status_code == 200


class TestWhatBecameOfIt:
    @pytest.mark.parametrize("provider", HARD_BOUNCES.values(), ids=HARD_BOUNCES)
    def test_every_provider_is_understood(self, client: Client, ours: OutboundMessage, provider: Any) -> None:
        well(client, provider(ours.message_id, address()))
        assert (kinds(), is_stopped()) == ([Kind.HARD_BOUNCE], True)

    @pytest.mark.parametrize(
        ("what", "kind", "stops"),
        [
            ("delivered", Kind.DELIVERED, False),
            ("soft", Kind.SOFT_BOUNCE, False),
            ("bare hard", Kind.HARD_BOUNCE, True),
            ("policy", Kind.SOFT_BOUNCE, False),
            ("complaint", Kind.COMPLAINT, True),
        ],
    )
    def test_it_is_noted_for_what_it_is(
        self, client: Client, ours: OutboundMessage, what: str, kind: str, stops: bool
    ) -> None:
        well(client, postmark(ours.message_id, address(), what))
        assert (kinds(), is_stopped()) == ([kind], stops)

    @pytest.mark.parametrize("what", ["opened", "clicked"])
    def test_who_looked_at_it_is_nobodys_business(self, client: Client, ours: OutboundMessage, what: str) -> None:
        well(client, postmark(ours.message_id, address(), what))
        assert (kinds(), Suppression.objects.count()) == ([], 0)

    def test_the_same_news_told_again_counts_once(self, client: Client, ours: OutboundMessage) -> None:
        for number in range(3):
            told = postmark(ours.message_id, address(), "complaint")
            well(client, Told(told.path, told.payload | {"ID": number}))
        assert kinds() == [Kind.COMPLAINT]

    def test_a_bounce_for_now_by_the_providers_own_word(self, client: Client, ours: OutboundMessage) -> None:
        told = mailjet(ours.message_id, address())
        told.payload[0]["hard_bounce"] = False
        well(client, told)
        assert kinds() == [Kind.SOFT_BOUNCE]

    def test_no_promise_is_broken(self, client: Client, ours: OutboundMessage) -> None:
        well(client, postmark(ours.message_id, address(), "hard"))
        assert broken_promises() == {}


class TestWhichMessage:
    def test_the_providers_own_number_will_do(self, client: Client, ours: OutboundMessage) -> None:
        OutboundMessage.objects.update(reply="Ok: queued as 00000000-0000-0000-0000-000000000000")
        well(client, postmark("", address(), "delivered"))
        assert kinds() == [Kind.DELIVERED]

    def test_but_not_for_somebody_else(self, client: Client, ours: OutboundMessage) -> None:
        OutboundMessage.objects.update(reply="Ok: queued as 00000000-0000-0000-0000-000000000000")
        well(client, postmark("", ContactFactory().address, "delivered"))
        assert kinds() == []

    def test_a_bounce_of_no_message_of_ours_stops_nobody(self, client: Client, ours: OutboundMessage) -> None:
        well(client, postmark("", address(), "hard"))
        assert (kinds(), is_stopped()) == ([], False)

    def test_a_complaint_of_no_message_stops_whoever_complained(self, client: Client, ours: OutboundMessage) -> None:
        well(client, postmark("", address(), "complaint"))
        assert is_stopped()


class TestUnsubscribed:
    @pytest.mark.parametrize("known", [True, False])
    def test_whoever_unsubscribed_at_the_provider_has_opted_out(
        self, client: Client, ours: OutboundMessage, known: bool
    ) -> None:
        well(client, postmark(ours.message_id if known else "", address(), "unsubscribed"))
        exit_round(TUESDAY)
        assert (is_stopped(), passage().exit_reason) == (True, "opted_out")

    def test_nothing_is_called_a_complaint(self, client: Client, ours: OutboundMessage) -> None:
        well(client, postmark(ours.message_id, address(), "unsubscribed"))
        assert kinds() == []


class TestWhatTheProviderNeverSent:
    @pytest.mark.parametrize("kind", ["Suppressed", "OnAccountSuppressionList"])
    def test_it_was_not_sent_and_the_person_is_stopped(self, client: Client, ours: OutboundMessage, kind: str) -> None:
        well(client, amazon_ses(ours.message_id, address(), kind))
        assert (message().state, message().reason) == (State.REJECTED, "provider_suppressed")
        assert (kinds(), is_stopped()) == ([], True)

    def test_an_address_it_finds_invalid_is_stopped(self, client: Client, ours: OutboundMessage) -> None:
        well(client, postmark(ours.message_id, address(), "invalid"))
        assert (message().reason, is_stopped()) == ("provider_suppressed", True)

    def test_what_it_refuses_by_its_policy_stops_nobody(self, client: Client, ours: OutboundMessage) -> None:
        well(client, postmark(ours.message_id, address(), "refused"))
        assert (message().state, message().reason) == (State.REJECTED, "provider_refused")
        assert not is_stopped()

    def test_told_again_it_changes_nothing(self, client: Client, ours: OutboundMessage) -> None:
        for _time in range(2):
            well(client, amazon_ses(ours.message_id, address(), "Suppressed"))
        assert Suppression.objects.count() == 1

    def test_no_promise_is_broken(self, client: Client, ours: OutboundMessage) -> None:
        well(client, amazon_ses(ours.message_id, address(), "Suppressed"))
        assert broken_promises() == {}

    def test_somebody_we_do_not_know_is_not_made_known(self, client: Client) -> None:
        well(client, amazon_ses("<x@y>", "stranger@elsewhere.example", "Suppressed"))
        assert Suppression.objects.count() == 0

    def test_while_it_is_on_its_way_it_is_to_be_told_again(self, client: Client) -> None:
        left_behind(cleared=True)
        assert call(client, amazon_ses(message().message_id, address(), "Suppressed")).status_code == 503


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["complaint", "hard", "invalid", "unsubscribed"])
def test_the_same_told_five_times_at_once_is_done_once(ours: OutboundMessage, what: str) -> None:
    told = postmark(ours.message_id, address(), what)
    assert together([lambda: well(Client(), told)] * 5) == []
    assert Suppression.objects.count() == 1
    assert MessageEvent.objects.count() == (what in {"complaint", "hard"})
