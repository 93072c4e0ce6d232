"""Appends lines to files so that they are on the disk before anybody goes on.

Other processes may append to the same file: lines are never mixed.
"""

import fcntl
import os
from pathlib import Path

TORN = b" <torn>"
"""Ends a line over which its writer died, so that nobody takes it for damage."""


def append(path: Path, lines: bytes) -> None:
    """They are on stable storage, in one piece, when this returns; the file is made if need be. Raises OSError."""
    new = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        _append_whole(descriptor, lines)
        # Others may write meanwhile; what is ours is on the disk before we go on.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if new:
        _sync(path.parent)
        _sync(path.parent.parent)


def _append_whole(descriptor: int, lines: bytes) -> None:
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        lines = TORN + b"\n" + lines
    if os.write(descriptor, lines) != len(lines):
        raise OSError("only a part could be written")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
