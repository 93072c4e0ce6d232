"""The disk of the sender is full: what cannot be noted in the journal does not leave (FT-19; LAW PIP-09)."""

from datetime import timedelta
from pathlib import Path

import pytest

from compliance import journal
from sequences.models import OutboundMessage
from tests.cast import TUESDAY
from tests.sequences.campaign import State, broken_promises, play, under_way
from tests.sequences.scripted_smtp import ScriptedServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.everywhere]

HOUR = timedelta(hours=1)


def full() -> Path:
    """The file of this month lies on a disk that takes nothing more."""
    path = journal.folder() / f"{TUESDAY:%Y-%m}.jsonl"
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/full")
    return path


def test_nothing_leaves_and_everything_goes_back_certainly_unsent() -> None:
    with ScriptedServer() as server:
        under_way(server.port, people=3)
        blocked = full()
        play()
        assert "data" not in server.verbs
        assert server.verbs.count("rcpt") == 1
        assert set(OutboundMessage.objects.values_list("state", flat=True)) == {State.PLANNED}
        blocked.unlink()
        assert play(TUESDAY + HOUR) == {"accepted": 3}
    assert len(server.messages) == 3
    assert broken_promises() == {}
