"""Decides whether this is the first start, and if so writes an `.env` with fresh secrets and nothing else.

Only the commands that set an installation up may do so; every other command fails loudly without its settings.
"""

import os
import secrets
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FIRST_COMMANDS = {"setup", "demo"}


def prepare(argv: list[str], root: Path = ROOT) -> None:
    """Write `.env` once, readable by its owner only, when a set-up command meets no SECRET_KEY anywhere.

    A demonstration that is told no database takes one of its own, and asks its invented staff for no second factor
    unless it is told to.
    """
    path = root / ".env"
    if argv[1:2] == ["demo"]:
        _assume(path, "DATABASE_URL", f"sqlite:///{root / 'demo.sqlite3'}")
        _assume(path, "HANDOFF_REQUIRE_MFA", "false")
    if len(argv) < 2 or argv[1] not in _FIRST_COMMANDS or "SECRET_KEY" in os.environ or path.exists():
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(_fresh())


def _assume(path: Path, variable: str, value: str) -> None:
    """Set a variable that neither the environment nor the file names."""
    written = path.read_text().splitlines() if path.exists() else []
    if not any(line.startswith(f"{variable}=") for line in written):
        os.environ.setdefault(variable, value)


def _fresh() -> str:
    return (
        "# Written at the first start. Keep it: links in mail already sent are checked with HANDOFF_KEYS.\n"
        f"SECRET_KEY={secrets.token_urlsafe(50)}\n"
        f"HANDOFF_KEYS=1:{secrets.token_hex(32)}\n"
    )
