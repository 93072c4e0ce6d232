"""Makes and reads the tokens in links and addresses of sent mail. Opaque, purpose-bound, without expiry.

Layout, base32 in lower case without padding (mail systems may change case; LAW THR-05, UNS-07):
`key version (1) · message number (6) · subject digest (16, unsubscribe only) · MAC (10)`.
Everything needed to obey is inside, so a token is verified without the database and outlives what it points to.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum

from compliance import keys

_MAC = 10
_NUMBER = 6
_DIGEST = 16


class Purpose(StrEnum):
    """What a token may be used for; one made for another purpose does not verify."""

    UNSUBSCRIBE = "unsubscribe"
    REPLY = "reply"
    BOUNCE = "bounce"


@dataclass(frozen=True)
class Token:
    """A verified token: the message it came with and, for unsubscribing, the digest of the person's card."""

    purpose: Purpose
    message: int
    digest: str = ""


def make(purpose: Purpose, *, message: int, digest: str = "") -> str:
    """The token as text: 28 characters, 53 with a digest (32 hexadecimal digits), which unsubscribing needs.

    Raises ValueError for a digest that is missing, not wanted or not of that length.
    """
    version, key = keys.current(f"token:{purpose}")
    body = bytes([version]) + message.to_bytes(_NUMBER) + bytes.fromhex(digest)
    if len(body) != _length(purpose):
        raise ValueError(f"a token to {purpose} has {'one' if purpose is Purpose.UNSUBSCRIBE else 'no'} digest")
    return _encoded(body + _mac(key, body))


def read(purpose: Purpose, text: str) -> Token | None:
    """The token, or None for anything not made here for this purpose. Takes the same time either way."""
    raw = _decoded(text)
    body, given = raw[:-_MAC], raw[-_MAC:]
    known = keys.keys_for(f"token:{purpose}")
    key = known.get(body[0] if body else 0, bytes(32))
    genuine = hmac.compare_digest(_mac(key, body), given) and bool(body) and body[0] in known
    if not genuine or len(body) != _length(purpose):
        return None
    number = int.from_bytes(body[1 : 1 + _NUMBER])
    return Token(purpose, number, body[1 + _NUMBER :].hex())


def _length(purpose: Purpose) -> int:
    return 1 + _NUMBER + (_DIGEST if purpose is Purpose.UNSUBSCRIBE else 0)


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, body, hashlib.sha256).digest()[:_MAC]


def _decoded(text: str) -> bytes:
    if len(text) > 100 or not text.isascii():
        return b""
    try:
        raw = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except ValueError:
        return b""
    # The last character has bits to spare: of the spellings they allow, only the one made here counts.
    return raw if _encoded(raw) == text.lower() else b""


def _encoded(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=").lower()
