"""Decides what the ledger keeps of a person who asked to be erased: digests, a stop and its date (LAW SUP-06, EU-04).

The cards and the person's key stay, they hold no address; the key of what was written about the person goes, so that
nobody reads it any more while the chain over it still holds (LAW AUD-04).
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from compliance import persons, subjects, suppression
from compliance.models import AddressCard, Suppression, SuppressionReason
from compliance.principals import Principal
from compliance.suppression import Stop

_SOURCE = "erasure"


@dataclass(frozen=True)
class Erased:
    """Who they are to the ledger, the stop that holds from now on, and how many keys were thrown away."""

    person: UUID
    stop: Suppression
    keys: int
    cards: tuple[int, ...]


def erase(card: AddressCard, *, by: Principal, at: datetime) -> Erased:
    """Stop everything to the person behind a card for good, and make what was sealed about them unreadable.

    Their cards stay locked to the end of the transaction. A second time changes nothing. Raises OvertakenError inside
    a transaction of the caller's.
    """
    return persons.unless_overtaken(lambda: _erase(card.pk, by=by, at=at))


def _erase(pk: int, *, by: Principal, at: datetime) -> Erased:
    with transaction.atomic(durable=not connection.in_atomic_block):
        person = AddressCard.objects.get(pk=pk).person_id
        held = {card.pk: card for card in persons.hold([person])}
        if pk not in held:
            raise persons.OvertakenError
        stop = suppression.stop_digest(held[pk].digest, Stop(SuppressionReason.ERASED, _SOURCE), by=by, at=at)
        names = persons.aliases([person])[person]
        keys = sum(subjects.destroy(name) for name in sorted(names))
        return Erased(person, stop, keys, tuple(held))
