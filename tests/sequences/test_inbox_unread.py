"""A mailbox whose inbox nobody has read for a quarter of an hour sends nothing: a "stop" may lie in it (LAW THR-06)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from compliance import clock, heartbeats
from compliance.models import Heartbeat
from sequences.models import Mailbox, OutboundMessage
from tests.cast import TUESDAY
from tests.sequences.campaign import message, play, under_way
from tests.sequences.scripted_smtp import ScriptedServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.everywhere]


def last_read(ago: timedelta) -> None:
    heartbeats.beat(Heartbeat.Kind.INBOX, Mailbox.objects.get().key, at=clock.lease_clock() - ago)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer({}) as server:
        under_way(server.port)
        yield server


def test_nothing_goes_while_the_inbox_is_unread(server: ScriptedServer) -> None:
    last_read(timedelta(minutes=20))
    play()
    assert (message().state, message().reason) == (OutboundMessage.State.PLANNED, "inbox_stale")


def test_it_goes_when_the_inbox_was_read_a_moment_ago(server: ScriptedServer) -> None:
    last_read(timedelta(minutes=1))
    assert play() == {"accepted": 1}


def test_an_inbox_that_nobody_reads_yet_is_not_owed(server: ScriptedServer) -> None:
    assert play() == {"accepted": 1}


def test_taking_mail_in_for_a_mailbox_says_that_its_inbox_was_read(server: ScriptedServer, tmp_path: Path) -> None:
    last_read(timedelta(minutes=20))
    (tmp_path / "mail.eml").write_bytes(b"From: ada@customer.example\r\n\r\nHello.\r\n")
    call_command("ingest_mail", str(tmp_path / "mail.eml"), inbox=Mailbox.objects.get().address)
    assert play(TUESDAY + timedelta(minutes=2)) == {"accepted": 1}


def test_a_mailbox_that_does_not_exist_is_named_and_nothing_is_taken_in(server: ScriptedServer) -> None:
    with pytest.raises(CommandError, match=r"nobody@example.com: there is no such mailbox; nothing was taken in"):
        call_command("ingest_mail", inbox="nobody@example.com")
