"""The contracts in .importlinter can fail: a breach planted in a small copy of the house is found."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.sources import FLOORS, ROOT

SOUND = {
    "compliance/audit.py": "import compliance.models",
    "compliance/models.py": "",
    "sequences/planner.py": "import compliance.audit",
    "handoff/ladder.py": "import sequences.planner",
    "handoff/config/urls.py": "import handoff.ladder",
}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    shutil.copy(ROOT / ".importlinter", tmp_path)
    for folder in (*FLOORS, "handoff/config"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").touch()
    for path, text in SOUND.items():
        (tmp_path / path).write_text(text)
    return tmp_path


def lint(house: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    return subprocess.run(command, cwd=house, capture_output=True, text=True, check=False)


def test_a_sound_house_is_kept(house: Path) -> None:
    assert lint(house).returncode == 0


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        ("compliance/audit.py", "import sequences.planner", "compliance is not allowed to import sequences"),
        ("sequences/planner.py", "import handoff.ladder", "sequences is not allowed to import handoff"),
        ("compliance/models.py", "import compliance.clearance", "compliance.models is not allowed to import"),
        ("sequences/planner.py", "import sequences.sender", "sequences.planner is not allowed to import"),
        ("handoff/ladder.py", "import handoff.config.urls", "handoff.ladder is not allowed to import handoff.config"),
        ("handoff/ladder.py", "def f():\n    import handoff.config.urls", "handoff.ladder is not allowed to import"),
        ("handoff/services.py", "", "services"),
    ],
)
def test_a_breach_of_the_plan_is_found(house: Path, path: str, text: str, told: str) -> None:
    for name in ("compliance/clearance.py", "sequences/sender.py"):
        (house / name).touch()
    (house / path).write_text(text)
    checked = lint(house)
    assert checked.returncode == 1
    assert told in checked.stdout
