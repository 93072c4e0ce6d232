"""The keeper of a web host: a thread of the web server that drains the spool and says that it is empty (LAW UNS-09).

Only the server entry starts it. Every process of a host has one; they share the folder, and whoever ends last says
goodbye for the host, if nothing waits.
"""

import atexit
import fcntl
import logging
import threading
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import connections

from compliance import clock, deadlines, hosts, unsubscribing

_log = logging.getLogger(__name__)
_PAUSE_SECONDS = 10.0
_AFTER_A_FAILURE_SECONDS = 2.0
_PATIENCE_SECONDS = 5.0


class Keeper:
    """Runs beside the requests of one process until it is told to end."""

    def __init__(self, pause: float = _PAUSE_SECONDS) -> None:
        self._pause = pause
        self._ended = threading.Event()
        self._present: IO[str] | None = None
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """An orderly end: drain once more, and say goodbye if no other process of this host goes on."""
        self._ended.set()
        unsubscribing.spooled.set()
        self._thread.join(_PATIENCE_SECONDS * 2)
        try:
            if not self._thread.is_alive() and round_once() and self._is_last():
                with deadlines.within(_PATIENCE_SECONDS):
                    hosts.say_goodbye(at=clock.lease_clock())
        except Exception:  # noqa: BLE001 - the host stays owed, which is the safe side
            _log.warning("this web host ended without a goodbye; mail waits until it is back")
        finally:
            connections.close_all()

    def _run(self) -> None:
        while not self._ended.is_set():
            unsubscribing.spooled.clear()
            self._be_present()
            well = round_once()
            connections.close_all()
            if not well:
                self._ended.wait(_AFTER_A_FAILURE_SECONDS)
            unsubscribing.spooled.wait(self._pause)

    def _be_present(self) -> None:
        """A shared lock that the system gives back however this process ends."""
        if self._present is None:
            try:
                self._present = _presence()
                fcntl.flock(self._present, fcntl.LOCK_SH)
            except OSError:
                _log.critical("the state folder of this host cannot be written; opt-outs could not be kept there")

    def _is_last(self) -> bool:
        if self._present is None:
            return False
        # Given back first: two that end together would otherwise each see the other and both keep silent.
        fcntl.flock(self._present, fcntl.LOCK_UN)
        try:
            fcntl.flock(self._present, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def start() -> None:
    """Start this process's keeper and have it end with the process."""
    keeper = Keeper()
    keeper.start()
    atexit.register(keeper.end)


def round_once() -> bool:
    """Drain, then say that nothing waits; whether both worked. Never raises."""
    try:
        with deadlines.within(_PATIENCE_SECONDS):
            at = clock.lease_clock()
            if written := unsubscribing.drain():
                _log.warning("%d opt-outs from the spool are in the database now", written)
            return hosts.say_empty(at=at)
    except Exception as error:  # noqa: BLE001 - whatever it is, the next round tries again, and silence shuts the door
        _log.error("opt-outs may wait on this host: %s", type(error).__name__)
        return False


def _presence() -> IO[str]:
    path = Path(settings.STATE_DIR) / "present.lock"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path.open("a")
