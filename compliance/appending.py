"""Appends lines to files so that they are on the disk before anybody goes on; who waits at once waits for one sync.

Whoever comes while a sync runs leaves their lines to the next one, which one thread does for all. If it fails, it has
failed for each of them. Other processes may append to the same file: lines are never mixed.
"""

import fcntl
import os
import threading
from dataclasses import dataclass
from pathlib import Path

from compliance.folders import sync

TORN = b" <torn>"
"""Ends a line over which its writer died, so that nobody takes it for damage."""


@dataclass(eq=False)
class _Piece:
    """Lines that stay together, and what became of them."""

    lines: bytes
    over: bool = False
    failure: BaseException | None = None


class _Appender:
    """Appends to one file for all threads of this process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._news = threading.Condition()
        self._waiting: list[_Piece] = []
        self._syncing = False

    def append(self, lines: bytes) -> None:
        piece, ours = _Piece(lines), list[_Piece]()
        try:
            with self._news:
                self._waiting.append(piece)
                self._news.wait_for(lambda: piece.over or not self._syncing)
                if not piece.over:
                    ours, self._waiting, self._syncing = self._waiting, [], True
            if ours:
                _write(self._path, b"".join(one.lines for one in ours))
        except BaseException as failure:
            for one in ours:
                one.failure = failure
            raise
        finally:
            # Whatever ended this turn, an interruption too: nobody may wait for a sync that is not running.
            if ours:
                self._end(ours)
        if piece.failure is not None:
            raise _as_error(piece.failure) from piece.failure

    def _end(self, pieces: list[_Piece]) -> None:
        with self._news:
            for piece in pieces:
                piece.over = True
            self._syncing = False
            self._news.notify_all()


_appenders: dict[Path, _Appender] = {}
# A process that was forked during a sync must not wait for it.
os.register_at_fork(after_in_child=_appenders.clear)


def append(path: Path, lines: bytes) -> None:
    """They are on stable storage, in one piece, when this returns; the file is made if need be.

    Raises OSError; then they may be there or not.
    """
    (_appenders.get(path) or _appenders.setdefault(path, _Appender(path))).append(lines)


def _as_error(failure: BaseException) -> OSError:
    if isinstance(failure, OSError):
        return OSError(failure.errno, failure.strerror or str(failure))
    return OSError(f"whoever wrote for all was interrupted: {type(failure).__name__}")


def _write(path: Path, lines: bytes) -> None:
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
        sync(path.parent)
        sync(path.parent.parent)


def _append_whole(descriptor: int, lines: bytes) -> None:
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        lines = TORN + b"\n" + lines
    if os.write(descriptor, lines) != len(lines):
        raise OSError("only a part could be written")
