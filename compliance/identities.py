"""Decides whether two accounts are one person: by the address they are reached at, in its widest spelling (LAW APR-02).

Kept as a keyed digest beside what they decided, so that the database itself can compare two people.
"""

from django.utils.translation import gettext_lazy as _

from compliance import addresses, keys
from compliance.addresses import AddressError
from compliance.principals import Principal, System
from compliance.refusals import Refusal

_PURPOSE = "staff"


def digest_of(by: Principal) -> str:
    """32 hexadecimal digits for a member of staff; empty for the system, and for one whose address is not known."""
    if isinstance(by, System):
        return ""
    try:
        canonical = addresses.parse(by.email).canonical
    except AddressError:
        return ""
    # Under the oldest key on purpose: a rotation between two signatures must not make one person two.
    _version, key = min(keys.keys_for(_PURPOSE).items())
    return addresses.fingerprint(canonical, key)


def against_unknown(by: Principal) -> list[Refusal]:
    """Why somebody cannot be one of two people: nobody can tell who they are."""
    if digest_of(by):
        return []
    text = _(
        "Your account has no e-mail address, so nobody can tell whether two accounts are one person. Have it added."
    )
    return [Refusal("unknown_person", text)]
