"""An answer lies in a real inbox: within seconds a process that reads it holds, or stops, its writer (R1, R4)."""

import signal
from collections.abc import Iterator

import pytest

from compliance import vault
from compliance.models import Hold, Suppression
from sequences.models import InboundMessage, Inbox, Mailbox
from tests import dovecot
from tests.dovecot import PASSWORD, Dovecot
from tests.processes import eventually, started
from tests.promises import sent
from tests.sequences.campaign import message
from tests.sequences.inbound.mails import STRANGER, answer

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def server() -> Iterator[Dovecot]:
    with dovecot.required() as running:
        yield running


@pytest.fixture
def inbox(server: Dovecot) -> Dovecot:
    """A message has gone from a mailbox whose answers lie there."""
    sent()
    where = {"imap_host": "127.0.0.1", "imap_port": server.imap, "imap_security": "plain"}
    Mailbox.objects.update(imap_username="rick", imap_secret=vault.seal(PASSWORD), **where)
    return server


def test_who_answers_is_held(inbox: Dovecot) -> None:
    inbox.deliver(answer(sender=STRANGER, In_Reply_To=message().message_id))
    with started("manage.py", "loop"):
        hold = eventually(lambda: Hold.objects.first())
    assert hold is not None
    assert hold.person == message().enrollment.person
    assert InboundMessage.objects.get().message == message()


def test_who_asks_to_stop_is_stopped(inbox: Dovecot) -> None:
    inbox.deliver(answer("Please remove me from your list.", sender=message().enrollment.contact.address))
    with started("manage.py", "loop"):
        assert eventually(lambda: Suppression.objects.filter(reason="replied").first())


def test_a_process_that_is_killed_in_the_middle_loses_and_doubles_nothing(inbox: Dovecot) -> None:
    for number in range(60):
        inbox.deliver(answer(f"Number {number}", sender=STRANGER))
    with started("manage.py", "loop") as process:
        eventually(lambda: InboundMessage.objects.count() > 5)
        process.send_signal(signal.SIGKILL)
        process.wait()
    # What it held would be free again in two minutes.
    Inbox.objects.update(leased_until=None)
    with started("manage.py", "loop"):
        eventually(lambda: Inbox.objects.get().read_at)
    assert InboundMessage.objects.count() == 60
