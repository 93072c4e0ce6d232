"""A real Dovecot of the test's own, run by an ordinary user: IMAP and LMTP on free ports, ended with the block."""

import contextlib
import getpass
import grp
import os
import pwd
import shutil
import smtplib
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from imapclient import IMAPClient

from tests.conftest import do_without
from tests.relay import until

PASSWORD = "let-me-read"
MISSING = (
    "" if shutil.which("dovecot") and Path("/usr/lib/dovecot/lmtp").exists() else "needs Dovecot with IMAP and LMTP"
)


@dataclass(frozen=True)
class Dovecot:
    """A mail server at which everybody has the password PASSWORD. `imaps` speaks TLS with the certificate `ca`."""

    folder: Path
    imap: int
    imaps: int
    lmtp: int
    ca: Path

    def deliver(self, raw: bytes, to: str = "rick") -> None:
        """Hand over one mail as a mail server does, by LMTP."""
        with smtplib.LMTP("127.0.0.1", self.lmtp, timeout=30) as line:
            line.sendmail("", [to], raw)

    @contextlib.contextmanager
    def owner(self, user: str = "rick") -> Iterator[IMAPClient]:
        """The mailbox as its owner's own mail program sees it."""
        with IMAPClient("127.0.0.1", self.imap, ssl=False, timeout=30) as client:
            client.login(user, PASSWORD)
            yield client


@contextlib.contextmanager
def running() -> Iterator[Dovecot]:
    """Start one; its folder is its user's own, which a test's folder is not."""
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    try:
        yield from _run(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def required() -> Iterator[Dovecot]:
    """The same; where there is no Dovecot the test is done without, or fails if services are required."""
    if MISSING:
        do_without(MISSING)
    with running() as server:
        yield server


def _run(folder: Path, tries: int = 3) -> Iterator[Dovecot]:
    user, group = _ordinary()
    server = Dovecot(folder, _free(), _free(), _free(), folder / "cert.pem")
    _configure(server, user, group)
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, user, group)
    who = {"user": user, "group": group, "extra_groups": []} if os.geteuid() == 0 else {}
    command = ["dovecot", "-F", "-c", str(folder / "dovecot.conf")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=folder, **who)  # type: ignore[call-overload]
    try:
        until(lambda: process.poll() is not None or all(map(_answers, (server.imap, server.lmtp))), "Dovecot answers")
        if process.poll() is None:
            yield server
            return
    finally:
        process.terminate()
        process.wait(30)
    if tries == 1:
        raise RuntimeError((folder / "log").read_text()[-2000:])
    # A port that was free a moment ago may be taken by another test; then with others.
    yield from _run(folder, tries - 1)


def _ordinary() -> tuple[str, str]:
    """Whoever runs the tests; nobody in place of root, as whom Dovecot would want users of its own."""
    if os.geteuid() == 0:
        return "nobody", grp.getgrgid(pwd.getpwnam("nobody").pw_gid).gr_name
    return getpass.getuser(), grp.getgrgid(os.getegid()).gr_name


def _configure(server: Dovecot, user: str, group: str) -> None:
    key = server.folder / "key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*made, "-keyout", str(key), "-out", str(server.ca)], check=True, capture_output=True)
    text = _CONF
    for name, value in {
        "FOLDER": server.folder,
        "USER": user,
        "GROUP": group,
        "IMAPS": server.imaps,
        "IMAP": server.imap,
        "LMTP": server.lmtp,
        "PASSWORD": PASSWORD,
    }.items():
        text = text.replace(f"@{name}@", str(value))
    (server.folder / "dovecot.conf").write_text(text)


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


_CONF = """
protocols = imap lmtp
listen = 127.0.0.1
base_dir = @FOLDER@/run
state_dir = @FOLDER@/state
log_path = @FOLDER@/log
default_internal_user = @USER@
default_internal_group = @GROUP@
default_login_user = @USER@
first_valid_uid = 1
first_valid_gid = 1
disable_plaintext_auth = no
ssl = yes
ssl_cert = <@FOLDER@/cert.pem
ssl_key = <@FOLDER@/key.pem
mail_location = maildir:@FOLDER@/mail/%u
mail_max_userip_connections = 100
auth_failure_delay = 0
default_vsz_limit = 1G
passdb {
  driver = static
  args = password=@PASSWORD@
}
userdb {
  driver = static
  args = uid=@USER@ gid=@GROUP@ home=@FOLDER@/users/%u allow_all_users=yes
}
service anvil {
  chroot =
}
service imap-login {
  chroot =
  inet_listener imap {
    port = @IMAP@
  }
  inet_listener imaps {
    port = @IMAPS@
    ssl = yes
  }
}
service lmtp {
  user = @USER@
  inet_listener lmtp {
    address = 127.0.0.1
    port = @LMTP@
  }
}
"""
