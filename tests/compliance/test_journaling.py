"""What goes into the journal: stops once they are committed, clearances before they are answered, and no address."""

import errno
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction

from compliance import arming, cards, clearance, journal, journaling, suppression
from compliance.addresses import parse
from compliance.journal import Record
from compliance.models import Suppression, SuppressionReason, Touch
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from tests.cast import TUESDAY
from tests.compliance.asking import ADA, ask, clear, everything, stop
from tests.compliance.forgetting import back_to
from tests.factories import armed, card_of, playbook_loaded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.everywhere, pytest.mark.usefixtures("_a_playbook")]
BOB = "bob@pumps.example.com"


@pytest.fixture
def _a_playbook(ledger_rules: None) -> None:
    playbook_loaded()


def code() -> str:
    found = arming.fault(TUESDAY)
    return found.code if found else ""


def test_a_stop_once_it_is_committed() -> None:
    armed()
    with transaction.atomic():
        told = stop()
        assert list(journal.records("stop")) == []
    (record,) = journal.records("stop")
    assert (record["order"], record["person"]) == (told.order_no, str(told.person))
    assert set(record["digests"]) == set(told.digests.values_list("digest", flat=True))


def test_one_that_was_rolled_back_does_not() -> None:
    armed()
    with transaction.atomic():
        stop()
        transaction.set_rollback(True)
    stop(BOB)
    assert len(list(journal.records("stop"))) == 1


def test_one_that_was_rolled_back_beside_another_does_not() -> None:
    armed()
    with transaction.atomic():
        with transaction.atomic():
            stop()
            transaction.set_rollback(True)
        kept = stop(BOB)
    assert [record["order"] for record in journal.records("stop")] == [kept.order_no]


def test_one_that_is_alone_in_its_transaction_is_not_read_again(django_assert_max_num_queries: Any) -> None:
    armed()
    card_of(ADA)
    with transaction.atomic():
        stop(BOB)
        transaction.set_rollback(True)
    with django_assert_max_num_queries(200) as done:
        stop()
    (commit,) = (place for place, query in enumerate(done.captured_queries) if query["sql"] == "COMMIT")
    assert ["compliance_installation" in query["sql"] for query in done.captured_queries[commit + 1 :]] == [True]


@pytest.mark.parametrize("text", [ADA, "Jo.Hn+news@gmail.com"])
def test_what_is_handed_on_says_the_same_as_what_is_read_again(text: str) -> None:
    armed()
    here = TUESDAY.astimezone(ZoneInfo("Europe/Berlin"))
    suppression.stop_address(parse(text), Stop(SuppressionReason.BY_PHONE, "x" * 500), by=SYSTEM, at=here)
    journaling._note_stops(Suppression.objects.all(), TUESDAY)
    handed_on, read_again = ({**record, "at": None} for record in journal.records("stop"))
    assert handed_on == read_again


def test_those_of_one_transaction_go_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    armed()
    pieces: list[int] = []
    whole = journal.append

    def counted(kind: str, at: datetime, said: Sequence[Record]) -> None:
        pieces.append(len(said))
        whole(kind, at, said)

    monkeypatch.setattr(journal, "append", counted)
    with transaction.atomic():
        stop()
        stop(BOB)
    assert pieces == [2]


def test_no_address_and_no_name() -> None:
    armed()
    stop()
    assert "pumps" not in "".join(path.read_text() for path in journal.folder().iterdir())


def test_a_stop_whose_writer_died_is_caught_up(monkeypatch: pytest.MonkeyPatch) -> None:
    armed()
    with monkeypatch.context() as patch:
        patch.setattr(journaling, "_take_stops", lambda noted: None)
        stop()
    assert list(journal.records("stop")) == []
    assert journaling.journal_round(TUESDAY) == {"stops": 1, "changes": 0}
    assert journaling.journal_round(TUESDAY) == {"stops": 0, "changes": 0}
    assert len(list(journal.records("stop"))) == 1
    assert Suppression.objects.get().journaled_at == TUESDAY


def test_what_is_there_already_is_only_ticked_off() -> None:
    armed()
    stop()
    assert journaling.journal_round(TUESDAY) == {"stops": 1, "changes": 0}
    assert len(list(journal.records("stop"))) == 1


def test_a_stop_under_a_number_of_a_life_that_was_lost_is_caught_up_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    armed()
    first = stop()
    back_to(first.order_no - 1)
    monkeypatch.setattr(journaling, "_take_stops", lambda noted: None)
    later = TUESDAY + timedelta(hours=1)
    again = suppression.stop_address(parse(BOB), Stop(SuppressionReason.BY_PHONE), by=SYSTEM, at=later)
    assert again.order_no == first.order_no
    journaling.journal_round(later)
    assert [record["person"] for record in journal.records("stop")] == [str(first.person), str(again.person)]


def test_nothing_of_a_database_whose_journal_it_is_not() -> None:
    armed()
    journal.born(uuid4(), "elsewhere", TUESDAY)
    stop()
    assert journaling.journal_round(TUESDAY) == {"stops": 0, "changes": 0}
    assert list(journal.records("stop")) == []


def test_a_clearance_before_it_is_answered() -> None:
    (ruling,) = clear(ask())
    (record,) = journal.records("cleared")
    card = cards.canonical_digests(ruling.ask.address)[-1]
    told = ["1/1", 1, str(ruling.ask.person), "account:1", Touch.objects.get().domain, "mailbox:1", True]
    assert record["rows"] == [[*told, card, "sequence:1", 1, ruling.order_no]]


def test_a_clearance_that_cannot_be_kept_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    question = ask()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(journal.JournalUnavailable):
        clearance.clear([question], at=TUESDAY, confirm=everything)
    assert code() == "journal_unavailable"
    monkeypatch.undo()
    assert code() == ""


def full(descriptor: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_stop_whose_journal_cannot_be_written_stands_and_follows_later(monkeypatch: pytest.MonkeyPatch) -> None:
    armed()
    with monkeypatch.context() as broken:
        broken.setattr(journal, "append", _no_room)
        stop()
    assert Suppression.objects.get().journaled_at is None
    journaling.journal_round(TUESDAY)
    assert [record["order"] for record in journal.records("stop")] == [Suppression.objects.get().order_no]


def _no_room(kind: str, at: datetime, said: object) -> None:
    raise journal.JournalUnavailable(28, "No space left on device")
