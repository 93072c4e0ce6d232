"""Keeps secrets readable to whoever needs them only: each purpose is encrypted under a key of its own."""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from compliance import keys

MAILBOX, FACTOR, CARRIED = "mailbox", "factor", "carried"
"""Passwords of mailboxes; what codes of people are made from; a form that waits in a browser for one of them."""


class Unreadable(ValueError):
    """The text was not encrypted with any key of this installation."""


def seal(text: str, purpose: str = MAILBOX) -> str:
    """Encrypt under the newest key."""
    return _box(purpose).encrypt(text.encode()).decode()


def unseal(text: str, purpose: str = MAILBOX) -> str:
    """Decrypt under whichever key it was made with. Raises Unreadable."""
    try:
        return _box(purpose).decrypt(text.encode()).decode()
    except InvalidToken as error:
        raise Unreadable("a stored secret cannot be read with the keys in HANDOFF_KEYS") from error


def _box(purpose: str) -> MultiFernet:
    versions = sorted(keys.keys_for(purpose).items(), reverse=True)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for _version, key in versions])
