"""Lines appended by many at once: whole, on the disk before anybody goes on, and one sync for all who wait."""

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from compliance import appending
from tests.processes import eventually

FIRST, LATER = b"first\n", [b"a\n", b"b\n", b"c\n"]


class Disk:
    """Its sync of `first` lasts until it is let go; whoever syncs later meets `fault`."""

    def __init__(self) -> None:
        self.began, self.let_go = threading.Event(), threading.Event()
        self.fault: BaseException | None = None
        self.synced: list[int] = []
        self._sync = os.fsync

    def fsync(self, descriptor: int) -> None:
        if not self.began.is_set():
            self.began.set()
            assert self.let_go.wait(20)
        elif self.fault:
            raise self.fault
        self._sync(descriptor)
        self.synced.append(os.fstat(descriptor).st_size)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    # Made already: the folders of a new file are synced too.
    (tmp_path / "lines").touch()
    return tmp_path / "lines"


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    disk = Disk()
    monkeypatch.setattr(os, "fsync", disk.fsync)
    yield disk
    disk.let_go.set()


class Writers:
    """Threads that append one piece each, and what they were told."""

    def __init__(self, path: Path) -> None:
        self._path, self._threads = path, list[threading.Thread]()
        self.kept, self.faults = set[bytes](), dict[bytes, BaseException]()

    def begin(self, lines: bytes) -> None:
        self._threads.append(threading.Thread(target=self._append, args=[lines], daemon=True))
        self._threads[-1].start()

    def wait(self) -> None:
        for thread in self._threads:
            thread.join(20)
        assert not any(thread.is_alive() for thread in self._threads)

    def _append(self, lines: bytes) -> None:
        try:
            appending.append(self._path, lines)
        except BaseException as fault:  # noqa: BLE001 - the test looks at it
            self.faults[lines] = fault
        else:
            self.kept.add(lines)


@pytest.fixture
def writers(path: Path, disk: Disk) -> Writers:
    """One is at its sync, three more wait."""
    writers = Writers(path)
    writers.begin(FIRST)
    assert disk.began.wait(20)
    for lines in LATER:
        writers.begin(lines)
    eventually(lambda: len(appending._appenders[path]._waiting) == len(LATER))
    return writers


def test_those_who_come_during_a_sync_share_the_next_one(path: Path, disk: Disk, writers: Writers) -> None:
    disk.let_go.set()
    writers.wait()
    assert (writers.kept, len(disk.synced)) == ({FIRST, *LATER}, 2)
    assert sorted(path.read_bytes().splitlines(keepends=True)) == sorted([FIRST, *LATER])


def test_nobody_is_told_before_their_own_lines_are_on_the_disk(path: Path, disk: Disk, writers: Writers) -> None:
    assert path.read_bytes() == FIRST
    assert writers.kept == set()
    disk.let_go.set()
    writers.wait()
    assert disk.synced == [len(FIRST), len(FIRST) + sum(map(len, LATER))]


def test_a_sync_that_fails_has_failed_for_all_who_share_it(path: Path, disk: Disk, writers: Writers) -> None:
    disk.fault = OSError(errno.EIO, "Input/output error")
    disk.let_go.set()
    writers.wait()
    assert writers.kept == {FIRST}
    assert {(type(fault), fault.errno) for fault in writers.faults.values()} == {(OSError, errno.EIO)}  # type: ignore[attr-defined]
    assert writers.faults.keys() == set(LATER)


def test_after_a_failure_the_next_one_is_tried_anew(path: Path, disk: Disk, writers: Writers) -> None:
    disk.fault = OSError(errno.ENOSPC, "No space left on device")
    disk.let_go.set()
    writers.wait()
    disk.fault = None
    appending.append(path, b"again\n")
    assert path.read_bytes().endswith(b"again\n")


def test_who_is_interrupted_while_writing_for_all_leaves_nobody_waiting(
    path: Path, disk: Disk, writers: Writers
) -> None:
    disk.fault = KeyboardInterrupt()
    disk.let_go.set()
    writers.wait()
    assert writers.kept == {FIRST}
    assert sorted(type(fault).__name__ for fault in writers.faults.values()) == [
        "KeyboardInterrupt",
        "OSError",
        "OSError",
    ]
    disk.fault = None
    appending.append(path, b"again\n")


def test_what_a_dead_writer_left_torn_is_marked_before_the_lines_of_all(
    path: Path, disk: Disk, writers: Writers
) -> None:
    with path.open("ab") as other:
        other.write(b"tor")
    disk.let_go.set()
    writers.wait()
    assert path.read_bytes().startswith(FIRST + b"tor" + appending.TORN + b"\n")


def test_lines_of_one_piece_stay_together(path: Path) -> None:
    writers = Writers(path)
    for number in range(40):
        writers.begin(b"%d begins\n%d ends\n" % (number, number))
    writers.wait()
    lines = path.read_bytes().splitlines()
    assert len(lines) == 80
    assert all(begin.split()[0] == end.split()[0] for begin, end in zip(lines[::2], lines[1::2], strict=True))


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_process_forked_during_a_sync_does_not_wait_for_it(path: Path, disk: Disk, writers: Writers) -> None:
    child = os.fork()
    if child == 0:
        try:
            appending.append(path, b"child\n")
        finally:
            os._exit(0 if b"child\n" in path.read_bytes() else 1)
    assert os.waitpid(child, 0)[1] == 0
    disk.let_go.set()
    writers.wait()
    assert sorted(path.read_bytes().splitlines(keepends=True)) == sorted([FIRST, *LATER, b"child\n"])
