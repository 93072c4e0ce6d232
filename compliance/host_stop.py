"""Decides whether this host may send at all: a file outside the database says no, for when nothing else can be reached.

Asked before a worker takes messages and again at the door (LAW PIP-13). Any doubt about the file means no.
"""

import json
import os
from datetime import datetime
from pathlib import Path

from django.conf import settings

from compliance.folders import sync

CODE = "halted_on_host"
_NAME = "STOP"
_MESSAGE = 500


class HaltedOnHost(RuntimeError):
    """A worker on this host was about to send while the file says that it must not."""


def path() -> Path:
    """Where the file is, or would be."""
    return Path(settings.STATE_DIR) / _NAME


def stands() -> bool:
    """Whether this host is stopped. What is there stops, whatever it is; what cannot be looked at stops as well."""
    try:
        os.lstat(path())
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True


def assert_may_send() -> None:
    """Raises HaltedOnHost."""
    if stands():
        raise HaltedOnHost(str(path()))


def place(reason: str, *, by: str, at: datetime) -> Path:
    """Stop this host; kept on the disk when it returns. A stopped one keeps its file. Raises OSError."""
    file = path()
    file.parent.mkdir(parents=True, exist_ok=True)
    said = {"at": at.isoformat(), "by": by, "reason": reason[:_MESSAGE]}
    try:
        with file.open("x", encoding="utf-8") as written:
            written.write(json.dumps(said) + "\n")
            written.flush()
            os.fsync(written.fileno())
    except FileExistsError:
        return file
    sync(file.parent)
    return file


def remove() -> bool:
    """Let this host send again; whether it was stopped. Raises OSError."""
    file = path()
    try:
        file.unlink()
    except FileNotFoundError:
        return False
    sync(file.parent)
    return True
