"""Stands between a process and the database of the test: refuses, or falls silent, without stopping the server."""

import contextlib
import socket
import threading
from collections.abc import Iterator

from django.db import connection


class Proxy:
    """A TCP proxy to PostgreSQL. `refuse()` closes everything, `hold()` passes nothing on, `open()` lets through."""

    def __init__(self) -> None:
        told = connection.settings_dict
        self._behind = (str(told["HOST"] or "127.0.0.1"), int(told["PORT"] or 5432))
        self._listener: socket.socket | None = None
        self._lines: list[socket.socket] = []
        self._flowing = threading.Event()
        with socket.create_server(("127.0.0.1", 0)) as chosen:
            self.port = int(chosen.getsockname()[1])

    def open(self) -> None:
        self._flowing.set()
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def hold(self) -> None:
        self._flowing.clear()

    def refuse(self) -> None:
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for line in self._lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        self._lines.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                line, _from = listener.accept()
            except OSError:
                return
            behind = socket.create_connection(self._behind)
            self._lines += [line, behind]
            for one, other in ((line, behind), (behind, line)):
                threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        try:
            with contextlib.suppress(OSError):
                while piece := one.recv(65536):
                    self._flowing.wait()
                    other.sendall(piece)
        finally:
            # Closing alone would not wake the thread that reads from it, and the server would never hear of it.
            for end in (one, other):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()


@contextlib.contextmanager
def between() -> Iterator[Proxy]:
    """A proxy that lets everything through, until it is told otherwise."""
    proxy = Proxy()
    proxy.open()
    try:
        yield proxy
    finally:
        proxy.open()
        proxy.refuse()
