"""Stands between a process and a server of the test: refuses, falls silent or breaks off, and the server goes on."""

import contextlib
import socket
import threading
from collections.abc import Iterator

from django.db import connection


class Proxy:
    """A TCP proxy. `refuse()` closes everything, `hold()` passes nothing on, `open()` lets through.

    After `break_off(octets)` so many more come from the server; then each line that is open breaks, once.
    """

    def __init__(self, behind: tuple[str, int]) -> None:
        self._behind = behind
        self._left: int | None = None
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

    def break_off(self, octets: int) -> None:
        self._left = octets

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
            for one, other, comes in ((line, behind, False), (behind, line, True)):
                threading.Thread(target=self._pass, args=(one, other, comes), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket, comes: bool) -> None:
        try:
            with contextlib.suppress(OSError):
                while piece := one.recv(65536):
                    self._flowing.wait()
                    if comes and self._left is not None:
                        piece, self._left = piece[: self._left], self._left - len(piece)
                    other.sendall(piece)
                    if comes and self._left is not None and self._left <= 0:
                        self._left = None
                        break
        finally:
            # Closing alone would not wake the thread that reads from it, and the server would never hear of it.
            for end in (one, other):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()


@contextlib.contextmanager
def between(port: int | None = None) -> Iterator[Proxy]:
    """A proxy that lets everything through, until it is told otherwise; to the database unless a `port` is given."""
    told = connection.settings_dict
    proxy = Proxy(("127.0.0.1", port) if port else (str(told["HOST"] or "127.0.0.1"), int(told["PORT"] or 5432)))
    proxy.open()
    try:
        yield proxy
    finally:
        proxy.open()
        proxy.refuse()
