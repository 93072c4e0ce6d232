"""A real Postfix of the test's own: its own queue and port, ended with the block. Needs root, as Postfix does."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_PATIENCE = 30.0
_MASTER = Path("/usr/share/postfix/master.cf.dist")
MISSING = "" if shutil.which("postfix") and os.geteuid() == 0 and _MASTER.exists() else "needs Postfix, and root"


@dataclass(frozen=True)
class Relay:
    """A relay that takes mail at `port` and hands it on to `next_port`, as often as it is told to try."""

    folder: Path
    port: int
    next_port: int

    def queued(self) -> list[str]:
        """The queue ids it still holds."""
        listed = _run("postqueue", "-c", str(self.folder / "conf"), "-j")
        return re.findall(r'"queue_id": "([^"]+)"', listed)

    def try_again(self) -> None:
        """Everything in the queue is tried at once."""
        _run("postqueue", "-c", str(self.folder / "conf"), "-f")

    @property
    def recall(self) -> str:
        """The command that removes one message from its queue."""
        return f"postsuper -c {self.folder / 'conf'} -d {{queue_id}}"


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Relay]:
    """Start one whose next hop nobody answers yet."""
    folder.chmod(0o755)
    relay = _started(folder)
    try:
        until(lambda: _answers(relay.port), "Postfix answers")
        yield relay
    finally:
        _run("postfix", "-c", str(folder / "conf"), "stop")


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds."""
    end = time.monotonic() + _PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.05)


def _started(folder: Path, tries: int = 3) -> Relay:
    """A port that was free a moment ago may be taken by another test; then with others."""
    relay = Relay(folder, _free(), _free())
    _configure(relay)
    try:
        _run("postfix", "-c", str(folder / "conf"), "start")
    except RuntimeError as error:
        if tries == 1:
            log = relay.folder / "log"
            raise RuntimeError(log.read_text() if log.exists() else "no log was written") from error
        return _started(folder, tries - 1)
    return relay


def _configure(relay: Relay) -> None:
    conf, spool, data = (relay.folder / name for name in ("conf", "spool", "data"))
    for path in (conf, spool, data):
        path.mkdir(exist_ok=True)
        path.chmod(0o755)
    shutil.chown(data, "postfix")
    (conf / "main.cf").write_text(_MAIN.format(spool=spool, data=data, next=relay.next_port, log=relay.folder / "log"))
    service = f"{relay.port} inet n - n - - smtpd"
    plain = re.sub(r"(?m)^smtp +inet .*smtpd$", service, _MASTER.read_text())
    # Not in a jail: there is none in this folder.
    plain = re.sub(r"(?m)^(\w\S* +(?:unix|inet) +[-ny] +[-ny] +)y ", r"\1n ", plain)
    (conf / "master.cf").write_text(plain)


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-500:]}")
    return done.stdout


_MAIN = """
compatibility_level = 3.6
queue_directory = {spool}
data_directory = {data}
maillog_file = {log}
maillog_file_prefixes = /
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.example
mydestination =
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:{next}
smtp_dns_support_level = disabled
smtp_connect_timeout = 2s
minimal_backoff_time = 1s
queue_run_delay = 300s
"""
