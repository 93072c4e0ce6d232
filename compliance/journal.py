"""The journal of this host, outside the database: whose it is, every stop, every clearance (LAW PIP-14; spec X8).

One file a month under STATE_DIR/journal, one record a line behind its digest, only ever appended to and on stable
storage before anybody goes on. What is written here after a commit must be in the database for ever; where it is not,
the database is an old copy. A line that a crash tore is kept and skipped, and never stops the reading.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings

from compliance import appending
from compliance.journal_reading import JournalUnavailable, Known, Reading, Record, Written
from compliance.journal_reading import digest_of as _digest
from compliance.journal_reading import files as _files
from compliance.journal_reading import parsed as _parsed
from compliance.journal_reading import unavailable as _unavailable

__all__ = ["JournalUnavailable", "Known", "Record"]
_A_BLOCK = 4096


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


def epoch_begun(epoch: str, life: str, hosts: Iterable[str], at: datetime) -> None:
    """Say that under this epoch the database knows everything up to here, and who else keeps a journal.

    Raises JournalUnavailable.
    """
    append("epoch", at, [{"epoch": epoch, "life": life, "hosts": sorted(hosts)}])


def compared(life: str, at: datetime) -> None:
    """Say in which life of the database everything was found in it. Raises JournalUnavailable."""
    append("life", at, [{"life": life}])


def mark(highest: int, epoch: str, hosts: Iterable[str], at: datetime) -> None:
    """Keep how far the whole installation has come, whoever brought it there. Raises JournalUnavailable."""
    append("mark", at, [{"highest": highest, "epoch": epoch, "hosts": sorted(hosts)}])


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


def lately(kind: str) -> frozenset[Written]:
    """What it has taken of a kind lately, by number and moment. Raises JournalUnavailable."""
    return _reading().lately(kind)


def records(*kinds: str) -> Iterator[Record]:
    """Every sound record of these kinds, month by month in the order of writing. Raises JournalUnavailable."""
    try:
        for path in _files(folder()):
            with path.open("rb") as file:
                found = (_parsed(line) for line in file if line.endswith(b"\n"))
                yield from (record for record in found if record is not None and record["kind"] in kinds)
    except OSError as error:
        raise _unavailable(error) from error


_readings: dict[Path, Reading] = {}
_failed: set[Path] = set()


def _reading() -> Reading:
    path = folder()
    return _readings.get(path) or _readings.setdefault(path, Reading(path))


def _line(record: Record) -> bytes:
    body = json.dumps(record, sort_keys=True, separators=(",", ":"), default=str).encode()
    return b"%s %s\n" % (_digest(body), body)


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
