"""A file outside the database stops a host; any doubt about it stops as well (LAW PIP-13)."""

import json
from pathlib import Path
from typing import Any

import pytest

from compliance import host_stop
from tests.cast import TUESDAY


def place() -> Path:
    return host_stop.place("The database is gone.", by="tom", at=TUESDAY)


def test_a_host_without_the_file_may_send() -> None:
    assert not host_stop.stands()
    host_stop.assert_may_send()


def test_the_file_stops_and_says_since_when_and_why() -> None:
    file = place()
    assert host_stop.stands()
    assert json.loads(file.read_text()) == {"at": TUESDAY.isoformat(), "by": "tom", "reason": "The database is gone."}
    with pytest.raises(host_stop.HaltedOnHost):
        host_stop.assert_may_send()


def test_the_first_reason_is_kept() -> None:
    place()
    host_stop.place("Again.", by="", at=TUESDAY)
    assert "The database is gone." in host_stop.path().read_text()


def test_taken_away_it_sends_again() -> None:
    place()
    assert [host_stop.remove(), host_stop.remove()] == [True, False]
    assert not host_stop.stands()


def test_whatever_lies_there_stops() -> None:
    file = host_stop.path()
    file.parent.mkdir(parents=True)
    file.mkdir()
    assert host_stop.stands()
    file.rmdir()
    file.symlink_to("nowhere")
    assert host_stop.stands()


def test_a_folder_that_is_none_stops(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    settings.STATE_DIR = tmp_path / "plain"
    assert host_stop.stands()
