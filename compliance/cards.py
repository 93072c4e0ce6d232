"""Finds or makes the card of an address, with the digests of all its spellings precomputed under every key.

So is the digest of what it looks like: a stop is recorded under it as well, also when only the card is at hand.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from uuid import uuid4

from django.db import transaction

from compliance import addresses, keys, lookalikes
from compliance.addresses import Address
from compliance.models import AddressCard, AddressDigest, AddressSkeleton, PersonKey

_PURPOSE = "address"
_CHUNK = 500


def find(wanted: Sequence[Address]) -> dict[str, AddressCard]:
    """The cards that exist, by canonical spelling."""
    by_digest = {digest: address.canonical for address in wanted for digest in canonical_digests(address)}
    found: dict[str, AddressCard] = {}
    digests = list(by_digest)
    for start in range(0, len(digests), _CHUNK):
        for card in AddressCard.objects.filter(digest__in=digests[start : start + _CHUNK]):
            found[by_digest[card.digest]] = card
    return found


def find_or_make(wanted: Sequence[Address], *, at: datetime) -> dict[str, AddressCard]:
    """A card for every address, by canonical spelling; new ones get a new person each."""
    known = find(wanted)
    missing = {address.canonical: address for address in wanted if address.canonical not in known}
    if missing:
        with transaction.atomic():
            _make(list(missing.values()), at)
        known = find(wanted)
    return known


def canonical_digests(address: Address) -> list[str]:
    """The card digest of an address under every key version, the current one last."""
    return [addresses.fingerprint(address.canonical, key) for key in keys.keys_for(_PURPOSE).values()]


def person_digests(address: Address) -> frozenset[str]:
    """The digests of every spelling that reaches this person: what a stop for the person is found by."""
    return _under_all_keys(addresses.spellings(address))


def stop_digests(address: Address) -> frozenset[str]:
    """What a stop for the person is recorded under: every spelling, and what this address looks like (LAW SUP-03)."""
    return person_digests(address).union(skeleton_digests(address).values())


def skeleton_digests(address: Address) -> dict[int, str]:
    """The digest of what an address looks like under every key, by its version."""
    likeness = lookalikes.of_person(address)
    return {version: addresses.fingerprint(likeness, key) for version, key in keys.keys_for(_PURPOSE).items()}


def all_digests(address: Address) -> frozenset[str]:
    """Every digest under which a stop that covers this address may have been recorded, domains included."""
    return _under_all_keys(addresses.variants(address))


def texts_by_digest(texts: Iterable[str]) -> dict[str, str]:
    """{digest: text}, under every key."""
    secrets = list(keys.keys_for(_PURPOSE).values())
    return {addresses.fingerprint(text, key): text for text in texts for key in secrets}


def text_digest(text: str) -> str:
    """The digest of a text under the current key."""
    return addresses.fingerprint(text, keys.current(_PURPOSE)[1])


def domain_digest(domain: str) -> str:
    """The digest of `@domain` under the current key: names a recipient domain without showing it."""
    return _domain_digest(domain, keys.current(_PURPOSE)[1])


def domain_digests(domain: str) -> frozenset[str]:
    """The digests of `@domain` in every reading, under every key: what a stop for the domain is found by."""
    secrets = keys.keys_for(_PURPOSE).values()
    return frozenset(_domain_digest(reading, key) for reading in addresses.domain_readings(domain) for key in secrets)


def domain_stop_digests(domain: str) -> frozenset[str]:
    """What a stop for the domain is recorded under: every reading, and what each looks like (LAW SUP-03)."""
    return domain_digests(domain) | _under_all_keys(lookalikes.of_domain(domain))


# The people of a batch work at few companies, and each is asked about by several rules.
@lru_cache(maxsize=10_000)
def _domain_digest(domain: str, key: bytes) -> str:
    return addresses.fingerprint(f"@{domain.lower()}", key)


def _under_all_keys(texts: Iterable[str]) -> frozenset[str]:
    secrets = keys.keys_for(_PURPOSE).values()
    return frozenset(addresses.fingerprint(text, key) for text in texts for key in secrets)


def _rows(card: AddressCard, address: Address) -> list[AddressDigest]:
    kinds = ((False, addresses.spellings(address)), (True, addresses.domain_variants(address.domain)))
    return [
        AddressDigest(card=card, key_version=version, whole_domain=whole, digest=addresses.fingerprint(text, key))
        for version, key in keys.keys_for(_PURPOSE).items()
        for whole, texts in kinds
        for text in sorted(texts)
    ]


def _skeletons(card: AddressCard, address: Address) -> list[AddressSkeleton]:
    digests = skeleton_digests(address).items()
    return [AddressSkeleton(card=card, key_version=version, digest=digest) for version, digest in digests]


def _make(wanted: Sequence[Address], at: datetime) -> None:
    people = {address.canonical: PersonKey(id=uuid4(), created_at=at) for address in wanted}
    PersonKey.objects.bulk_create(people.values(), batch_size=_CHUNK)
    cards = [
        AddressCard(person=people[address.canonical], digest=canonical_digests(address)[-1], created_at=at)
        for address in sorted(wanted, key=lambda address: canonical_digests(address)[-1])
    ]
    AddressCard.objects.bulk_create(cards, batch_size=_CHUNK, ignore_conflicts=True)
    made = find(wanted)
    # A card another import made a moment earlier keeps its own person; ours is left without cards.
    PersonKey.objects.filter(pk__in=[person.pk for person in people.values()], cards__isnull=True).delete()
    AddressDigest.objects.bulk_create(
        [row for address in wanted for row in _rows(made[address.canonical], address)],
        batch_size=_CHUNK,
        ignore_conflicts=True,
    )
    AddressSkeleton.objects.bulk_create(
        [row for address in wanted for row in _skeletons(made[address.canonical], address)],
        batch_size=_CHUNK,
        ignore_conflicts=True,
    )
