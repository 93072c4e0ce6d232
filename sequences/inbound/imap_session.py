"""Speaks IMAP to the server of one mailbox: opens a folder to read only, and hands out raw mails (RFC 3501, RFC 9051).

Nothing is changed there, not even the mark of what has been seen. Without encryption only this machine is spoken to.
"""

import contextlib
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError

from compliance import arming, installation, vault
from sequences.mailboxes import inbox_login
from sequences.models import Mailbox

LARGEST = 35 * 1024 * 1024
"""Octets of a mail that is fetched whole; of a larger one the beginning is (LAW SEC-15)."""

_BEGINNING = 256 * 1024
_TOGETHER = 8 * 1024 * 1024
_CONNECT_SECONDS, _READ_SECONDS = 10.0, 60.0
_CHUNK = 50
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WHOLE, _PART = b"BODY[]", b"BODY[]<0>"


class InboxUnreadable(RuntimeError):
    """The server does not answer, or not as it should; the words are for staff and hold no secret."""


@dataclass(frozen=True)
class Opened:
    """A folder as it is now: identifiers are true under `validity`, and the next mail gets `next_uid` (0: unknown)."""

    validity: int
    next_uid: int


class Session:
    """One kept connection, logged in. Every call may raise InboxUnreadable; then it is of no use any more."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.told = told(mailbox)
        with _in_words():
            self._client = _connected(mailbox)
            try:
                self._client.login(*inbox_login(mailbox))
            except BaseException:
                self.close()
                raise

    def open(self, folder: str) -> Opened:
        """Look into a folder, to read only; its numbers are fresh each time."""
        with _in_words():
            found = self._client.select_folder(folder, readonly=True)
        return Opened(int(found[b"UIDVALIDITY"]), int(found.get(b"UIDNEXT", 0)))

    def after(self, uid: int, *, since: date) -> list[int]:
        """The mails behind this one that came in on that day or later, the oldest first."""
        day = f"{since.day:02d}-{_MONTHS[since.month - 1]}-{since.year:04d}"
        with _in_words():
            found = self._client.search(f"UID {uid + 1}:* SINCE {day}")
        # `n:*` always names the last mail, also when that comes before n.
        return sorted(one for one in found if one > uid)

    def mails(self, uids: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """The raw bytes of each, in order, fetched in bounded portions; what has been deleted meanwhile is left out."""
        for start in range(0, len(uids), _CHUNK):
            sizes = self._fetch(uids[start : start + _CHUNK], "RFC822.SIZE")
            for portion in _portions({uid: int(one[b"RFC822.SIZE"]) for uid, one in sorted(sizes.items())}):
                yield from self._bodies(portion)

    def close(self) -> None:
        """Hang up; never raises."""
        _hang_up(self._client)

    def _bodies(self, portion: dict[int, int]) -> Iterator[tuple[int, bytes]]:
        too_large = max(portion.values()) > LARGEST
        found = self._fetch(list(portion), f"BODY.PEEK[]<0.{_BEGINNING}>" if too_large else "BODY.PEEK[]")
        for uid, one in sorted(found.items()):
            if (raw := one.get(_WHOLE, one.get(_PART))) is not None:
                yield uid, raw

    def _fetch(self, uids: Sequence[int], what: str) -> dict[int, Any]:
        with _in_words():
            found: dict[int, Any] = self._client.fetch(list(uids), [what])
        # Servers may report flags of other mails in between.
        return {uid: one for uid, one in found.items() if uid in set(uids)}


def told(mailbox: Mailbox) -> tuple[object, ...]:
    """What a session was opened with; another one is needed when it differs."""
    where = (mailbox.imap_host, mailbox.imap_port, mailbox.imap_security)
    return (*where, mailbox.imap_username, mailbox.imap_secret, mailbox.username, mailbox.secret)


def _portions(sizes: dict[int, int]) -> Iterator[dict[int, int]]:
    portion: dict[int, int] = {}
    for uid, size in sizes.items():
        if portion and sum(portion.values()) + size > _TOGETHER:
            yield portion
            portion = {}
        portion[uid] = size
    if portion:
        yield portion


def _connected(mailbox: Mailbox) -> IMAPClient:
    host, security = mailbox.imap_host, mailbox.imap_security
    if security == Mailbox.Security.PLAIN and not installation.is_loopback(host):
        raise InboxUnreadable(f"without encryption only a server on this machine is read, not {host}")
    if not arming.may_reach(host):
        raise InboxUnreadable(f"only an armed production installation reaches {host}")
    context = ssl.create_default_context()
    client = IMAPClient(
        host,
        port=mailbox.imap_port,
        ssl=security == Mailbox.Security.TLS,
        ssl_context=context,
        timeout=SocketTimeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS),
    )
    try:
        if security == Mailbox.Security.STARTTLS:
            client.starttls(context)
    except BaseException:
        _hang_up(client)
        raise
    return client


def _hang_up(client: IMAPClient) -> None:
    with contextlib.suppress(Exception):
        client.shutdown()


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    """Whatever goes wrong with the line or the server is one error, in one printable line."""
    try:
        yield
    except InboxUnreadable:
        raise
    except (IMAPClientError, OSError, vault.Unreadable, EOFError, LookupError, ValueError) as error:
        words = " ".join(str(error).split()) or type(error).__name__
        shown = "".join(char for char in words if char.isprintable())
        raise InboxUnreadable(f"{type(error).__name__}: {shown}"[:300]) from error
