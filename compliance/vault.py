"""Keeps the passwords of mailboxes readable to the sender only: encrypted under a key of their own."""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from compliance import keys

_PURPOSE = "mailbox"


class Unreadable(ValueError):
    """The text was not encrypted with any key of this installation."""


def seal(text: str) -> str:
    """Encrypt under the newest key."""
    return _box().encrypt(text.encode()).decode()


def unseal(text: str) -> str:
    """Decrypt under whichever key it was made with. Raises Unreadable."""
    try:
        return _box().decrypt(text.encode()).decode()
    except InvalidToken as error:
        raise Unreadable("a stored secret cannot be read with the keys in HANDOFF_KEYS") from error


def _box() -> MultiFernet:
    versions = sorted(keys.keys_for(_PURPOSE).items(), reverse=True)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for _version, key in versions])
