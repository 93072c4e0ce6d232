"""Records standing stops and asks whether one holds. Stops only accumulate; nothing here weakens one.

A stop takes the cards of the person it speaks of before it draws its order number, so every later clearance sees
it and an earlier one is provably earlier (LAW UNS-10, G1).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from compliance import addresses, audit, cards, locks
from compliance.addresses import Address
from compliance.models import AddressCard, AddressDigest, Strength, Suppression, SuppressionDigest, SuppressionReason
from compliance.principals import Principal, actor

_STRENGTH = {
    SuppressionReason.UNSUBSCRIBE_LINK: Strength.OPT_OUT,
    SuppressionReason.ONE_CLICK: Strength.OPT_OUT,
    SuppressionReason.MAILTO: Strength.OPT_OUT,
    SuppressionReason.IMPORTED: Strength.OPT_OUT,
    SuppressionReason.BY_PHONE: Strength.OPT_OUT,
    SuppressionReason.LEGAL_DEMAND: Strength.LEGAL_DEMAND,
    SuppressionReason.BLOCKED_US: Strength.OPT_OUT,
    SuppressionReason.NO_SUCH_ADDRESS: Strength.HARD_BOUNCE,
    SuppressionReason.BY_HAND: Strength.MANUAL,
    SuppressionReason.COMPLAINT: Strength.COMPLAINT,
    SuppressionReason.ERASED: Strength.ERASURE,
    SuppressionReason.BY_API: Strength.OPT_OUT,
    SuppressionReason.LEFT_COMPANY: Strength.LEFT_COMPANY,
    SuppressionReason.SOFT_BOUNCES: Strength.SOFT_BOUNCE,
    SuppressionReason.CANARY: Strength.MANUAL,
}
_CHUNK = 500
_SOURCE = 120


@dataclass(frozen=True)
class Stop:
    """What is to be recorded: how it reached us, from where, and what proves it."""

    reason: SuppressionReason
    source: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)


def stop_address(address: Address, stop: Stop, *, by: Principal, at: datetime) -> Suppression:
    """Stop everything to the person behind an address, known to us or not."""
    card = cards.find_or_make([address], at=at)[address.canonical]
    return _record(stop, person=card.person_id, extra=cards.person_digests(address), by=by, at=at)


def stop_digest(digest: str, stop: Stop, *, by: Principal, at: datetime) -> Suppression:
    """Stop everything to whoever has this card digest, even if the card itself is gone (LAW UNS-08)."""
    card = AddressCard.objects.filter(digest=digest).first() or _card_by_spelling(digest)
    return _record(stop, person=card.person_id if card else None, extra={digest}, by=by, at=at)


def stop_domain(domain: str, stop: Stop, *, by: Principal, at: datetime) -> Suppression:
    """Stop everything to everybody at a domain and below it (LAW SUP-07). Raises AddressError."""
    domain = addresses.parse_domain(domain)
    with transaction.atomic(durable=not connection.in_atomic_block):
        locks.own_scopes(domain_scope(reading) for reading in addresses.domain_readings(domain))
        return _insert(stop, Suppression.Scope.DOMAIN, None, cards.domain_digests(domain), by=by, at=at)


def domain_scope(domain: str) -> str:
    """The lock scope of a recipient domain; a stop for a parent domain must bind its sub-domains too."""
    return "recipient-domain:" + ".".join(domain.lower().split(".")[-2:])


def stopped_cards(wanted: Collection[int]) -> dict[int, Suppression]:
    """{card: its strongest stop}, by any spelling of any address of the person, or by the person, in two joins."""
    found: dict[int, Suppression] = {}
    for chunk in _chunks(list(wanted)):
        owners = _owners(chunk)
        for card, suppression in [*_by_spelling(chunk, owners), *_by_person(owners)]:
            _keep_strongest(found, card, suppression)
    return found


def stopped_addresses(wanted: Sequence[Address]) -> dict[str, Suppression]:
    """{canonical spelling: its strongest stop} for addresses that may have no card yet (import preview)."""
    found = stopped_spellings(wanted)
    by_card = {card.pk: canonical for canonical, card in cards.find(wanted).items()}
    for card, suppression in stopped_cards(list(by_card)).items():
        _keep_strongest(found, by_card[card], suppression)
    return found


def stopped_spellings(wanted: Sequence[Address]) -> dict[str, Suppression]:
    """{canonical spelling: its strongest stop}, computed from the addresses as they are, under every key."""
    found: dict[str, Suppression] = {}
    by_digest: dict[str, list[str]] = {}
    for address in wanted:
        for digest in cards.all_digests(address):
            by_digest.setdefault(digest, []).append(address.canonical)
    for chunk in _chunks(list(by_digest)):
        for row in SuppressionDigest.objects.filter(digest__in=chunk).select_related("suppression"):
            for canonical in by_digest[row.digest]:
                _keep_strongest(found, canonical, row.suppression)
    return found


def not_taken(limit: int) -> list[Suppression]:
    """Stops whose consequences upstairs have not been drawn yet, oldest first."""
    return list(Suppression.objects.filter(taken_at__isnull=True).order_by("pk")[:limit])


def mark_taken(stops: Sequence[Suppression], *, at: datetime) -> None:
    """Say that the consequences of these stops have been drawn."""
    Suppression.objects.filter(pk__in=[stop.pk for stop in stops], taken_at__isnull=True).update(taken_at=at)


def _record(stop: Stop, *, person: UUID | None, extra: Iterable[str], by: Principal, at: datetime) -> Suppression:
    with transaction.atomic(durable=not connection.in_atomic_block):
        if person is None:
            # Nobody is known who could be locked, so that every clearance waits for this one instant.
            locks.own_scopes([locks.EVERYTHING])
        owned = locks.lock_cards([person]) if person else []
        known = AddressDigest.objects.filter(card__in=owned, whole_domain=False).values_list("digest", flat=True)
        return _insert(stop, Suppression.Scope.PERSON, person, {*extra, *known}, by=by, at=at)


def _insert(
    stop: Stop,
    scope: Suppression.Scope,
    person: UUID | None,
    digests: Iterable[str],
    *,
    by: Principal,
    at: datetime,
) -> Suppression:
    (order,) = locks.draw_order(1)
    row = Suppression.objects.create(
        order_no=order,
        at=at,
        person=person,
        scope=scope,
        reason=stop.reason,
        strength=_STRENGTH[stop.reason],
        source=stop.source[:_SOURCE],
        evidence=dict(stop.evidence),
        recorded_by=actor(by),
    )
    SuppressionDigest.objects.bulk_create(
        [SuppressionDigest(suppression=row, digest=digest) for digest in sorted(set(digests))]
    )
    audit.record(
        "suppression.recorded",
        audit.reference(row),
        by=by,
        at=at,
        code=stop.reason,
        scope=scope,
        person=person,
        order=order,
        source=stop.source[:_SOURCE],
    )
    return row


def _card_by_spelling(digest: str) -> AddressCard | None:
    known = AddressDigest.objects.filter(digest=digest, whole_domain=False).select_related("card").order_by("pk")
    row = known.first()
    return row.card if row else None


def _by_spelling(wanted: Sequence[int], owners: Mapping[UUID, Sequence[int]]) -> list[tuple[int, Suppression]]:
    """A stop on one address holds for all addresses of that person; a stop on a domain only for those at it."""
    rows = AddressDigest.objects.filter(card__person__in=owners)
    covered: dict[str, set[int]] = {}
    for digest, card, person, whole_domain in rows.values_list("digest", "card", "card__person", "whole_domain"):
        covered.setdefault(digest, set()).update({card} & set(wanted) if whole_domain else owners[person])
    stops = SuppressionDigest.objects.filter(digest__in=rows.values("digest")).select_related("suppression")
    return [(card, row.suppression) for row in stops for card in covered.get(row.digest, ())]


def _by_person(owners: Mapping[UUID, Sequence[int]]) -> list[tuple[int, Suppression]]:
    stops = Suppression.objects.filter(person__in=owners)
    return [(card, row) for row in stops if row.person for card in owners[row.person]]


def _owners(wanted: Sequence[int]) -> dict[UUID, list[int]]:
    """{person: those of their cards that are asked about}"""
    found: dict[UUID, list[int]] = {}
    for card, person in AddressCard.objects.filter(pk__in=wanted).values_list("pk", "person"):
        found.setdefault(person, []).append(card)
    return found


def _keep_strongest(found: dict[Any, Suppression], key: Any, suppression: Suppression) -> None:
    held = found.get(key)
    if held is None or (suppression.strength, -suppression.order_no) > (held.strength, -held.order_no):
        found[key] = suppression


def _chunks(items: Sequence[Any]) -> list[Sequence[Any]]:
    return [items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK)]
