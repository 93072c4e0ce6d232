"""A web server on this machine whose requests happen at the moment that is being played."""

import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from socketserver import ThreadingMixIn
from types import TracebackType
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.core.wsgi import get_wsgi_application

Application = Callable[..., Iterable[bytes]]


class PlayedServer:
    """Serves the real application; `at` is the moment its requests are told. A context manager."""

    def __init__(self, port: int) -> None:
        self.at: datetime | None = None
        self._application: Application = get_wsgi_application()
        self._server = make_server("127.0.0.1", port, self._answer, _Threading, _Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> "PlayedServer":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["handoff.at"] = self.at
        return self._application(environ, start_response)


class _Threading(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing: the story is told elsewhere."""
