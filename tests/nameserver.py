"""A real nameserver of the test's own: dnsmasq on a free port of this machine, ended with the block."""

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.processes import eventually

_PROGRAM = shutil.which("dnsmasq", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
MISSING = "" if _PROGRAM else "needs dnsmasq"
_TRIES = 3
# Trusted in place of what nobody has signed: whoever asks for such a domain gets SERVFAIL.
_ANCHOR = "20326,8,2,E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"


@dataclass(frozen=True)
class Records:
    """What the server says: texts, mail hosts and addresses by name. Of other names under `example.com` it says no.

    Of what is in `broken` it finds no signature that holds, and says SERVFAIL; all else it refuses to talk about.
    """

    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    exchanges: Mapping[str, Sequence[str]] = field(default_factory=dict)
    hosts: Sequence[str] = ()
    broken: Sequence[str] = ()

    def lines(self) -> Iterator[str]:
        """As dnsmasq reads them."""
        for name, texts in self.texts.items():
            for text in texts:
                pieces = [text[start : start + 255] for start in range(0, len(text), 255)]
                yield f"txt-record={name}," + ",".join(f'"{piece}"' for piece in pieces)
        for name, hosts in self.exchanges.items():
            for host in hosts:
                yield f"mx-host={name},{host},10"
        for host in self.hosts:
            yield f"host-record={host},192.0.2.25"


@contextlib.contextmanager
def answering(folder: Path, records: Records) -> Iterator[int]:
    """The port at which it answers."""
    if not records.broken:
        with _started(folder, ["local=/example.com/", *records.lines()]) as port:
            yield port
        return
    # One that checks signatures, before one that has none to show.
    with contextlib.ExitStack() as stack:
        behind = stack.enter_context(_started(folder, ["local=/example.com/", *records.lines()]))
        anchors = [f"trust-anchor={name},{_ANCHOR}" for name in (".", *records.broken)]
        asks = [f"server=/{name}/127.0.0.1#{behind}" for name in records.broken]
        yield stack.enter_context(_started(folder, ["dnssec", "dnssec-no-timecheck", *anchors, *asks]))


@contextlib.contextmanager
def silent() -> Iterator[int]:
    """A port at which questions arrive and nobody ever answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


@contextlib.contextmanager
def _started(folder: Path, lines: Sequence[str]) -> Iterator[int]:
    process, port = _running(folder, lines)
    try:
        yield port
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        process.wait()


def _running(folder: Path, lines: Sequence[str], tries: int = _TRIES) -> tuple[subprocess.Popen[bytes], int]:
    """A port that was free a moment ago may be taken by another test; then with another one."""
    port = _free()
    conf, log = folder / f"dnsmasq-{port}.conf", folder / f"dnsmasq-{port}.log"
    conf.write_text("\n".join([*_BASE, f"port={port}", f"user={getpass.getuser()}", *lines, ""]), encoding="utf-8")
    assert _PROGRAM, MISSING
    with log.open("wb") as said:
        process = subprocess.Popen([_PROGRAM, "--keep-in-foreground", f"--conf-file={conf}"], stderr=said)
    eventually(lambda: process.poll() is not None or _answers(port))
    if process.poll() is None:
        return process, port
    assert tries > 1, log.read_text(errors="replace")
    return _running(folder, lines, tries - 1)


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


_BASE = (
    "listen-address=127.0.0.1",
    "bind-interfaces",
    "no-resolv",
    "no-hosts",
    "pid-file=",
)
