"""Decides who is meant by an address in any spelling, or by a contact; also who was erased, or was never a contact."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from compliance import addresses, audit, cards, persons
from compliance import admin_words as words
from compliance.addresses import Address, AddressError
from compliance.models import AddressCard
from sequences.explain import shape
from sequences.models import Contact

_MERGED, _SPLIT, _ERASED = persons.MERGED, persons.SPLIT, "sequences.contact.erased"


@dataclass(frozen=True)
class Whom:
    """Everybody who is this person, and the address asked about. Without a person nothing but stops knows it."""

    asked: Address | None
    person: UUID | None = None
    keys: frozenset[UUID] = frozenset()
    cards: Sequence[AddressCard] = ()
    contacts: Sequence[Contact] = ()

    @cached_property
    def written_to(self) -> list[Address]:
        """The address asked about and every one that is still known, each once."""
        known = [self.asked, *(_parsed(row.address) for row in self.contacts)]
        return list({one.canonical: one for one in known if one}.values())

    @property
    def texts(self) -> list[str]:
        """The same as they are written."""
        return [one.text for one in self.written_to]

    @property
    def companies(self) -> set[str]:
        """Where they work, as stops name it."""
        return {row.company for row in self.contacts} - {""}

    @property
    def card_digests(self) -> set[str]:
        """By which a journal names their addresses, under every key."""
        return {card.digest for card in self.cards}.union(*map(cards.canonical_digests, self.written_to))


def by_address(text: str) -> Whom:
    """Whose address this is, in whatever spelling. Raises AddressError."""
    address = addresses.parse(text)
    card = cards.find([address]).get(address.canonical)
    return _person(address, card.person_id) if card else Whom(address)


def by_contact(contact: Contact) -> Whom:
    """The person whom a contact belongs to."""
    return _person(_parsed(contact.address), contact.card.person_id)


def told(whom: Whom) -> shape.Person:
    """Who they are, for people and programs; nothing is made up for somebody who is known by digests alone."""
    return {
        "key": str(whom.person) if whom.person else None,
        "keys": sorted(map(str, whom.keys)),
        "addresses": len(whom.cards),
        "contacts": [_contact(row) for row in whom.contacts],
        "changes": _changes(whom),
    }


def _person(asked: Address | None, person: UUID) -> Whom:
    keys = persons.aliases([person])[person]
    rows = Contact.objects.filter(card__person=person).select_related("account", "card").order_by("pk")
    found = AddressCard.objects.filter(person=person).order_by("created_at", "pk")
    return Whom(asked, person, keys, list(found), list(rows))


def _parsed(text: str) -> Address | None:
    try:
        return addresses.parse(text)
    except AddressError:
        return None


def _contact(row: Contact) -> shape.Contact:
    return {
        "id": row.pk,
        "name": f"{row.first_name} {row.last_name}".strip(),
        "address": row.address,
        "account": row.account.name if row.account else "",
        "since": row.created_at,
        "erased_at": row.erased_at,
        "merged_into": row.merged_into_id,
    }


def _changes(whom: Whom) -> list[shape.Change]:
    named = [persons.named(key) for key in whom.keys] + [audit.reference(row) for row in whom.contacts]
    return [
        {"at": one.at, "verb": one.verb, "said": words.say_verb(one.verb), "by": one.actor}
        for one in audit.happened(named, (_MERGED, _SPLIT, _ERASED))
    ]
