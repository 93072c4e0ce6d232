"""Runs the web server and the rounds side by side, for one machine without a broker."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping

from django.db import connection

from compliance import attending, stopping
from handoff import memory, rounds

# Of the web server alone; the rounds end when what is on the wire has its answer (compliance.stopping).
_GRACE_SECONDS = 30
_PAUSE_SECONDS = 0.5
_MOST_WORKERS = 4


class PortTaken(RuntimeError):
    """Somebody else listens on the port."""


def free_port(port: int) -> int:
    """The port if nobody listens on it; any free one for 0. Raises PortTaken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            taken: int = probe.getsockname()[1]
        except OSError as error:
            raise PortTaken(f"port {port} is in use; choose another with --port") from error
    return taken


@contextlib.contextmanager
def web(port: int, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """The web server as a process of its own, ended with the block."""
    command = [sys.executable, "-m", "gunicorn", "handoff.config.wsgi", "--bind", f"127.0.0.1:{port}"]
    command += ["--worker-class", "gthread", "--threads", "4", "--log-level", "warning"]
    told = {"WEB_CONCURRENCY": str(workers()), **os.environ, **environment}
    process = subprocess.Popen(command, env=told)  # noqa: S603 - our own server
    try:
        yield process
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)


def workers() -> int:
    """Processes of the web server: Python runs on one core, and SQLite lets one process write at a time."""
    return 1 if connection.vendor == "sqlite" else max(1, min(_MOST_WORKERS, os.cpu_count() or 1))


def until_stopped(process: subprocess.Popen[bytes], *, with_rounds: bool) -> None:
    """Run the rounds, or only wait, until a signal comes or the web server ends."""

    def over() -> bool:
        return stopping.asked() or process.poll() is not None

    with stopping.heeding_signals():
        if with_rounds:
            attending.start()
            memory.settle()
            rounds.loop(over)
        while not over():
            time.sleep(_PAUSE_SECONDS)
