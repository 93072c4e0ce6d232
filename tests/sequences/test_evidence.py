"""What comes back of a message in doubt proves that a server took it, and settles the doubt by itself (LAW PIP-08)."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from compliance import cards, suppression
from compliance.addresses import parse
from compliance.models import AuditEntry, SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from sequences import enrollment, events, sender
from sequences.inbound import intake
from sequences.models import Enrollment, ExitReason, MessageEvent
from tests.cast import TUESDAY
from tests.sequences.campaign import State, broken_promises, message, passage, play, under_way
from tests.sequences.scripted_smtp import CLOSE, ScriptedServer

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _in_doubt() -> None:
    with ScriptedServer({"dot": [CLOSE]}) as server:
        under_way(server.port, steps=2)
        assert play() == {"in_doubt": 1}


def told(kind: MessageEvent.Kind) -> Callable[[], object]:
    return lambda: MessageEvent.objects.create(message=message(), kind=kind, at=TUESDAY, source="test", digest="0")


def answered() -> None:
    """Somebody writes back, with nothing to obey in it."""
    sent = message()
    intake.take(
        f"From: {passage().contact.address}\r\nTo: {sent.mailbox.address}\r\nMessage-ID: <1@there.example>\r\n"
        f"In-Reply-To: {sent.message_id}\r\nSubject: Re: pumps\r\n\r\nWho are you?\r\n".encode(),
        at=TUESDAY + HOUR,
    )


def followed() -> None:
    """The link in the mail."""
    digest = cards.canonical_digests(parse(passage().contact.address))[-1]
    stop = Stop(SuppressionReason.ONE_CLICK, source=f"message:{message().pk}", evidence={"message": message().pk})
    suppression.stop_digest(digest, stop, by=SYSTEM, at=TUESDAY + HOUR)


def recovered(at: datetime = TUESDAY + HOUR) -> dict[str, int]:
    return {name: count for name, count in sender.recover_round(at).items() if count}


@pytest.mark.parametrize("come_back", [*(told(kind) for kind in MessageEvent.Kind), answered, followed])
def test_whatever_comes_back_settles_it(come_back: Callable[[], object]) -> None:
    come_back()
    assert recovered() == {"proven": 1}
    assert (message().state, message().reason) == (State.ACCEPTED, "evidence")
    entry = AuditEntry.objects.get(verb="sequences.outboundmessage.accept")
    assert entry.data["code"] == "evidence"
    assert recovered() == {}
    assert broken_promises() == {}


def test_its_passage_goes_on_with_the_next_step() -> None:
    told(MessageEvent.Kind.DELIVERED)()
    recovered()
    assert (passage().state, passage().next_step) == (Enrollment.State.ACTIVE, 2)


def test_a_bounce_that_comes_back_of_it_stops_its_person_all_the_same() -> None:
    events.record(message(), MessageEvent.Kind.HARD_BOUNCE, at=TUESDAY + HOUR, source="test", digest="0")
    recovered()
    enrollment.exit_round(TUESDAY + HOUR)
    assert (message().state, passage().exit_reason) == (State.ACCEPTED, ExitReason.BOUNCED)


def test_one_that_counts_as_sent_is_settled_as_well_and_its_step_is_not_taken_twice() -> None:
    assert recovered(TUESDAY + 3 * DAY) == {"assumed_sent": 1}
    told(MessageEvent.Kind.DELIVERED)()
    before = passage().due_at
    assert recovered(TUESDAY + 4 * DAY) == {"proven": 1}
    assert (passage().next_step, passage().due_at) == (2, before)


def test_what_came_back_of_another_message_settles_nothing() -> None:
    digest = cards.canonical_digests(parse(passage().contact.address))[-1]
    stop = Stop(SuppressionReason.ONE_CLICK, source=f"message:{message().pk + 1}")
    suppression.stop_digest(digest, stop, by=SYSTEM, at=TUESDAY + HOUR)
    assert recovered() == {}
    assert message().state == State.IN_DOUBT
