"""The unsubscribe page spoken to over a real socket: old protocols, bad hosts, huge and broken bodies, no database."""

import os
import socket
import time
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from typing import Any, cast

import pytest
from pytest_django.live_server_helper import LiveServer

from compliance import cards, tokens
from compliance.addresses import parse
from compliance.models import Suppression
from compliance.tokens import Purpose
from handoff import serving
from tests.cast import LONG_AGO
from tests.compliance.asking import ADA, stopped

committed = pytest.mark.django_db(transaction=True)
MEGABYTE = 1024 * 1024
START_SECONDS = 60


def make_token(digest: str) -> str:
    return tokens.make(Purpose.UNSUBSCRIBE, message=4711, digest=digest)


@pytest.fixture
def token() -> str:
    return make_token(cards.find_or_make([parse(ADA)], at=LONG_AGO)[parse(ADA).canonical].digest)


def speak(port: int, head: str, body: bytes = b"", *, hang_up: bool = False) -> HTTPResponse:
    """Say exactly these bytes and read one answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        if hang_up:
            line.shutdown(socket.SHUT_WR)
        answer = HTTPResponse(line, method=head.partition(" ")[0])
        answer.begin()
        answer.body = answer.read()  # type: ignore[attr-defined]
    return answer


def is_direct(answer: HTTPResponse) -> bool:
    return answer.getheader("Set-Cookie") is None and answer.getheader("Location") is None


def port_of(live_server: LiveServer) -> int:
    return cast(int, cast(Any, live_server.thread).port)


@committed
@pytest.mark.parametrize(
    "head",
    [
        "POST /u/{} HTTP/1.0",
        "POST /u/{}/ HTTP/1.0",
        "POST /u/{} HTTP/1.0\nHost: ..not a host..",
        "POST /u/{} HTTP/1.0\nHost: evil.example.net\nContent-Length: 0",
        "POST /u/{} HTTP/1.1\nConnection: close",
        "POST /u/{} HTTP/1.1\nHost: x\nConnection: close\nTransfer-Encoding: chunked",
        "POST /u/{} HTTP/1.0\nContent-Type: multipart/form-data\nContent-Length: 0",
        "POST /u/{} HTTP/1.0\nX-Forwarded-Proto: https\nAccept-Language: xx-Yyyy;q=2",
    ],
)
def test_any_line_of_a_mail_provider_is_understood(live_server: LiveServer, token: str, head: str) -> None:
    answer = speak(port_of(live_server), head.format(token))
    assert (answer.status, is_direct(answer)) == (200, True)
    assert stopped(ADA)


@committed
def test_a_one_click_as_mail_providers_send_it(live_server: LiveServer, token: str) -> None:
    head = (
        f"POST /u/{token} HTTP/1.1\nHost: 127.0.0.1\nConnection: close\n"
        "Content-Type: application/x-www-form-urlencoded\nContent-Length: 26"
    )
    assert speak(port_of(live_server), head, b"List-Unsubscribe=One-Click").status == 200
    assert Suppression.objects.get().reason == "one_click"


@committed
def test_ten_megabytes_are_taken_and_answered(live_server: LiveServer, token: str) -> None:
    head = f"POST /u/{token} HTTP/1.0\nContent-Length: {10 * MEGABYTE}"
    assert speak(port_of(live_server), head, b"x" * 10 * MEGABYTE).status == 200
    assert stopped(ADA)


@committed
def test_a_body_that_breaks_off_unsubscribes(live_server: LiveServer, token: str) -> None:
    head = f"POST /u/{token} HTTP/1.0\nContent-Length: 26"
    assert speak(port_of(live_server), head, b"List-Unsub", hang_up=True).status == 200
    assert stopped(ADA)


@committed
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_changes_nothing(live_server: LiveServer, token: str, method: str) -> None:
    answer = speak(port_of(live_server), f"{method} /u/{token} HTTP/1.0")
    assert (answer.status, is_direct(answer)) == (405 if method == "OPTIONS" else 200, True)
    assert not Suppression.objects.exists()


@committed
def test_an_unknown_token_is_answered_and_changes_nothing(live_server: LiveServer) -> None:
    answer = speak(port_of(live_server), "POST /u/nonsense HTTP/1.0\nContent-Length: 0")
    assert (answer.status, is_direct(answer)) == (404, True)
    assert not Suppression.objects.exists()


@pytest.fixture(scope="module")
def without_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The web server as it runs in production, whose database does not answer; its port."""
    with socket.socket() as nowhere:
        nowhere.bind(("127.0.0.1", 0))
        url = f"postgres://nobody@127.0.0.1:{nowhere.getsockname()[1]}/nothing"
        port = serving.free_port(0)
        folder = tmp_path_factory.mktemp("host")
        # The other hosts wait for this one: it was there before, and did not end in order.
        (folder / "owed").touch()
        state = {"HANDOFF_STATE_DIR": str(folder)}
        with serving.web(port, {"DATABASE_URL": url, "LOG_LEVEL": "CRITICAL", **state}):
            wait_for(port)
            yield port


def wait_for(port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            # The line is open before there is anybody behind it.
            speak(port, "GET /u/nobody HTTP/1.0")
        except (OSError, HTTPException):
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"the server did not start; PATH is {os.environ.get('PATH')}")


def test_without_a_database_an_opt_out_is_kept_on_disk(without_database: int) -> None:
    answer = speak(without_database, f"POST /u/{make_token('ab' * 16)} HTTP/1.0\nContent-Length: 0")
    assert (answer.status, is_direct(answer)) == (202, True)
    assert b"Your request is recorded" in cast(Any, answer).body


@pytest.mark.parametrize(("path", "status"), [("{}", 200), ("nonsense", 404)])
def test_without_a_database_the_page_is_shown(without_database: int, path: str, status: int) -> None:
    answer = speak(without_database, f"GET /u/{path.format(make_token('ab' * 16))} HTTP/1.0")
    assert (answer.status, is_direct(answer)) == (status, True)
