"""Starts real processes of this service at the database of the running test, and ends them by their number."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlunsplit

from django.conf import settings as settings_of_this_test
from django.db import connection

ROOT = Path(__file__).parents[1]
_PATIENCE_SECONDS = 20
_GRACE_SECONDS = 15

Result = TypeVar("Result")


@contextlib.contextmanager
def started(*arguments: str, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """`python …` in a process of its own; at the end it is asked to leave, and killed if it does not."""
    process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=environment(**settings))
    try:
        yield process
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
        process.kill()
        process.wait()


def environment(**settings: str) -> dict[str, str]:
    """Ours, with the database of this test instead of the one it was made from."""
    return {
        **os.environ,
        "DATABASE_URL": database_url(),
        "HANDOFF_STATE_DIR": str(settings_of_this_test.STATE_DIR),
        "DJANGO_SETTINGS_MODULE": "handoff.config.settings",
    } | settings


def database_url() -> str:
    """The PostgreSQL database of this test as an address."""
    told: dict[str, Any] = connection.settings_dict
    password = f":{quote(told['PASSWORD'])}" if told["PASSWORD"] else ""
    place = f"{quote(told['USER'])}{password}@{told['HOST']}:{told['PORT'] or 5432}"
    return urlunsplit(("postgres", place, f"/{told['NAME']}", "", ""))


def eventually(found: Callable[[], Result], seconds: float = _PATIENCE_SECONDS) -> Result:
    """The first answer of `found` that is not empty. AssertionError when there is none for so long."""
    ends = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < ends, f"still {answer!r} after {seconds} s"
        time.sleep(0.05)
    return answer


def noon_zone() -> str:
    """A zone in which it is between eleven and one o'clock now (the signs of these names are the other way round)."""
    ahead = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"
