"""Keeps the head of the chain outside the database, once a day, so that a log cut or written anew shows (LAW AUD-02).

Each host keeps its own files, STATE_DIR/heads/<installation>/YYYY-MM-DD.json; a day that is written is never rewritten.
"""

import json
import os
from datetime import datetime
from pathlib import Path

from django.conf import settings

from compliance import folders, sealer
from compliance.models import Installation
from compliance.sealer import Head


class UnreadableHead(ValueError):
    """A file among the heads says nothing; somebody has to look at it. Carries its path."""


def export(at: datetime) -> Head | None:
    """Keep the present head as that of the day. None when this host has kept one, or nothing is sealed yet.

    Raises OSError when it cannot be kept.
    """
    path = _folder() / f"{at.date().isoformat()}.json"
    head = None if path.exists() else sealer.head()
    if head:
        _write(path, json.dumps({"date": path.stem, "position": head.position, "chain": head.chain}) + "\n")
    return head


def kept() -> list[Head]:
    """Every head this host has kept of this installation, the oldest first. Raises UnreadableHead."""
    return [_read(path) for path in sorted(_folder().glob("*.json"))]


def _read(path: Path) -> Head:
    try:
        said = json.loads(path.read_bytes())
        return Head(chain=str(said["chain"]), position=int(said["position"]), kept=path.stem)
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableHead(str(path)) from error


def _folder() -> Path:
    row = Installation.objects.first()
    return Path(settings.STATE_DIR) / "heads" / (str(row.instance) if row else "unmarked")


def _write(path: Path, text: str) -> None:
    """Complete and on stable storage, or not there at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_suffix(f".{os.getpid()}")
    with aside.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(path)
    folders.sync(path.parent)
