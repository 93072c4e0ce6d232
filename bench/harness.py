"""Decides how a figure is taken and told, and in which database: one of its own, which is dropped afterwards.

A bench is a file with `measure(n)`; it runs in a process of its own, so that none warms up what another measures.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

ROOT = Path(__file__).parents[1]
_SERVER = "postgres://postgres@127.0.0.1:5432/postgres"
_FIXED = {
    "DJANGO_SETTINGS_MODULE": "handoff.config.settings",
    "SECRET_KEY": "read-by-benches-only",
    "HANDOFF_KEYS": "1:" + "00" * 32,
    "EMAIL_URL": "memorymail://",
    "LOG_LEVEL": "ERROR",
    "DEBUG": "false",
    "CELERY_BROKER_URL": "",
}


@dataclass(frozen=True)
class Figure:
    """`n` things in so many seconds. `peer` is the rate of whoever else does the same; null where nobody does."""

    name: str
    n: int
    seconds: float
    peer: float | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return self.n / self.seconds if self.seconds else 0.0

    def line(self) -> str:
        """One JSON object."""
        told = {
            "name": self.name,
            "n": self.n,
            "seconds": round(self.seconds, 4),
            "rate": round(self.rate, 1),
            "peer": self.peer,
            "ratio": round(self.rate / self.peer, 2) if self.peer else None,
        }
        return json.dumps(told | dict(self.more))


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def percentile(taken: Sequence[float], share: float) -> float:
    """The value that this share of the measurements does not exceed."""
    return sorted(taken)[min(len(taken) - 1, int(len(taken) * share))]


def run(names: Iterable[str], *, n: int | None) -> Iterator[str]:
    """The lines of each bench, one after the other, each in a database and a process of its own."""
    for name in names:
        with scratch(name) as environment:
            yield from _output(["bench.inside", name, *([str(n)] if n else [])], environment).splitlines()


def _output(words: Sequence[str], environment: Mapping[str, str]) -> str:
    command = [sys.executable, "-m", *words]
    done = subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    return done.stdout


@contextmanager
def scratch(name: str) -> Iterator[dict[str, str]]:
    """The environment of a bench: an empty database and a state folder that are gone when the block ends.

    BENCH_DATABASE_URL names the server on which it is made (or is `sqlite`); no other database is touched.
    """
    server = os.environ.get("BENCH_DATABASE_URL") or os.environ.get("TEST_DATABASE_URL") or _SERVER
    with tempfile.TemporaryDirectory(prefix="handoff-bench-") as folder:
        told = {**os.environ, **_FIXED, "HANDOFF_STATE_DIR": f"{folder}/state"}
        if server == "sqlite":
            yield {**told, "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3"}
            return
        own = f"handoff_bench_{name}_{os.getpid()}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(own)))
            try:
                yield {**told, "DATABASE_URL": urlunsplit(urlsplit(server)._replace(path=f"/{own}"))}
            finally:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(own)))
