"""The first start writes secrets once, and only for the commands that set an installation up."""

import os
import stat
from pathlib import Path

import pytest

from handoff.config.first_start import prepare


@pytest.fixture(autouse=True)
def _without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "DATABASE_URL", "HANDOFF_REQUIRE_MFA"):
        # Set first, so that whatever the code under test leaves behind is taken back too.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def test_setup_writes_keys_that_only_their_owner_can_read(tmp_path: Path) -> None:
    prepare(["manage.py", "setup"], tmp_path)
    written = tmp_path / ".env"
    assert "SECRET_KEY=" in written.read_text()
    assert "HANDOFF_KEYS=1:" in written.read_text()
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


def test_keys_are_never_written_over(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SECRET_KEY=mine\n")
    prepare(["manage.py", "setup"], tmp_path)
    assert (tmp_path / ".env").read_text() == "SECRET_KEY=mine\n"


def test_other_commands_fail_loudly_instead(tmp_path: Path) -> None:
    prepare(["manage.py", "run"], tmp_path)
    assert not (tmp_path / ".env").exists()


def test_keys_in_the_environment_are_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "from outside")
    prepare(["manage.py", "setup"], tmp_path)
    assert not (tmp_path / ".env").exists()


def test_a_demo_that_is_told_no_database_takes_one_of_its_own(tmp_path: Path) -> None:
    prepare(["manage.py", "demo"], tmp_path)
    assert os.environ["DATABASE_URL"].endswith("/demo.sqlite3")


def test_a_demo_keeps_to_the_database_that_is_written_down(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SECRET_KEY=mine\nDATABASE_URL=sqlite:///theirs.sqlite3\n")
    prepare(["manage.py", "demo"], tmp_path)
    assert "DATABASE_URL" not in os.environ


def test_a_demo_asks_its_invented_staff_for_no_factor(tmp_path: Path) -> None:
    prepare(["manage.py", "demo"], tmp_path)
    assert os.environ["HANDOFF_REQUIRE_MFA"] == "false"


def test_a_demo_that_is_told_to_asks_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDOFF_REQUIRE_MFA", "true")
    prepare(["manage.py", "demo"], tmp_path)
    assert os.environ["HANDOFF_REQUIRE_MFA"] == "true"


@pytest.mark.parametrize("command", ["run", "setup", "loop"])
def test_nothing_but_a_demo_leaves_the_factor_out_by_itself(tmp_path: Path, command: str) -> None:
    prepare(["manage.py", command], tmp_path)
    assert "HANDOFF_REQUIRE_MFA" not in os.environ
