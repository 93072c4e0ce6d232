"""Decides how long this thread may wait for the database before it is told that there is none.

Timeouts of the server do not help against a server that has stopped, nor those of the network against one that is
only silent; so the line is cut from this side.
"""

import contextlib
import itertools
import os
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper

_LOOK_SECONDS = 0.25


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Whatever the block asks of the database fails with django.db.Error once it has waited so long.

    The connection is not usable afterwards; Django opens a new one. Opening one is bounded by `connect_timeout`.
    """
    database = connections["default"]
    if database.vendor == "sqlite":
        with _short_wait(database, seconds):
            yield
        return
    ticket = _guard.watch(database, seconds)
    try:
        yield
    finally:
        _guard.forget(ticket)


@contextlib.contextmanager
def statements(seconds: float) -> Iterator[None]:
    """No single statement of the block takes longer, waiting for locks included; it fails with OperationalError.

    The server ends it and the connection stays usable. SQLite waits as long as its connection says.
    """
    database = connections["default"]
    if database.vendor != "postgresql":
        yield
        return
    _tell(database, "SELECT set_config('statement_timeout', %s, false)", f"{int(seconds * 1000)}ms")
    try:
        yield
    finally:
        # A transaction that failed takes the bound back itself.
        with contextlib.suppress(Error):
            _tell(database, "RESET statement_timeout")


def _tell(database: BaseDatabaseWrapper, statement: str, *told: str) -> None:
    with database.cursor() as cursor:
        cursor.execute(statement, told)


@contextlib.contextmanager
def _short_wait(database: BaseDatabaseWrapper, seconds: float) -> Iterator[None]:
    """SQLite waits for nothing but its lock."""
    usual = database.settings_dict["OPTIONS"].get("timeout", 5.0)
    _patience(database, seconds)
    try:
        yield
    finally:
        with contextlib.suppress(Error):
            _patience(database, usual)


def _patience(database: BaseDatabaseWrapper, seconds: float) -> None:
    with database.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")


def _cut(line: Any) -> None:
    with contextlib.suppress(Exception):
        number = os.dup(line.pgconn.socket)
        with socket.socket(fileno=number) as held:
            held.shutdown(socket.SHUT_RDWR)


class _Guard:
    """One thread for all that wait in this process: a thread for each request would cost more than most answers."""

    def __init__(self) -> None:
        self._late: dict[int, list[Any]] = {}
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def watch(self, database: BaseDatabaseWrapper, seconds: float) -> int:
        ticket = next(self._numbers)
        self._late[ticket] = [seconds, database]
        if self._thread is None or not self._thread.is_alive():
            with self._starting:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
                    self._thread.start()
        return ticket

    def forget(self, ticket: int) -> None:
        self._late.pop(ticket, None)

    def _run(self) -> None:
        while True:
            time.sleep(_LOOK_SECONDS)
            for waiting in list(self._late.values()):
                waiting[0] -= _LOOK_SECONDS
                # Again and again: after the first cut Django may have opened another line to the same silence.
                if waiting[0] < 0:
                    _cut(waiting[1].connection)


_guard = _Guard()
