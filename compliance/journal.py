"""The journal of this host, outside the database: whose it is, every stop, every clearance (LAW PIP-14; spec X8).

One file a month under STATE_DIR/journal, one record a line behind its digest, only ever appended to and on stable
storage before anybody goes on. What is written here after a commit must be in the database for ever; where it is not,
the database is an old copy. A line that a crash tore is kept and skipped, and never stops the reading.
"""

import hashlib
import json
import logging
import os
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from compliance import appending
from compliance.appending import TORN

_log = logging.getLogger(__name__)
Record = Mapping[str, Any]
_DIGEST_LENGTH = 16
# So many of the latest order numbers are looked for in the database: any of them missing gives an old copy away, and
# the highest one alone would not (PostgreSQL may bring back a counter that is ahead of its tables).
_TAIL = 64
_LATELY = 50_000
_A_BLOCK = 4096


class JournalUnavailable(OSError):
    """The journal cannot be written or read; without it nothing may be sent (LAW PIP-09)."""


@dataclass(frozen=True)
class Known:
    """What the journal says by now: `places` are digests of the databases it was begun for, `tail` its last orders."""

    instance: UUID | None
    places: frozenset[str]
    highest: int
    tail: tuple[int, ...]
    damaged: int


def folder() -> Path:
    """Where the journal of this host lies."""
    return Path(settings.STATE_DIR) / "journal"


def append(kind: str, at: datetime, said: Sequence[Record]) -> None:
    """Keep these records, in one piece; they are on stable storage when this returns. Raises JournalUnavailable."""
    lines = b"".join(_line({"kind": kind, "at": at.isoformat(), **record}) for record in said)
    if not lines:
        return
    try:
        appending.append(folder() / f"{at:%Y-%m}.jsonl", lines)
    except OSError as error:
        _failed.add(folder())
        raise _unavailable(error) from error


def born(instance: UUID, place: str, at: datetime) -> None:
    """Say that this host sends for this installation, and where its database is. Raises JournalUnavailable."""
    append("born", at, [{"instance": str(instance), "place": place}])


def replayed(at: datetime) -> None:
    """Say that the database knows everything up to here again. Raises JournalUnavailable."""
    append("replayed", at, [{}])


def known() -> Known:
    """What it says now; cheap, for only what is new is read. Raises JournalUnavailable.

    Once it could not be written, it is of no use until it can be again.
    """
    if folder() in _failed:
        _try_to_write(folder())
    return _reading().known()


def instance() -> UUID | None:
    """Whose journal this is; None while nobody has begun one. Raises JournalUnavailable."""
    return known().instance


def highest() -> int:
    """The highest order number it has seen; 0 for none. Raises JournalUnavailable."""
    return known().highest


def lately() -> frozenset[int]:
    """Order numbers of the stops it has taken lately. Raises JournalUnavailable."""
    return _reading().lately()


def records(*kinds: str) -> Iterator[Record]:
    """Every sound record of these kinds, month by month in the order of writing. Raises JournalUnavailable."""
    try:
        for path in _files(folder()):
            with path.open("rb") as file:
                found = (_parsed(line) for line in file if line.endswith(b"\n"))
                yield from (record for record in found if record is not None and record["kind"] in kinds)
    except OSError as error:
        raise _unavailable(error) from error


class _Reading:
    """How far this process has read the journal of one folder, and what it has learnt from it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._forget()

    def known(self) -> Known:
        with self._lock:
            self._catch_up()
            return Known(self._instance, frozenset(self._places), self._highest, tuple(self._tail), self._damaged)

    def lately(self) -> frozenset[int]:
        with self._lock:
            self._catch_up()
            return frozenset(self._stops)

    def _forget(self) -> None:
        self._read: dict[str, tuple[int, int]] = {}
        self._instance: UUID | None = None
        self._places: set[str] = set()
        self._highest = self._damaged = 0
        self._tail: deque[int] = deque(maxlen=_TAIL)
        self._stops: deque[int] = deque(maxlen=_LATELY)

    def _catch_up(self) -> None:
        try:
            found = {path.name: (path, path.stat()) for path in _files(self._path)}
            if any(self._is_another(name, *found.get(name, (None, None))) for name in self._read):
                self._forget()
            for name, (path, state) in found.items():
                self._take(name, path, state)
        except OSError as error:
            raise _unavailable(error) from error

    def _is_another(self, name: str, path: Path | None, state: os.stat_result | None) -> bool:
        inode, read = self._read[name]
        return state is None or state.st_ino != inode or state.st_size < read

    def _take(self, name: str, path: Path, state: os.stat_result) -> None:
        _inode, read = self._read.get(name, (0, 0))
        if state.st_size > read:
            with path.open("rb") as file:
                file.seek(read)
                # What has no end yet is being written, or was torn.
                whole, _end, _rest = file.read().rpartition(b"\n")
            for line in whole.split(b"\n") if whole or _end else ():
                self._learn(name, line)
            read += len(whole) + len(_end)
        self._read[name] = (state.st_ino, read)

    def _learn(self, name: str, line: bytes) -> None:
        record = _parsed(line)
        if record is None:
            if not line.endswith(TORN):
                self._damaged += 1
                _log.error("the journal file %s has a damaged line; it was skipped", name)
            return
        match record["kind"]:
            case "born":
                self._learn_birth(UUID(record["instance"]), record["place"])
            case "replayed":
                self._tail.clear()
            case "stop":
                self._stops.append(record["order"])
                self._count([record["order"]])
            case "lift":
                self._count([record["order"]])
            case "cleared":
                self._count([row[-1] for row in record["rows"]])

    def _learn_birth(self, whose: UUID, place: str) -> None:
        if whose != self._instance:
            self._places.clear()
        self._instance = whose
        self._places.add(place)

    def _count(self, orders: Sequence[int]) -> None:
        self._tail.extend(orders)
        self._highest = max([self._highest, *orders])


_readings: dict[Path, _Reading] = {}
_failed: set[Path] = set()


def _reading() -> _Reading:
    path = folder()
    return _readings.get(path) or _readings.setdefault(path, _Reading(path))


def _files(path: Path) -> list[Path]:
    try:
        return sorted(file for file in path.iterdir() if file.suffix == ".jsonl")
    except FileNotFoundError:
        return []


def _line(record: Record) -> bytes:
    body = json.dumps(record, sort_keys=True, separators=(",", ":"), default=str).encode()
    return b"%s %s\n" % (_digest(body), body)


def _parsed(line: bytes) -> Record | None:
    digest, _blank, body = line.rstrip(b"\n").partition(b" ")
    if digest != _digest(body):
        return None
    record: Record = json.loads(body)
    return record


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest()[:_DIGEST_LENGTH].encode()


def _try_to_write(path: Path) -> None:
    trial = path / "trial"
    try:
        with trial.open("wb") as file:
            file.write(bytes(_A_BLOCK))
            file.flush()
            os.fsync(file.fileno())
        trial.unlink()
    except OSError as error:
        raise _unavailable(error) from error
    _failed.discard(path)


def _unavailable(error: OSError) -> JournalUnavailable:
    return JournalUnavailable(error.errno, error.strerror or str(error))
