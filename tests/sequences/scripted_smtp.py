"""A mail server for tests: follows a script, misbehaves on cue, and remembers everything it was told."""

import contextlib
import ipaddress
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_REPLIES = {
    "connect": "220 scripted.test ready",
    "starttls": "220 2.0.0 go ahead",
    "auth": "235 2.7.0 welcome",
    "mail": "250 2.1.0 sender ok",
    "rcpt": "250 2.1.5 recipient ok",
    "data": "354 go ahead",
    "dot": "250 2.0.0 queued as 4711",
    "rset": "250 2.0.0 flushed",
    "quit": "221 2.0.0 bye",
}


@dataclass(frozen=True)
class Act:
    """What the server does in its turn: perhaps `text`, then go on, close, reset or hang.

    It waits `delay` seconds before, or until `awaits` is set.
    """

    text: str = ""
    then: str = "go_on"
    delay: float = 0
    awaits: threading.Event | None = None


CLOSE = Act(then="close")
RESET = Act(then="reset")
HANG = Act(then="hang")
Script = Act | Sequence[Act]


def say(*lines: str, then: str = "go_on") -> Act:
    """Answer with these lines, ready for the wire (`550-first`, `550 last`)."""
    return Act("\r\n".join(lines), then)


@dataclass(frozen=True)
class Received:
    """One accepted message: `raw` as it was on the wire without the final dot, `content` as a reader gets it."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes

    @property
    def content(self) -> bytes:
        lines = self.raw.split(b"\r\n")
        return b"\r\n".join(line[1:] if line.startswith(b".") else line for line in lines)


class _Over(Exception):
    """The session has ended."""


class ScriptedServer(socketserver.ThreadingTCPServer):
    """Listens on 127.0.0.1; `script` maps a phase to an act, or to acts taken one by one, then the usual reply.

    Phases: connect, ehlo, starttls, auth, mail, rcpt, data, body (after the first piece of it), dot, after (an
    accepted message), rset, quit. `log` holds the commands of all connections in the order they came.
    """

    allow_reuse_address = True

    def __init__(
        self,
        script: Mapping[str, Script] | None = None,
        *,
        offers: Sequence[str] = ("SIZE 35882577", "8BITMIME", "PIPELINING"),
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
        port: int = 0,
    ) -> None:
        self.script = {key: act if isinstance(act, Act) else list(act) for key, act in (script or {}).items()}
        self.offers, self.tls, self.implicit = offers, tls, implicit
        self.log: list[str] = []
        self.messages: list[Received] = []
        self.stopping = threading.Event()
        self._open: list[socket.socket] = []
        super().__init__(("127.0.0.1", port), _Session)
        # A small window keeps a large body from fitting into the buffers between the two of us.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def verbs(self) -> list[str]:
        """The first word of each entry of the log, in small letters."""
        return [entry.split(" ")[0].lower() for entry in self.log]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.shutdown()
        for sock in self._open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self.server_close()
        self._thread.join()

    def gate(self) -> bool:
        """A gate that says yes and leaves its mark among the commands."""
        self.log.append("gate")
        return True

    def act(self, phase: str) -> Act:
        acts = self.script.get(phase, Act(_REPLIES.get(phase, "")))
        if isinstance(acts, Act):
            return acts
        return acts.pop(0) if acts else Act(_REPLIES.get(phase, ""))

    def get_request(self) -> tuple[socket.socket, Any]:
        sock, address = super().get_request()
        self._open.append(sock)
        return sock, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that leave in mid-sentence are what these tests are about."""


class _Session(socketserver.BaseRequestHandler):
    server: ScriptedServer

    def handle(self) -> None:
        self.sock: socket.socket = self.request
        self.buffer = b""
        self.sender, self.recipients = "", tuple[str, ...]()
        with contextlib.suppress(_Over, OSError):
            if self.server.implicit:
                self._secure()
            self.server.log.append("connect")
            self._play("connect")
            while True:
                self._obey(self._line())
        self.sock.close()

    def _obey(self, line: str) -> None:
        self.server.log.append(line)
        verb = line.split(" ")[0].lower()
        if verb == "ehlo":
            self._hello()
        elif verb == "data":
            self._data()
        elif verb == "auth":
            self._login()
        else:
            self._note(verb, line)
            self._play(verb)
        if verb == "starttls":
            self._secure()
        if verb == "quit":
            raise _Over

    def _note(self, verb: str, line: str) -> None:
        path = line.partition("<")[2].partition(">")[0]
        if verb == "mail":
            self.sender, self.recipients = path, ()
        elif verb == "rcpt":
            self.recipients = (*self.recipients, path)

    def _hello(self) -> None:
        offers = ["scripted.test", *self.server.offers]
        lines = [f"250-{offer}" for offer in offers[:-1]] + [f"250 {offers[-1]}"]
        self._do(self.server.act("ehlo") if "ehlo" in self.server.script else say(*lines))

    def _login(self) -> None:
        act = self.server.act("auth")
        self._do(act)
        while act.text.startswith("334"):
            self.server.log.append(self._line())
            act = self.server.act("auth")
            self._do(act)

    def _data(self) -> None:
        act = self.server.act("data")
        self._do(act)
        if not act.text.startswith("354"):
            return
        if "body" in self.server.script:
            self._more()
            self._play("body")
        raw = self._until(b"\r\n.\r\n")
        self.server.log.append("dot")
        act = self.server.act("dot")
        if act.text.startswith("2"):
            self.server.messages.append(Received(self.sender, self.recipients, raw))
        self._do(act)
        self._play("after")

    def _play(self, phase: str) -> None:
        self._do(self.server.act(phase))

    def _do(self, act: Act) -> None:
        self.server.stopping.wait(act.delay)
        while act.awaits and not act.awaits.wait(0.01) and not self.server.stopping.is_set():
            pass
        if act.text:
            self.sock.sendall(f"{act.text}\r\n".encode())
        if act.then == "hang":
            self.server.stopping.wait(5)
        if act.then == "reset":
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        if act.then != "go_on":
            raise _Over

    def _secure(self) -> None:
        assert self.server.tls is not None
        self.buffer = b""
        self.sock = self.server.tls.wrap_socket(self.sock, server_side=True)

    def _line(self) -> str:
        return self._until(b"\r\n").decode("utf-8", "replace")

    def _until(self, end: bytes) -> bytes:
        while end not in self.buffer:
            self._more()
        found, _, self.buffer = self.buffer.partition(end)
        return found

    def _more(self) -> None:
        piece = self.sock.recv(4096)
        if not piece:
            raise _Over
        self.buffer += piece


def certificate(folder: Path, *, address: str = "127.0.0.1") -> tuple[ssl.SSLContext, str]:
    """A server's TLS context with a fresh self-signed certificate for `address`, and that certificate's file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "scripted.test")])
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .add_extension(alternative, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = signed.public_bytes(Encoding.PEM)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "ca.pem").write_bytes(pem)
    (folder / "server.pem").write_bytes(secret + pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context, str(folder / "ca.pem")
