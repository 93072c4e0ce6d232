"""The journal outside the database: appended whole, kept on the disk, read in spite of what a crash left behind."""

import errno
import multiprocessing
import os
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from pytest_django.fixtures import Settings

from compliance import journal
from compliance.journal import JournalUnavailable
from compliance.journal_reading import parsed
from tests.cast import TUESDAY
from tests.concurrency.together import together

OURS = uuid4()
MONTH = timedelta(days=31)


def note(*orders: int, at: object = TUESDAY) -> None:
    journal.append("stop", at, [{"order": order} for order in orders])  # type: ignore[arg-type]


def orders() -> list[int]:
    return [record["order"] for record in journal.records("stop")]


def file() -> Path:
    (found,) = journal.folder().glob("*.jsonl")
    return found


def test_nothing_written_is_nobodys_journal() -> None:
    assert (journal.instance(), journal.highest(), orders()) == (None, 0, [])


def test_it_tells_whose_it_is_and_how_far_it_has_seen() -> None:
    journal.born(OURS, "here", TUESDAY)
    note(7, 3)
    assert (journal.instance(), journal.highest()) == (OURS, 7)
    assert journal.known().places == {"here"}


def test_each_month_has_a_file_and_they_are_read_in_order() -> None:
    note(9, at=TUESDAY + MONTH)
    note(1)
    note(2, at=TUESDAY + timedelta(days=1))
    assert sorted(path.name for path in journal.folder().iterdir()) == ["2026-11.jsonl", "2026-12.jsonl"]
    assert orders() == [1, 2, 9]


def test_what_another_process_adds_is_seen() -> None:
    note(1)
    assert journal.highest() == 1
    with file().open("ab") as other:
        other.write(journal._line({"kind": "stop", "at": "", "order": 5}))
    assert journal.highest() == 5


@pytest.mark.parametrize("cut", [1, 10, 60])
def test_a_line_that_a_crash_tore_is_kept_and_skipped(cut: int) -> None:
    note(1, 2)
    whole = file().read_bytes()
    file().write_bytes(whole[:-cut])
    assert (orders(), journal.highest()) == ([1], 1)
    note(3)
    assert (orders(), journal.highest()) == ([1, 3], 3)
    assert file().read_bytes().startswith(whole[:-cut])
    assert journal.known().damaged == 0


def test_a_damaged_line_in_the_middle_is_reported_and_skipped() -> None:
    note(1, 2, 3)
    file().write_bytes(file().read_bytes().replace(b'"order":2', b'"order":8'))
    assert orders() == [1, 3]
    assert (journal.highest(), journal.known().damaged) == (3, 1)


def test_a_replay_makes_the_latest_numbers_an_old_story() -> None:
    note(1, 2)
    assert journal.known().tail == (1, 2)
    journal.replayed(TUESDAY)
    note(3)
    assert journal.known().tail == (3,)


def test_a_file_that_was_put_back_is_read_anew() -> None:
    note(1)
    before = file().read_bytes()
    note(2)
    assert journal.highest() == 2
    file().write_bytes(before)
    assert journal.highest() == 1


def _append_many(folder: str, start: int) -> None:
    settings.STATE_DIR = folder
    for order in range(start, start + 50):
        note(order, order + 1000)


def test_two_processes_append_at_once_and_every_line_is_whole() -> None:
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_append_many, args=(str(settings.STATE_DIR), start)) for start in (1, 101)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert len(orders()) == 200
    assert journal.known().damaged == 0


def test_threads_append_at_once_and_every_line_is_whole() -> None:
    assert together([partial(note, number, number + 100) for number in range(20)]) == []
    assert sorted(orders()) == [*range(20), *range(100, 120)]
    assert journal.known().damaged == 0


def test_a_sync_that_fails_is_told_to_every_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    note(1)
    monkeypatch.setattr(os, "fsync", full)
    faults = together([partial(note, number) for number in range(2, 12)])
    assert [type(fault) for fault in faults] == [JournalUnavailable] * 10
    with pytest.raises(JournalUnavailable):
        journal.known()
    monkeypatch.undo()
    assert journal.known().damaged == 0


def full(descriptor: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_only_its_owner_may_read_it() -> None:
    note(1)
    assert (file().stat().st_mode & 0o777, journal.folder().stat().st_mode & 0o777) == (0o600, 0o700)


class TestADiskThatTakesNothing:
    @pytest.fixture(autouse=True)
    def _full(self, settings: Settings, tmp_path: Path) -> None:
        note(1)
        self.blocked = Path(settings.STATE_DIR) / "journal" / "2026-12.jsonl"
        # A folder where the file of the month should be: nobody, root included, can write there.
        self.blocked.mkdir()

    def test_it_says_so(self) -> None:
        with pytest.raises(JournalUnavailable) as error:
            note(2, at=TUESDAY + MONTH)
        assert error.value.errno == errno.EISDIR

    def test_what_was_written_only_in_part_is_no_record(self, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = os.write
        monkeypatch.setattr(os, "write", lambda descriptor, data: whole(descriptor, data[:20]))
        with pytest.raises(JournalUnavailable):
            note(2)
        monkeypatch.undo()
        note(3)
        assert orders_of(journal.folder() / "2026-11.jsonl") == [1, 3]

    def test_it_is_of_no_use_until_something_can_be_written_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(JournalUnavailable):
            note(2, at=TUESDAY + MONTH)
        self.blocked.rmdir()
        (journal.folder() / "trial").mkdir()
        with pytest.raises(JournalUnavailable):
            journal.known()
        (journal.folder() / "trial").rmdir()
        assert journal.highest() == 1


def orders_of(path: Path) -> list[int]:
    lines = (parsed(line) for line in path.read_bytes().split(b"\n"))
    return [record["order"] for record in lines if record]
