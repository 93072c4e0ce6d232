"""A mail server on this machine that keeps what it accepts: the demo's recipients, and their odd servers."""

import asyncio
import hashlib
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from types import TracebackType
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

Answer = Callable[[str], str | None]


@dataclass(frozen=True)
class Caught:
    """One message that was accepted: envelope recipient and exact bytes."""

    recipient: str
    content: bytes

    @property
    def parsed(self) -> Message:
        return message_from_bytes(self.content)

    @property
    def message_id(self) -> str:
        return str(self.parsed["Message-ID"])


class Catcher:
    """Listens on a free port of the loopback interface; a context manager.

    `refuse(recipient)` may answer RCPT with a refusal; `vanish(recipient)` says whether to accept the message and
    then close the line without a word, as real servers sometimes do.
    """

    def __init__(self, refuse: Answer | None = None, vanish: Callable[[str], bool] | None = None) -> None:
        self.caught: list[Caught] = []
        self.port = _free_port()
        self._handler = _Handler(self.caught, refuse or _nobody, vanish or _never)
        self._controller = Controller(self._handler, hostname="127.0.0.1", port=self.port)

    def __enter__(self) -> "Catcher":
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()

    def to(self, recipient: str) -> list[Caught]:
        """What was accepted for one address, oldest first."""
        return [message for message in self.caught if message.recipient.lower() == recipient.lower()]

    def duplicates(self) -> int:
        """Messages accepted more than once, by Message-ID or by recipient and body."""
        ids = Counter(message.message_id for message in self.caught)
        bodies = Counter((message.recipient, _body_digest(message.content)) for message in self.caught)
        return max(sum(count - 1 for count in ids.values()), sum(count - 1 for count in bodies.values()))


class _Handler:
    def __init__(self, caught: list[Caught], refuse: Answer, vanish: Callable[[str], bool]) -> None:
        self._caught, self._refuse, self._vanish = caught, refuse, vanish

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refusal = self._refuse(address)
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 2.1.5 recipient ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content: Any = envelope.original_content or envelope.content
        for recipient in envelope.rcpt_tos:
            self._caught.append(Caught(recipient, bytes(content)))
            if self._vanish(recipient) and isinstance(server.transport, asyncio.WriteTransport):
                server.transport.abort()
        return "250 2.0.0 accepted"


def _nobody(recipient: str) -> None:
    return None


def _never(recipient: str) -> bool:
    return False


def _body_digest(content: bytes) -> str:
    return hashlib.sha256(content.partition(b"\r\n\r\n")[2]).hexdigest()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
