"""What one unsubscribe request costs at 200 a second, at the real web server. The promise: p99 under 50 ms."""

import contextlib
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.db import connection

from bench.harness import Figure, percentile
from compliance import addresses, arming, cards, clock, installation, tokens
from compliance.models import Purpose
from handoff import serving

N = 3_000
RATE = 200
_REQUEST = (
    b"POST /u/%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 26\r\n\r\nList-Unsubscribe=One-Click"
)
_CLIENTS = 32
_START_SECONDS = 30
_WARM_UP = 40


def measure(n: int) -> list[Figure]:
    """Each request with a token of its own, for an address that has a card: what mail providers send."""
    given = _tokens(_WARM_UP + n)
    connection.close()
    port = serving.free_port(0)
    with serving.web(port, {}):
        _await(port)
        for token in given[:_WARM_UP]:
            _post(port, token, time.perf_counter())
        figure = _at_their_moments(port, given[_WARM_UP:])
    assert _journaled() == len(given), "some stops are not in the journal"
    return [figure]


def _tokens(count: int) -> list[str]:
    at = clock.now()
    # Only a host that was armed keeps a journal, and an opt-out is answered once it is there.
    arming.begin(installation.mark(Purpose.TEST, at=at), at)
    people = [addresses.parse(f"person{number}@company{number % 97}.example") for number in range(count)]
    made = cards.find_or_make(people, at=at).values()
    return [
        tokens.make(tokens.Purpose.UNSUBSCRIBE, message=number, digest=card.digest)
        for number, card in enumerate(made, start=1)
    ]


def _await(port: int) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise TimeoutError("the web server does not answer")


def _at_their_moments(port: int, given: list[str]) -> Figure:
    """Open loop: requests are sent when they are due, however slow the answers are."""
    with ThreadPoolExecutor(_CLIENTS) as clients:
        began, busy = time.perf_counter() + 0.2, time.process_time()
        asked = [clients.submit(_post, port, token, began + place / RATE) for place, token in enumerate(given)]
        answers = [one.result() for one in asked]
        seconds, busy = time.perf_counter() - began, time.process_time() - busy
    assert {status for _took, status in answers} == {200}, "some requests were not obeyed"
    taken = [milliseconds for milliseconds, _status in answers]
    told = {f"p{share}_ms": round(percentile(taken, share / 100), 1) for share in (50, 99)}
    # What the asking itself took of the machine that answers.
    return Figure(
        "unsubscribe_post", len(taken), seconds, more={**told, "client_cpu_ms": round(busy / len(taken) * 1000, 2)}
    )


def _post(port: int, token: str, due: float) -> tuple[float, int]:
    """One request at its moment: milliseconds from the moment it was due (so that queueing counts), and the status."""
    time.sleep(max(0.0, due - time.perf_counter()))
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(_REQUEST % token.encode())
        answer = b""
        while piece := line.recv(65536):
            answer += piece
    return (time.perf_counter() - due) * 1000, int(answer.split(b" ", 2)[1])


def _journaled() -> int:
    """How many stops are in the journal beside the database."""
    folder = Path(os.environ["HANDOFF_STATE_DIR"], "journal")
    return sum(path.read_bytes().count(b'"kind":"stop"') for path in folder.glob("*.jsonl"))
