"""Reads what a journal says: each line behind its digest, and only what is new since the last look.

A line that a crash tore is skipped, and never stops the reading.
"""

import hashlib
import json
import logging
import os
import threading
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from compliance import epochs
from compliance.appending import TORN

_log = logging.getLogger(__name__)
Record = Mapping[str, Any]
# Number and moment: two lives of a database may have used one number twice.
Written = tuple[int, str]
_DIGEST_LENGTH = 16
# So many of the latest order numbers are looked for in the database: any of them missing gives an old copy away, and
# the highest one alone would not (PostgreSQL may bring back a counter that is ahead of its tables).
_TAIL = 64
_LATELY = 50_000


class JournalUnavailable(OSError):
    """The journal cannot be written or read; without it nothing may be sent (LAW PIP-09)."""


@dataclass(frozen=True)
class Known:
    """What the journal says by now: `places` are digests of the databases it was begun for, `tail` its last orders.

    `epoch` is the one this host is through with, `latest` the last it has heard of, `hosts` who keep a journal as
    well; `life` is the life of the database it was compared with last, `former` are those before it.
    """

    instance: UUID | None
    places: frozenset[str]
    highest: int
    tail: tuple[int, ...]
    damaged: int
    epoch: str
    latest: str
    hosts: frozenset[str]
    life: str
    former: frozenset[str]


class Reading:
    """How far this process has read the journal of one folder, and what it has learnt from it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._forget()

    def known(self) -> Known:
        with self._lock:
            self._catch_up()
            return Known(
                instance=self._instance,
                places=frozenset(self._places),
                highest=self._highest,
                tail=tuple(self._tail),
                damaged=self._damaged,
                epoch=self._epoch,
                latest=self._latest,
                hosts=self._hosts,
                life=self._life,
                former=frozenset(self._former),
            )

    def lately(self, kind: str) -> frozenset[Written]:
        with self._lock:
            self._catch_up()
            return frozenset(self._written[kind])

    def _forget(self) -> None:
        self._read: dict[str, tuple[int, int]] = {}
        self._instance: UUID | None = None
        self._highest = self._damaged = 0
        self._begin()
        self._tail: deque[int] = deque(maxlen=_TAIL)
        self._written: dict[str, deque[Written]] = defaultdict(lambda: deque(maxlen=_LATELY))

    def _catch_up(self) -> None:
        try:
            found = {path.name: (path, path.stat()) for path in files(self._path)}
            if any(self._is_another(name, *found.get(name, (None, None))) for name in self._read):
                self._forget()
            for name, (path, state) in found.items():
                self._take(name, path, state)
        except OSError as error:
            raise unavailable(error) from error

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
        record = parsed(line)
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
            case "epoch" | "life" | "mark":
                self._learn_standing(record)
            case "stop" | "halt":
                self._written[record["kind"]].append((record["order"], record.get("since", "")))
                self._count([record["order"]])
            case "change":
                self._written["change"].append((record["order"], record["at"]))
                self._count([record["order"]])
            case "merge" | "split":
                # From before they were rows: no row carries this number; it only says how far the counter had come.
                self._highest = max(self._highest, record["order"])
            case "lift":
                self._count([record["order"]])
            case "cleared":
                self._count([row[-1] for row in record["rows"]])

    def _begin(self) -> None:
        """Nothing of what was another installation's holds for this one."""
        self._places: set[str] = set()
        self._epoch = self._latest = self._life = ""
        self._hosts: frozenset[str] = frozenset()
        self._former: set[str] = set()

    def _learn_birth(self, whose: UUID, place: str) -> None:
        if whose != self._instance:
            self._begin()
        self._instance = whose
        self._places.add(place)

    def _learn_standing(self, record: Record) -> None:
        epoch = record.get("epoch", "")
        if epoch and epochs.number_of(epoch) >= epochs.number_of(self._latest):
            self._latest = epoch
        if record["kind"] == "epoch":
            self._epoch = epoch
        self._hosts = frozenset(record.get("hosts", self._hosts))
        if "life" in record:
            self._former.add(self._life)
            self._life = record["life"]
            self._former.discard(self._life)
        if record.get("highest"):
            self._count([record["highest"]])

    def _count(self, orders: Sequence[int]) -> None:
        self._tail.extend(orders)
        self._highest = max([self._highest, *orders])


def files(path: Path) -> list[Path]:
    """Its files, month by month."""
    try:
        return sorted(file for file in path.iterdir() if file.suffix == ".jsonl")
    except FileNotFoundError:
        return []


def parsed(line: bytes) -> Record | None:
    """What a line says; None when it is damaged."""
    digest, _blank, body = line.rstrip(b"\n").partition(b" ")
    if digest != digest_of(body):
        return None
    record: Record = json.loads(body)
    return record


def digest_of(body: bytes) -> bytes:
    """What a line begins with."""
    return hashlib.sha256(body).hexdigest()[:_DIGEST_LENGTH].encode()


def unavailable(error: OSError) -> JournalUnavailable:
    """The same, as it is told to whoever wanted to write or read."""
    return JournalUnavailable(error.errno, error.strerror or str(error))
