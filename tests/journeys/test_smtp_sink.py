"""Postfix's own smtp-sink, a server nobody here wrote, takes what the client sends, and takes it whole."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sequences.smtp import Accepted, Connection, Endpoint, Envelope, Rejected, Security
from sequences.wire import Letter, build

_PATIENCE = 50
_LONGEST_WAIT = 0.1
SINK = shutil.which("smtp-sink")


@dataclass(frozen=True)
class Sink:
    """A running smtp-sink and the folder in which it keeps one file a message."""

    port: int
    folder: Path

    def taken(self) -> list[str]:
        return [path.read_text(encoding="utf-8") for path in sorted(self.folder.iterdir())]


@pytest.fixture
def program() -> str:
    if SINK is None:
        reason = "needs smtp-sink on PATH (Debian: postfix)"
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return SINK


@pytest.fixture
def sink(program: str, tmp_path: Path) -> Iterator[Sink]:
    yield from _running(program, tmp_path)


@pytest.fixture
def refusing_sink(program: str, tmp_path: Path) -> Iterator[Sink]:
    yield from _running(program, tmp_path, "-f", "RCPT")


def _running(program: str, folder: Path, *options: str) -> Iterator[Sink]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [program, "-u", getpass.getuser(), *options, "-d", f"{folder}/%M.", f"127.0.0.1:{port}", "10"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield Sink(port, folder)
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int) -> None:
    for _try in range(_PATIENCE):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(_LONGEST_WAIT)
    raise TimeoutError(f"smtp-sink does not answer on {port}")


def _letter(number: int) -> bytes:
    return build(
        Letter(
            message_id=f"{number:032d}@northwind.example",
            date=datetime(2026, 9, 8, 8, 30, tzinfo=UTC),
            from_name="Rick Halvorsen",
            from_address="rick@northwind.example",
            to_address=f"person{number}@acme.example",
            reply_to="",
            subject="Grüße aus Köln",
            text="One line.\n.\nA line of a single dot stood before this one.",
            html="<p>One line.</p>",
            list_id="<nurture.handoff.northwind.example>",
            feedback_id="s1:nurture:l1:0123456789ab",
            unsubscribe_url="https://mail.northwind.example/u/abc",
            unsubscribe_mailto="mailto:u-abc@northwind.example",
        )
    )


def test_it_takes_every_message_over_one_connection_unchanged(sink: Sink) -> None:
    with Connection(Endpoint("127.0.0.1", sink.port, Security.PLAIN)) as connection:
        outcomes = [
            connection.deliver(
                Envelope("rick@northwind.example", f"person{number}@acme.example"), content, lambda: True
            )
            for number, content in enumerate(map(_letter, range(20)))
        ]
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    bodies = {taken[taken.index("From: ") :].rstrip() for taken in sink.taken()}
    assert bodies == {_letter(number).decode().replace("\r\n", "\n").rstrip() for number in range(20)}


def test_nothing_reaches_it_when_it_refuses_the_recipient(refusing_sink: Sink) -> None:
    asked: list[bool] = []

    def gate() -> bool:
        asked.append(True)
        return True

    with Connection(Endpoint("127.0.0.1", refusing_sink.port, Security.PLAIN)) as connection:
        outcome = connection.deliver(Envelope("rick@northwind.example", "person@acme.example"), _letter(1), gate)
    assert isinstance(outcome, Rejected)
    assert (asked, refusing_sink.taken()) == ([], [])
