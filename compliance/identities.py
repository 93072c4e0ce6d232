"""Decides whether two accounts are one person: by the address they are reached at, in its widest spelling (LAW APR-02).

Kept as a keyed digest beside what they decided, so that the database itself can compare two people.
"""

from compliance import addresses, keys
from compliance.addresses import AddressError
from compliance.principals import Principal, System

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
