"""A relay of our own that could not deliver yet forgets the mail of somebody who has opted out since (LAW SMTP-10)."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from compliance.models import AddressCard, AuditEntry
from sequences import recalling
from sequences.models import Contact, Mailbox, OutboundMessage
from tests import relay as postfix
from tests.cast import TUESDAY
from tests.relay import Relay, until
from tests.sequences.campaign import message, opt_out, play, under_way
from tests.sequences.scripted_smtp import ScriptedServer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def relay(settings: Any) -> Iterator[Relay]:
    if postfix.MISSING:
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(postfix.MISSING, pytrace=False)
        pytest.skip(postfix.MISSING)
    # Postfix works as a user of its own and has to come by; any pytest that starts closes the folders of all to others.
    with TemporaryDirectory(prefix="handoff-relay-") as folder, postfix.running(Path(folder)) as relay:
        settings.RELAY_RECALL = relay.recall
        yield relay


@pytest.fixture
def deferred(relay: Relay) -> Relay:
    """One message was taken by the relay, whose next hop does not answer."""
    under_way(relay.port, provider=Mailbox.Provider.RELAY)
    assert play() == {"accepted": 1}
    until(lambda: len(relay.queued()) == 1, "the relay holds it")
    return relay


def test_the_relay_drops_what_it_holds_and_delivers_nothing_when_it_recovers(deferred: Relay) -> None:
    opt_out(Contact.objects.get().address)
    assert recalling.recall_round(TUESDAY) == {"recalled": 1}
    assert deferred.queued() == []
    with ScriptedServer({}, port=deferred.next_port) as server:
        deferred.try_again()
        assert server.messages == []
    assert AuditEntry.objects.get(verb="sequences.outboundmessage.recalled").data["queue"]


def test_it_delivers_to_whoever_has_not_opted_out(deferred: Relay) -> None:
    opt_out("somebody.else@example.org")
    assert recalling.recall_round(TUESDAY) == {"recalled": 0}
    with ScriptedServer({}, port=deferred.next_port) as server:

        def arrived() -> bool:
            # A flush that comes while the relay still has the last refusal in hand is lost.
            deferred.try_again()
            return len(server.messages) == 1

        until(arrived, "it was delivered")


def test_a_relay_that_cannot_be_told_is_told_again(deferred: Relay, settings: Any) -> None:
    opt_out(Contact.objects.get().address)
    settings.RELAY_RECALL = "/no/such/program {queue_id}"
    assert recalling.recall_round(TUESDAY) == {"recalled": 0}
    settings.RELAY_RECALL = deferred.recall
    assert recalling.recall_round(TUESDAY) == {"recalled": 1}
    assert recalling.recall_round(TUESDAY) == {"recalled": 0}
    assert message().state == "accepted"


def test_a_relay_that_did_not_obey_is_told_again(deferred: Relay, settings: Any) -> None:
    opt_out(Contact.objects.get().address)
    settings.RELAY_RECALL = "false {queue_id}"
    assert recalling.recall_round(TUESDAY) == {"recalled": 0}
    assert not AuditEntry.objects.filter(verb="sequences.outboundmessage.recalled").exists()
    settings.RELAY_RECALL = deferred.recall
    assert recalling.recall_round(TUESDAY) == {"recalled": 1}
    assert deferred.queued() == []


def test_what_has_left_the_queue_is_done_with(deferred: Relay) -> None:
    (queue_id,) = deferred.queued()
    subprocess.run([*shlex.split(deferred.recall)[:-1], queue_id], check=True, capture_output=True)  # noqa: S603
    opt_out(Contact.objects.get().address)
    assert recalling.recall_round(TUESDAY) == {"recalled": 1}
    assert recalling.recall_round(TUESDAY) == {"recalled": 0}


def test_one_message_that_cannot_be_taken_back_does_not_hold_up_the_next(relay: Relay, settings: Any) -> None:
    under_way(relay.port, people=2, provider=Mailbox.Provider.RELAY)
    assert play() == {"accepted": 2}
    until(lambda: len(relay.queued()) == 2, "the relay holds both")
    AddressCard.objects.update(person=AddressCard.objects.order_by("pk")[0].person)
    first = OutboundMessage.objects.order_by("pk")[0]
    opt_out(Contact.objects.order_by("pk")[0].address)
    (held,) = re.findall(r"queued as (\w+)", first.reply)
    # A wrapper that fails for one message only.
    settings.RELAY_RECALL = f"sh -c 'test $0 != {held} && {relay.recall.replace('{queue_id}', '$0')}' {{queue_id}}"
    assert recalling.recall_round(TUESDAY) == {"recalled": 0}
    assert relay.queued() == [held]


def test_a_round_asks_for_no_mark_of_the_past(settings: Any, django_assert_num_queries: Any) -> None:
    settings.RELAY_RECALL = "true {queue_id}"
    for number in range(3):
        opt_out(f"somebody{number}@example.org")
    assert recalling.recall_round(TUESDAY) == {"recalled": 0}
    with django_assert_num_queries(1):
        recalling.recall_round(TUESDAY)
