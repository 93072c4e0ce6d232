"""Decides what erasing a person means for the whole house; only the top floor can call all (LAW EU-04, SUP-06).

The floors below erase what is theirs and leave the fact as a row (`Contact.erased_at`, a stop with reason *erased*).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from compliance import addresses
from compliance.acts import Consent
from compliance.principals import Principal
from sequences import erasing
from sequences.models import Contact


class NobodyKnown(LookupError):
    """There is no contact with this address, erased or not."""


@dataclass(frozen=True)
class Erasure:
    """Who was erased, and how much of what was emptied; nothing the second time."""

    contact: int
    counts: Mapping[str, int]


def erase(contact: Contact, *, by: Principal, at: datetime, reason: str) -> Erasure:
    """Erase the person behind a contact everywhere. Raises Refused."""
    return Erasure(contact.pk, erasing.erase(contact, by=by, at=at, consent=Consent(reason)))


def erase_address(text: str, *, by: Principal, at: datetime, reason: str) -> Erasure:
    """The same by an address of theirs, in any spelling. Raises AddressError, NobodyKnown, Refused."""
    contact = erasing.known_by(addresses.parse(text))
    if contact is None:
        raise NobodyKnown
    return erase(contact, by=by, at=at, reason=reason)
