"""A folder of records that must survive a database that is away: on disk and synced before anybody is told "yes".

One file a record, complete or not there: written aside, synced, renamed, and the folder synced (as mail queues do).
A record that cannot be read is set aside, never dropped.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings

from compliance.folders import sync

_READY = ".json"
_ASIDE = ".unreadable"


class Spool:
    """The records of one kind on this host, oldest first."""

    def __init__(self, kind: str) -> None:
        self.folder = Path(settings.STATE_DIR) / "spool" / kind

    def put(self, record: Mapping[str, Any], *, order: int) -> None:
        """Keep a record; it is on stable storage when this returns. `order` sorts (nanoseconds). Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = f"{order:020d}-{uuid4().hex}"
        aside = self.folder / f"{name}.part"
        with aside.open("xb") as file:
            file.write(json.dumps(record, sort_keys=True).encode())
            file.flush()
            os.fsync(file.fileno())
        aside.rename(self.folder / f"{name}{_READY}")
        sync(self.folder)

    def waiting(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Each record with its file, oldest first; the caller calls `done` when its consequence is committed."""
        for path in self._files(_READY):
            try:
                record = json.loads(path.read_bytes())
            except ValueError:
                self.set_aside(path)
                continue
            except FileNotFoundError:
                continue  # another process of this host has drained it
            yield path, record

    def done(self, path: Path) -> None:
        """Its consequence is in the database."""
        path.unlink(missing_ok=True)

    def set_aside(self, path: Path) -> None:
        """Its reader could make nothing of it; it is kept, and counts as waiting until a person has looked at it."""
        path.rename(path.with_suffix(_ASIDE))

    def counts(self) -> dict[str, int]:
        """How many records wait, and how many were set aside."""
        return {"waiting": len(self._files(_READY)), "unreadable": len(self._files(_ASIDE))}

    def empty(self) -> bool:
        """Whether nothing waits and nothing was set aside unread."""
        return not (self._files(_READY) or self._files(_ASIDE))

    def _files(self, suffix: str) -> list[Path]:
        with contextlib.suppress(FileNotFoundError):
            return sorted(path for path in self.folder.iterdir() if path.suffix == suffix)
        return []
