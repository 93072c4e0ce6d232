"""A PostgreSQL of the test's own on a disk of a few megabytes, which can be filled to the last byte and emptied again.

The disk is a tmpfs that only the server and its children see: root mounts it, anybody else in a namespace of users.
When the server has ended, server and disk are gone.
"""

import contextlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlunsplit

import psycopg

from handoff.serving import free_port
from tests.processes import ROOT, environment, eventually

_USER = "postgres"
_SIZE = "112m"
_PATIENCE_SECONDS, _TRIES = 60, 4
# In its own namespace: the disk, the cluster on it, then the server in place of the shell.
_SERVE = """
"$1/initdb" --pgdata="$2/data" --username=postgres --auth=trust --encoding=UTF8 --no-locale >"$4" 2>&1 || exit 1
exec "$1/postgres" -D "$2/data" -p "$3" -h 127.0.0.1 -k '' -c fsync=off -c autovacuum=off -c full_page_writes=off \
    >>"$4" 2>&1
"""
_AS_ROOT = 'mount -t tmpfs -o size="$5",mode=1777 tmpfs "$2" && exec runuser -u "$6" -- sh -c "$0" "$0" "$@"'
_AS_ANYBODY = 'mount -t tmpfs -o size="$5" tmpfs "$2" && exec unshare --user --map-user="$7" sh -c "$0" "$0" "$@"'


class SmallDisk:
    """The running server. `fill()` leaves no byte free, `empty()` gives back what that took."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self._filler = folder / "filler"

    @property
    def url(self) -> str:
        return urlunsplit(("postgres", f"{_USER}@127.0.0.1:{self.port}", f"/{_USER}", "", ""))

    def fill(self) -> None:
        # What is written ahead gets a fresh segment first: without room for the next one the server would fall over.
        self._run("CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT")
        self._shell(f"dd if=/dev/zero of={self._filler} bs=64k; dd if=/dev/zero of={self._filler}2 bs=4k; true")

    def empty(self) -> None:
        self._shell(f"rm -f {self._filler} {self._filler}2")

    def _shell(self, command: str) -> None:
        self._run(f"COPY (SELECT 1) TO PROGRAM 'cat >/dev/null; {command}'")

    def _run(self, *statements: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as server:
            for statement in statements:
                server.execute(statement.encode())


def missing() -> str:
    """Why there can be none on this machine; nothing when there can."""
    if not _programs():
        return "needs initdb of PostgreSQL on this machine (Debian: postgresql)"
    return "" if _mounts() else "needs to mount a tmpfs: as root, or with namespaces for users"


@contextlib.contextmanager
def small_disk() -> Iterator[SmallDisk]:
    """A server with the tables of this service, and nothing in them."""
    folder = Path(tempfile.mkdtemp(prefix="handoff-disk-"))
    folder.chmod(0o755)
    said = folder.with_suffix(".log")
    said.touch()
    said.chmod(0o666)
    disk, process = _started(folder, said)
    try:
        told = environment(DATABASE_URL=disk.url)
        subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, env=told, check=True)
        yield disk
    finally:
        process.terminate()
        process.wait(_PATIENCE_SECONDS)
        said.unlink()
        folder.rmdir()


def _started(folder: Path, said: Path) -> tuple[SmallDisk, "subprocess.Popen[bytes]"]:
    """Another port when somebody took the chosen one while the cluster was being made."""
    for _try in range(_TRIES):
        disk = SmallDisk(folder, free_port(0))
        arguments = [_programs(), str(folder), str(disk.port), str(said), _SIZE, _USER, str(os.getuid())]
        process = subprocess.Popen(_namespace(_SERVE, arguments))
        eventually(lambda: process.poll() is not None or _answers(disk), _PATIENCE_SECONDS)  # noqa: B023
        if process.poll() is None:
            return disk, process
        if "Address already in use" not in said.read_text():
            break
    raise AssertionError(said.read_text())


def _namespace(script: str, arguments: Sequence[str]) -> list[str]:
    if os.getuid() == 0:
        return ["unshare", "--mount", "sh", "-c", _AS_ROOT, script, *arguments]
    return ["unshare", "--map-root-user", "--mount", "sh", "-c", _AS_ANYBODY, script, *arguments]


def _programs() -> str:
    """Where the programs of a server are; Debian keeps them out of the way."""
    known = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = shutil.which("initdb") or (known and str(known[-1]))
    return str(Path(found).resolve().parent) if found else ""


def _mounts() -> bool:
    with contextlib.suppress(KeyError, OSError), tempfile.TemporaryDirectory() as folder:
        if os.getuid() == 0:
            pwd.getpwnam(_USER)
        Path(folder).chmod(0o755)
        arguments = ["", folder, "", "", "1m", _USER, str(os.getuid())]
        return subprocess.run(_namespace("exit 0", arguments), capture_output=True, check=False).returncode == 0
    return False


def _answers(disk: SmallDisk) -> bool:
    with contextlib.suppress(psycopg.Error), psycopg.connect(disk.url, connect_timeout=3):
        return True
    return False
