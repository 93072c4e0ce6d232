"""Decides where each test runs: the SQLite lane, the PostgreSQL lane and the browser, with the services found.

    python -m tests.lanes [arguments for pytest]

A service is found by a real connection, at the address in its TEST_… variable or else on its standard port. What is
missing is named at the end together with the tests that did not run; REQUIRE_SERVICES=1 makes it a failure.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis
from amqp.exceptions import AMQPError
from kombu import Connection
from kombu.exceptions import OperationalError

_ROOT = Path(__file__).parents[1]
_PATIENCE_SECONDS = 2
_NOTHING_COLLECTED = 5
_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
# What stands in somebody's environment or .env must not reach a test: every setting gets the default that .env.example
# shows for it, but these, which have none.
_SHOWN = re.compile(r"^#? ?([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)
_SETTINGS = {
    "SECRET_KEY": "read-by-tests-only",
    "HANDOFF_KEYS": "1:" + "00" * 32,
    "DATABASE_URL": "sqlite://:memory:",
    "EMAIL_URL": "memorymail://",
}


@dataclass(frozen=True)
class Service:
    """Something tests need beside Python. `probe(address)` returns what went wrong, or nothing."""

    name: str
    variable: str
    standard: str
    remedy: str
    probe: Callable[[str], str]
    misses: str


@dataclass(frozen=True)
class Found:
    """One service looked for; `problem` is empty when it answered."""

    service: Service
    address: str
    problem: str

    def __str__(self) -> str:
        service = self.service
        return f"{service.name}: {self.problem} ({service.remedy}, or set {service.variable})"


@dataclass(frozen=True)
class Lane:
    """One run of pytest."""

    name: str
    marks: str
    options: Sequence[str]
    settings: Mapping[str, str]


def probe_postgres(address: str) -> str:
    try:
        psycopg.connect(address, connect_timeout=_PATIENCE_SECONDS).close()
    except psycopg.Error as error:
        return _first_line(error)
    return ""


def probe_rabbitmq(address: str) -> str:
    try:
        with Connection(address, connect_timeout=_PATIENCE_SECONDS) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=_PATIENCE_SECONDS)
    except (OSError, KeyError, ValueError, OperationalError, AMQPError) as error:
        return _first_line(error)
    return ""


def probe_redis(address: str) -> str:
    try:
        with redis.Redis.from_url(
            address, socket_connect_timeout=_PATIENCE_SECONDS, socket_timeout=_PATIENCE_SECONDS
        ) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        return _first_line(error)
    return ""


def probe_chromium(address: str) -> str:
    return "" if shutil.which(address) else f"no program {address!r} found"


def find_chromium() -> str:
    """Its path, or nothing. One that is named and absent is missing, not replaced."""
    named = os.environ.get("TEST_CHROMIUM")
    names = (named,) if named else _CHROMIUMS
    return next((path for name in names if (path := shutil.which(name))), "")


def services() -> list[Service]:
    """Everything a test may ask for."""
    return [
        Service(
            "PostgreSQL",
            "TEST_DATABASE_URL",
            "postgres://postgres@127.0.0.1:5432/postgres",
            "start it on its standard port 5432",
            probe_postgres,
            "the PostgreSQL lane (markers postgres, broker, everywhere)",
        ),
        Service(
            "RabbitMQ",
            "TEST_BROKER_URL",
            "amqp://guest:guest@127.0.0.1:5672//",
            "start it on its standard port 5672",
            probe_rabbitmq,
            "tests marked broker",
        ),
        Service(
            "Redis",
            "TEST_REDIS_URL",
            "redis://127.0.0.1:6379/0",
            "start it on its standard port 6379",
            probe_redis,
            "tests that use Redis as broker",
        ),
        Service(
            "Chromium",
            "TEST_CHROMIUM",
            find_chromium() or _CHROMIUMS[0],
            "install it",
            probe_chromium,
            "tests marked browser",
        ),
    ]


def look(service: Service, environ: Mapping[str, str]) -> Found:
    """Ask the service named in the environment; a named one that does not answer is missing, not replaced."""
    address = environ.get(service.variable) or service.standard
    return Found(service, address, service.probe(address))


def plan(found: Mapping[str, str], cpus: int) -> list[Lane]:
    """The lanes that can run, given {variable: address} of the services that answered."""
    lanes = [Lane("SQLite", "not postgres and not broker and not browser", ["-n", str(cpus)], {})]
    if "TEST_DATABASE_URL" in found:
        database = {"DATABASE_URL": found["TEST_DATABASE_URL"]}
        # Its tests differ more in length than those of SQLite: whoever is done helps the others.
        shared = ["-n", str(cpus), "--dist", "worksteal"]
        lanes.append(Lane("PostgreSQL", "postgres or broker or everywhere", shared, database))
    if "TEST_CHROMIUM" in found:
        lanes.append(Lane("browser", "browser and not postgres and not broker", [], {}))
    return lanes


def environment(environ: Mapping[str, str], found: Mapping[str, str], missing: Sequence[Found]) -> dict[str, str]:
    """What every lane sees: the caller's environment, nobody's settings, and the services that answered."""
    silent = {one.service.variable for one in missing}
    kept = {key: value for key, value in environ.items() if key not in silent}
    defaults = dict(_SHOWN.findall((_ROOT / ".env.example").read_text(encoding="utf-8")))
    return {**kept, **defaults, **_SETTINGS, **found}


def verdict(codes: Sequence[int], *, narrowed: bool) -> int:
    """Exit code of the whole run. Nothing collected is a failure for the first lane, or for all lanes when narrowed."""
    failed = [code for code in codes if code not in (0, _NOTHING_COLLECTED)]
    if failed:
        return failed[0]
    ran = 0 in codes if narrowed else codes[0] == 0
    return 0 if ran else _NOTHING_COLLECTED


def run(lane: Lane, arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """pytest in its own process; its output is passed on as it is."""
    _say(f"== {lane.name}")
    command = [sys.executable, "-m", "pytest", "-m", lane.marks, *lane.options, *arguments]
    return subprocess.run(command, env={**environ, **lane.settings}, check=False).returncode


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    answers = [look(service, environ) for service in services()]
    missing = [one for one in answers if one.problem]
    if missing and environ.get("REQUIRE_SERVICES") == "1":
        _say("REQUIRE_SERVICES=1, and missing:", *(f"  {one}" for one in missing))
        return 1
    found = {one.service.variable: one.address for one in answers if not one.problem}
    shared = environment(environ, found, missing)
    codes = [run(lane, arguments, shared) for lane in plan(found, os.cpu_count() or 1)]
    if missing:
        _say("== not run", *(f"  {one.service.misses}: {one}" for one in missing))
    return verdict(codes, narrowed=bool(arguments))


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
