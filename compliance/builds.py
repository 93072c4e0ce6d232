"""Decides under which name the running code is written down, so that the log says which code decided (LAW AUD-03).

The name is a digest of the code itself: nobody has to raise a number, and a file changed on the spot is another build.
Each decision of the door carries it; what it stands for is said once in the log.
"""

import hashlib
import shutil
import subprocess
import tomllib
from datetime import datetime
from functools import cache
from pathlib import Path

from django.conf import settings

from compliance import audit
from compliance.principals import SYSTEM

VERB = "build.first_used"
_LENGTH = 12
_FLOORS = ("compliance", "handoff", "sequences")
_PATIENCE_SECONDS = 5


@cache
def current() -> str:
    """The build of this process: the first 12 hexadecimal digits of the SHA-256 of all its Python files."""
    return digest_of(settings.ROOT)


def digest_of(root: Path) -> str:
    """The same of the code below a folder."""
    told = hashlib.sha256()
    for path in sorted(path for floor in _FLOORS for path in (root / floor).rglob("*.py")):
        content = path.read_bytes()
        told.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        told.update(content)
    return told.hexdigest()[:_LENGTH]


def build_round(at: datetime) -> dict[str, int]:
    """Say in the log what this build is, once."""
    subject = subject_of(current())
    if audit.actors(subject, [VERB]):
        return {"builds": 0}
    audit.record(VERB, subject, by=SYSTEM, at=at, version=_version(), commit=_commit(), label=settings.BUILD)
    return {"builds": 1}


def subject_of(build: str) -> str:
    """By which name the log knows a build."""
    return f"build:{build}"


def _version() -> str:
    try:
        said = tomllib.loads((settings.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    except OSError:
        return ""
    return str(said["project"]["version"])


def _commit() -> str:
    """The commit of a checkout; empty where there is none, or no git."""
    git = shutil.which("git")
    if git is None or not (settings.ROOT / ".git").exists():
        return ""
    command = [git, "-c", f"safe.directory={settings.ROOT}", "-C", str(settings.ROOT), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False)  # noqa: S603 - no word of it is anybody's
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
