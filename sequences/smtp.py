"""Decides how one message is handed to a mail server, and knows how far it came.

Up to the moment the final dot is handed to the socket a failure means *not sent*; from then on a missing reply means
*in doubt* (RFC 5321 §4.2.5). The gate is asked between RCPT and DATA, and nothing is pipelined past it.
"""

import contextlib
import re
import smtplib
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from operator import methodcaller
from typing import Self

from sequences.dispositions import Accepted as Accepted
from sequences.dispositions import InDoubt as InDoubt
from sequences.dispositions import NotSent as NotSent
from sequences.dispositions import Outcome as Outcome
from sequences.dispositions import Phase as Phase
from sequences.dispositions import Rejected as Rejected
from sequences.dispositions import Reply as Reply
from sequences.dispositions import Withheld as Withheld
from sequences.dispositions import read_reply

_BLOCK = 64 * 1024
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_LONGEST_LINE = 998
_PARTING_SECONDS = 5.0
_LEADING_DOT = re.compile(rb"(?m)^\.")
_BARE_NEWLINE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_WIRE_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")
_Talk = Callable[[smtplib.SMTP], tuple[int, bytes]]
_BETWEEN_COMMANDS = frozenset({Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.DOT})


class UnsafeContent(ValueError):
    """What must not reach the wire; its text is `bare_newline`, `nul`, `long_line` or `unsafe_address`."""


class InsecureEndpoint(ValueError):
    """Credentials would cross a network in clear text."""


class Security(StrEnum):
    """How the connection is protected; certificates are always verified."""

    PLAIN = "plain"
    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True)
class Endpoint:
    """One submission server. `oauth`: the password is an access token. `ca_file`: a private authority, PEM."""

    host: str
    port: int
    security: Security
    username: str = ""
    password: str = field(default="", repr=False)
    local_hostname: str = ""
    ca_file: str = ""
    oauth: bool = False


@dataclass(frozen=True)
class Timeouts:
    """Seconds to wait in each phase (RFC 5321 §4.5.3.2); `greeting` also covers EHLO, STARTTLS and AUTH."""

    connect: float = 30
    greeting: float = 300
    mail: float = 300
    rcpt: float = 300
    data: float = 120
    block: float = 180
    dot: float = 600


@dataclass(frozen=True)
class Envelope:
    """Reverse path (empty for a null one) and the single recipient, both exactly as they go on the wire."""

    sender: str
    recipient: str


class _Ended(Exception):
    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


