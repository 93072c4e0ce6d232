"""One command serves the admin, runs the rounds, and ends both when it is told to."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_PATIENCE_SECONDS = 60


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    keys = {"SECRET_KEY": "x" * 50, "HANDOFF_KEYS": "1:" + "ab" * 32}
    places = {"DATABASE_URL": f"sqlite:///{tmp_path / 'own.sqlite3'}", "HANDOFF_STATE_DIR": str(tmp_path / "state")}
    return {**os.environ, **keys, **places}


@pytest.fixture
def running(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    subprocess.run([sys.executable, "manage.py", "setup"], cwd=ROOT, env=environment, check=True, capture_output=True)
    command = [sys.executable, "manage.py", "run", "--port", "0"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    yield process
    # A polite end: killed, it could not take its web server with it.
    process.terminate()
    process.communicate(timeout=_PATIENCE_SECONDS)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().split()[2]


def _first_answer(address: str) -> int:
    for _try in range(_PATIENCE_SECONDS * 10):
        try:
            with urllib.request.urlopen(address, timeout=5) as response:  # noqa: S310 - our own server
                return int(response.status)
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(address)


def test_it_serves_the_admin_where_it_says(running: subprocess.Popen[str]) -> None:
    assert _first_answer(_address(running)) == 200


def test_it_ends_with_its_web_server_when_it_is_told_to(running: subprocess.Popen[str]) -> None:
    address = _address(running)
    _first_answer(address)
    running.send_signal(signal.SIGTERM)
    assert running.wait(_PATIENCE_SECONDS) == 0
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(address, timeout=2)  # noqa: S310
