"""Decides what one unsubscribe request costs at 200 a second, at the real server and PostgreSQL: milliseconds, as JSON.

Run as `python -m bench.unsubscribe_post [seconds]` from the project's folder. It makes a scratch database on the server
of TEST_DATABASE_URL (standard: postgres://postgres@127.0.0.1:5432/postgres) and removes it again. It measures; it does
not judge.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
from psycopg import sql

from handoff import serving

RATE = 200
SECONDS = 15
_SERVER = os.environ.get("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
_KEYS = "1:" + "00" * 32
_REQUEST = (
    b"POST /u/%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 26\r\n\r\nList-Unsubscribe=One-Click"
)
_CLIENTS = 32
_START_SECONDS = 30
_WARM_UP = 40


@contextlib.contextmanager
def scratch_database() -> Iterator[str]:
    """A database of its own, migrated; its address."""
    name = f"bench_{uuid4().hex[:12]}"
    with psycopg.connect(_SERVER, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        url = urlsplit(_SERVER)._replace(path=f"/{name}").geturl()
        try:
            yield url
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def tokens(count: int) -> list[str]:
    """Distinct ones, for addresses that have cards: what mail providers send."""
    made = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "bench.unsubscribe_tokens", str(count)], check=True, capture_output=True, text=True
    )
    return made.stdout.split()


def post(port: int, token: str, due: float) -> tuple[float, int]:
    """One request at its moment: milliseconds from the moment it was due (so that queueing counts), and the status."""
    time.sleep(max(0.0, due - time.perf_counter()))
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(_REQUEST % token.encode())
        answer = b""
        while piece := line.recv(65536):
            answer += piece
    return (time.perf_counter() - due) * 1000, int(answer.split(b" ", 2)[1])


def measure(port: int, given: list[str]) -> dict[str, object]:
    """Open loop: requests are sent when they are due, however slow the answers are."""
    with ThreadPoolExecutor(_CLIENTS) as clients:
        began, busy = time.perf_counter() + 0.2, time.process_time()
        asked = [clients.submit(post, port, token, began + place / RATE) for place, token in enumerate(given)]
        answers = [one.result() for one in asked]
        seconds, busy = time.perf_counter() - began, time.process_time() - busy
    assert {status for _took, status in answers} == {200}, "some requests were not obeyed"
    took = sorted(milliseconds for milliseconds, _status in answers)
    return {
        "name": "unsubscribe_post",
        "n": len(took),
        "seconds": round(seconds, 2),
        "rate": round(len(took) / seconds, 1),
        "p50_ms": round(took[len(took) // 2], 1),
        "p99_ms": round(took[int(len(took) * 0.99)], 1),
        # What the asking itself took of the machine that answers.
        "client_cpu_ms": round(busy / len(took) * 1000, 2),
    }


def journaled(state: str) -> int:
    """How many stops are in the journal beside the database."""
    return sum(path.read_bytes().count(b'"kind":"stop"') for path in Path(state, "journal").glob("*.jsonl"))


def main() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    with scratch_database() as url, tempfile.TemporaryDirectory() as state:
        own = {"DATABASE_URL": url, "HANDOFF_KEYS": _KEYS, "SECRET_KEY": "bench", "HANDOFF_STATE_DIR": state}
        os.environ.update(own, DJANGO_SETTINGS_MODULE="handoff.config.settings", LOG_LEVEL="ERROR")
        given = tokens(_WARM_UP + RATE * seconds)
        port = serving.free_port(0)
        with serving.web(port, {}):
            until = time.monotonic() + _START_SECONDS
            while time.monotonic() < until:
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                time.sleep(0.1)
            for token in given[:_WARM_UP]:
                post(port, token, time.perf_counter())
            told = measure(port, given[_WARM_UP:])
        assert journaled(state) == len(given), "some stops are not in the journal"
        sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