class Connection:
    """A conversation, opened when needed and kept for `max_messages`; for one thread. Raises InsecureEndpoint."""

    def __init__(self, endpoint: Endpoint, timeouts: Timeouts = Timeouts(), *, max_messages: int = 50) -> None:
        if endpoint.username and endpoint.security is Security.PLAIN and endpoint.host not in _LOOPBACK:
            raise InsecureEndpoint(f"credentials in clear text to {endpoint.host}")
        self._endpoint, self._timeouts, self._max_messages = endpoint, timeouts, max_messages
        self._logins = _logins(endpoint)
        self._secrets = [endpoint.password, *(line.split(" ")[-1] for said in self._logins.values() for line in said)]
        self._used = 0
        # A name keeps smtplib from asking the DNS for ours.
        self._smtp = smtplib.SMTP(local_hostname=endpoint.local_hostname or "localhost")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def deliver(self, envelope: Envelope, content: bytes, gate: Callable[[], bool]) -> Outcome:
        """Hand over one message. `gate` is called at most once, after RCPT was accepted and right before DATA.

        Raises UnsafeContent before anything is opened. What `gate` raises comes through, the connection closed.
        """
        _check(envelope, content)
        try:
            return self._transact(envelope, content, gate)
        except _Ended as end:
            self._recover(end.outcome)
            return end.outcome
        except BaseException:
            self._smtp.close()
            raise

    def close(self) -> None:
        """Say QUIT without insisting on an answer; harmless when already closed."""
        with contextlib.suppress(OSError):
            self._sock.settimeout(min(_PARTING_SECONDS, self._timeouts.mail))
            self._smtp.quit()
        self._smtp.close()

    def _transact(self, envelope: Envelope, content: bytes, gate: Callable[[], bool]) -> Outcome:
        self._begin(envelope.sender)
        self._say(Phase.RCPT, self._timeouts.rcpt, lambda smtp: smtp.rcpt(envelope.recipient))
        if gate() is not True:
            raise _Ended(Withheld())
        self._say(Phase.DATA, self._timeouts.data, lambda smtp: smtp.docmd("data"), expect="3")
        self._write(content)
        return self._finish()

    def _begin(self, sender: str) -> None:
        kept = self._smtp.sock is not None and self._used < self._max_messages
        if not kept:
            self._reopen()
        try:
            self._mail(sender)
        except _Ended as end:
            # Servers end a kept connection after a while or so many messages, by 421 or without a word (LAW LIM-04).
            if not kept or (isinstance(end.outcome, Rejected) and end.outcome.reply.code != 421):
                raise
            self._reopen()
            self._mail(sender)

    def _mail(self, sender: str) -> None:
        self._used += 1
        self._say(Phase.MAIL, self._timeouts.mail, lambda smtp: smtp.mail(sender))

    def _reopen(self) -> None:
        self.close()
        self._used = 0
        self._dial()
        self._say(Phase.GREETING, self._timeouts.greeting, lambda smtp: smtp.getreply())
        self._hello(Phase.GREETING)
        if self._endpoint.security is Security.STARTTLS:
            self._start_tls()
        if self._endpoint.username:
            self._log_in()

    def _dial(self) -> None:
        with _failing(Phase.CONNECT):
            address = (self._endpoint.host, self._endpoint.port)
            self._smtp.sock = socket.create_connection(address, self._timeouts.connect)
            # Else the small write of the final dot would wait for the acknowledgement of the body.
            self._smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._endpoint.security is Security.TLS:
            self._wrap()

    def _hello(self, phase: Phase) -> None:
        ours = self._sock.getsockname()[0]
        name = self._endpoint.local_hostname or (f"[IPv6:{ours}]" if ":" in ours else f"[{ours}]")
        self._say(phase, self._timeouts.greeting, lambda smtp: smtp.ehlo(name))

    def _start_tls(self) -> None:
        if not self._smtp.has_extn("starttls"):
            raise _Ended(NotSent(Phase.TLS, "starttls_not_offered"))
        self._say(Phase.TLS, self._timeouts.greeting, lambda smtp: smtp.docmd("STARTTLS"))
        self._wrap()
        self._hello(Phase.TLS)

    def _wrap(self) -> None:
        with _failing(Phase.TLS):
            context = ssl.create_default_context(cafile=self._endpoint.ca_file or None)
            self._sock.settimeout(self._timeouts.connect)
            self._smtp.sock = context.wrap_socket(self._sock, server_hostname=self._endpoint.host)
        # Whatever was read ahead in clear text may have been planted (RFC 3207 §6).
        self._smtp.file = None

    def _log_in(self) -> None:
        offered = self._smtp.esmtp_features.get("auth", "").upper().split()
        lines = next((lines for name, lines in self._logins.items() if name in offered), [])
        for line in lines:
            if self._say(Phase.AUTH, self._timeouts.greeting, methodcaller("docmd", line), expect="23").code == 235:
                return
        raise _Ended(NotSent(Phase.AUTH, "login_unfinished" if lines else "no_common_mechanism"))

    def _write(self, content: bytes) -> None:
        """Everything but the final dot; the last line end travels with the dot."""
        body = _LEADING_DOT.sub(b"..", content.removesuffix(b"\r\n"))
        with _failing(Phase.BODY):
            for start in range(0, len(body), _BLOCK):
                self._sock.settimeout(self._timeouts.block)
                self._sock.sendall(body[start : start + _BLOCK])

    def _finish(self) -> Outcome:
        with _failing(Phase.DOT, InDoubt):
            self._sock.settimeout(self._timeouts.dot)
            self._sock.sendall(b"\r\n.\r\n")
            reply = self._reply(self._smtp.getreply(), "2")
        if reply.code >= 400:
            raise _Ended(Rejected(Phase.DOT, reply))
        return Accepted(reply)

    def _say(self, phase: Phase, seconds: float, talk: _Talk, *, expect: str = "2") -> Reply:
        with _failing(phase):
            self._sock.settimeout(seconds)
            reply = self._reply(talk(self._smtp), expect)
        if reply.code >= 400:
            raise _Ended(Rejected(phase, reply))
        return reply

    def _reply(self, answer: tuple[int, bytes], expect: str) -> Reply:
        """The answer if it is a refusal or starts with an expected digit; the login it may quote is cut out."""
        code, raw = answer
        if not 200 <= code <= 599 or str(code)[0] not in expect + "45":
            raise smtplib.SMTPException(f"unexpected reply {code}")
        for secret in filter(None, self._secrets):
            raw = raw.replace(secret.encode("utf-8", "replace"), b"***")
        return read_reply(code, raw)

    def _recover(self, outcome: Outcome) -> None:
        """RSET where the server waits for a command; after anything else the connection is of no use."""
        refused = isinstance(outcome, Rejected) and outcome.reply.code != 421 and outcome.phase in _BETWEEN_COMMANDS
        if refused or isinstance(outcome, Withheld):
            with contextlib.suppress(_Ended):
                self._say(Phase.GATE, min(_PARTING_SECONDS, self._timeouts.mail), lambda smtp: smtp.rset())
                return
        self._smtp.close()

    @property
    def _sock(self) -> socket.socket:
        if self._smtp.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        return self._smtp.sock


def _check(envelope: Envelope, content: bytes) -> None:
    """Line ends other than CRLF are read differently by the next server: smuggling (RFC 5321 §2.3.8, VU#302671)."""
    if not (_WIRE_ADDRESS.fullmatch(envelope.recipient) and _WIRE_ADDRESS.fullmatch(envelope.sender or "a@a")):
        raise UnsafeContent("unsafe_address")
    if b"\0" in content:
        raise UnsafeContent("nul")
    if _BARE_NEWLINE.search(content):
        raise UnsafeContent("bare_newline")
    if max(map(len, content.split(b"\r\n"))) > _LONGEST_LINE:
        raise UnsafeContent("long_line")


def _logins(endpoint: Endpoint) -> dict[str, list[str]]:
    """The client's lines in each mechanism it may use (RFC 4616, LOGIN, XOAUTH2), the best first."""
    name, word = endpoint.username, endpoint.password
    # The challenge that follows a refused token wants an empty answer.
    oauth = {"XOAUTH2": [f"user={name}\1auth=Bearer {word}\1\1", ""]}
    spoken = oauth if endpoint.oauth else {"PLAIN": [f"\0{name}\0{word}"], "LOGIN": [name, word]}
    coded = {key: [b64encode(part.encode("utf-8", "replace")).decode() for part in spoken[key]] for key in spoken}
    return {key: [f"AUTH {key} {first}", *rest] for key, (first, *rest) in coded.items()}


@contextlib.contextmanager
def _failing(phase: Phase, proves: type[NotSent | InDoubt] = NotSent) -> Iterator[None]:
    """Turn a failure of the network into what it proves in that phase."""
    try:
        yield
    except OSError as error:
        late = isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)
        raise _Ended(proves(phase, "timed_out" if late else f"{type(error).__name__}: {error}"[:200])) from error
