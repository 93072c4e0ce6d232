"""Keeps words about one person readable under that person's own key, until erasure destroys it (LAW AUD-04).

A sealed text may stand in rows that are never changed: the chain is over the sealed form, so it holds when the key is
gone. The key of a person is wrapped under HANDOFF_KEYS; every version unwraps, the newest one wraps.
"""

import base64
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from compliance import keys
from compliance.models import PersonKey, SubjectKey

_PURPOSE = "subject"


class Unwrappable(ValueError):
    """A person's key was not wrapped under any key of this installation: HANDOFF_KEYS lacks a version."""


def seal(person: UUID, text: str) -> str:
    """Encrypt under the person's own key, which is made on first use. Raises Unwrappable, PersonKey.DoesNotExist."""
    return _of(_key(person)).encrypt(text.encode()).decode()


def unseal(person: UUID, token: str) -> str | None:
    """The text; None when the key was destroyed, or the token was sealed for somebody else. Raises Unwrappable."""
    row = SubjectKey.objects.filter(pk=person).first()
    if row is None:
        return None
    try:
        return _of(row).decrypt(token.encode()).decode()
    except InvalidToken:
        return None


def destroy(person: UUID) -> bool:
    """Throw the key away; what was sealed under it is noise from now on. Whether there was one."""
    gone, _by_model = SubjectKey.objects.filter(pk=person).delete()
    return gone > 0


def _key(person: UUID) -> SubjectKey:
    # Two that come first at once: the unique key decides, and both seal under the one that was stored.
    wrapped = _wrapping().encrypt(Fernet.generate_key()).decode()
    # As old as the person: what is sealed says itself when, and no clock is read below the edges.
    since = PersonKey.objects.values_list("created_at", flat=True).get(pk=person)
    row, _made = SubjectKey.objects.get_or_create(pk=person, defaults={"wrapped": wrapped, "created_at": since})
    return row


def _of(row: SubjectKey) -> Fernet:
    try:
        return Fernet(_wrapping().decrypt(row.wrapped.encode()))
    except InvalidToken as error:
        raise Unwrappable("the key of a person cannot be read with the keys in HANDOFF_KEYS") from error


def _wrapping() -> MultiFernet:
    versions = sorted(keys.keys_for(_PURPOSE).items(), reverse=True)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for _version, key in versions])
