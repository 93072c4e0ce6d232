"""The attendant of a process: a thread that does what its host owes, whatever else the process is at (LAW PIP-14).

A round may take a minute, a broker may give all rounds to other hosts, and a web server runs none. On SQLite there is
one machine with one journal, and the loop is enough.
"""

import atexit
import logging
import threading

from django.db import connection, connections

from compliance import clock, following

_log = logging.getLogger(__name__)
PAUSE_SECONDS = 5.0


class Attendant:
    """Runs beside the work of one process until it is told to end."""

    def __init__(self, pause: float = PAUSE_SECONDS) -> None:
        self._pause = pause
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="attendant", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.is_set():
            attend()
            connections.close_all()
            self._ended.wait(self._pause)


def start() -> None:
    """Start this process's attendant where there may be other hosts."""
    if connection.vendor == "postgresql":
        attendant = Attendant()
        attendant.start()
        atexit.register(attendant.end)


def attend() -> bool:
    """Once; whether it worked. Never raises."""
    try:
        following.take_part(clock.lease_clock())
    except Exception as error:  # noqa: BLE001 - whatever it is, the next look tries again, and nothing is sent meanwhile
        _log.error("this host could not compare its journal: %s", type(error).__name__)
        return False
    return True
