"""Knows whether this process was told to end: what is on the wire is finished, nothing new is taken (LAW PIP-16).

A message that has passed the door waits up to ten minutes for its server's last word; a worker that is killed meanwhile
leaves it in doubt.
"""

import mmap
import signal
from collections.abc import Iterator
from contextlib import contextmanager

GRACE_SECONDS = 660
"""How long whatever runs this service gives a worker to end, at the least (RFC 5321, 4.5.3.2.6: ten minutes)."""
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# One byte that forked processes share with the first one, the only one that Celery tells; no lock can be left held.
_told = mmap.mmap(-1, 1)


def ask(*_: object, **__: object) -> None:
    """Tell this process, and those that were forked from it, to end; may be called by a signal."""
    _told[0] = 1


def asked() -> bool:
    """Whether to take nothing new."""
    return _told[0] == 1


@contextmanager
def heeding_signals() -> Iterator[None]:
    """Inside the block SIGTERM and SIGINT ask to end instead of ending; for the main thread of a process."""
    _told[0] = 0
    before = {number: signal.signal(number, ask) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _told[0] = 0
