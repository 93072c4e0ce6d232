"""The demonstration plays only where it may, and its figures are counted from the records."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KEYS = {"SECRET_KEY": "x" * 50, "HANDOFF_KEYS": "1:" + "ab" * 32}


def _manage(*arguments: str, database: Path) -> subprocess.CompletedProcess[str]:
    places = {"DATABASE_URL": f"sqlite:///{database}", "HANDOFF_STATE_DIR": str(database.with_name("state"))}
    environment = {**os.environ, **KEYS, **places}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "demo.sqlite3"


@pytest.fixture(scope="module")
def figures(stage: Path) -> dict[str, object]:
    played = _manage("demo", "--no-serve", "--json", "--port", "0", database=stage)
    assert played.returncode == 0, played.stderr
    told: dict[str, object] = json.loads(played.stdout)
    return told


def test_nobody_is_written_to_after_an_opt_out_and_nothing_goes_twice(figures: dict[str, object]) -> None:
    assert figures["messages_accepted"] > 100  # type: ignore[operator]
    assert (figures["sends_after_opt_out"], figures["duplicates"]) == (0, 0)


def test_both_ledgers_say_the_same(figures: dict[str, object]) -> None:
    assert figures["totals_balance"] is True
    assert figures["audit_holds"] is True


def test_every_way_of_opting_out_is_played(figures: dict[str, object]) -> None:
    stops = figures["stops"]
    assert isinstance(stops, dict)
    assert {"unsubscribe_link", "one_click", "mailto"} <= set(stops)


def test_a_row_is_refused_for_each_reason(figures: dict[str, object]) -> None:
    refused = figures["refused"]
    assert isinstance(refused, dict)
    assert {"invalid", "look_alike", "duplicate", "role", "free_mail", "opted_out", "suppressed"} <= set(refused)
    assert {"no_legal_basis", "address_guessed", "missing_value", "no_such_person"} <= set(refused)


def test_the_keys_are_there_for_whoever_reads_them(figures: dict[str, object]) -> None:
    assert {"replies", "stage_moves", "opt_outs"} <= set(figures)


def test_the_log_of_the_performance_verifies(figures: dict[str, object], stage: Path) -> None:
    checked = _manage("audit", "verify", "--json", database=stage)
    assert json.loads(checked.stdout)["holds"] is True


def test_a_database_that_is_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    database = tmp_path / "live.sqlite3"
    assert _manage("setup", database=database).returncode == 0
    before = database.read_bytes()
    played = _manage("demo", "--no-serve", "--port", "0", database=database)
    assert played.returncode == 1
    assert "neither empty nor marked demo" in played.stderr
    assert database.read_bytes() == before
