"""Records standing stops. Stops only accumulate; nothing here weakens one (LAW SUP-04).

A stop takes the cards of the person it speaks of before it draws its order number, so every later clearance sees
it and an earlier one is provably earlier (LAW UNS-10, G1). Whether one holds is decided in `compliance.stopped` and may
be asked here as well.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from compliance import addresses, audit, cards, inserting, journaling, locks, subjects
from compliance.addresses import Address
from compliance.models import (
    AddressCard,
    AddressDigest,
    OptIn,
    Strength,
    Suppression,
    SuppressionDigest,
    SuppressionReason,
)
from compliance.principals import Principal, System, actor
from compliance.stopped import stopped_accounts, stopped_addresses, stopped_cards, stopped_spellings

__all__ = ["stopped_accounts", "stopped_addresses", "stopped_cards", "stopped_spellings"]
Scope = Suppression.Scope
_STRENGTH = {
    SuppressionReason.UNSUBSCRIBE_LINK: Strength.OPT_OUT,
    SuppressionReason.ONE_CLICK: Strength.OPT_OUT,
    SuppressionReason.MAILTO: Strength.OPT_OUT,
    SuppressionReason.REPLIED: Strength.OPT_OUT,
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
_SOURCE = 120
# Read under the locks: all that the cards of a person are found by, what they look like, and whether there is a stop
# that may say the same.
_SPELLED = """
SELECT digest, EXISTS (
    SELECT 1 FROM compliance_suppression WHERE reason = %s AND source = %s
    AND person = (SELECT person_id FROM compliance_addresscard WHERE id = %s)
)
FROM (
    SELECT digest FROM compliance_addressdigest WHERE card_id IN ({cards}) AND NOT whole_domain
    UNION ALL SELECT digest FROM compliance_addressskeleton WHERE card_id IN ({cards})
) spelled
"""
NOTES = ("note", "sealed_note")
"""Where the evidence of a stop holds what staff wrote down; sealed when it speaks of a person."""


@dataclass(frozen=True)
class Stop:
    """What is to be recorded: how it reached us, from where, and what proves it."""

    reason: SuppressionReason
    source: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Whom:
    """Whom a stop speaks of: a person, a company, and every digest it is found by."""

    scope: Suppression.Scope
    digests: frozenset[str]
    person: UUID | None = None
    account: str = ""


def stop_address(address: Address, stop: Stop, *, by: Principal, at: datetime) -> Suppression:
    """Stop everything to the person behind an address, known to us or not."""
    card = cards.find_or_make([address], at=at)[address.canonical]
    return _stop_person(card.digest, cards.stop_digests(address), stop, by=by, at=at)


def stop_digest(digest: str, stop: Stop, *, by: Principal, at: datetime) -> Suppression:
    """Stop everything to whoever has this card digest, even if the card itself is gone (LAW UNS-08)."""
    return _stop_person(digest, frozenset({digest}), stop, by=by, at=at)


def stop_domain(domain: str, stop: Stop, *, by: Principal, at: datetime) -> Suppression:
    """Stop everything to everybody at a domain and below it (LAW SUP-07). Raises AddressError."""
    domain = addresses.parse_domain(domain)
    with transaction.atomic(durable=not connection.in_atomic_block):
        locks.own_scopes(domain_scopes(domain))
        return _once(stop, _Whom(Scope.DOMAIN, cards.domain_stop_digests(domain)), by=by, at=at)


def stop_company(account: str, domains: Collection[str], stop: Stop, *, by: Principal, at: datetime) -> Suppression:
    """Stop everything to everybody at a company, and at and below each of its domains (LAW SUP-07).

    `account` is the opaque key by which asks name the company. Raises AddressError.
    """
    known = [addresses.parse_domain(domain) for domain in domains]
    digests = frozenset[str]().union(*(cards.domain_stop_digests(domain) for domain in known))
    with transaction.atomic(durable=not connection.in_atomic_block):
        locks.own_scopes({account, *(scope for domain in known for scope in domain_scopes(domain))})
        return _once(stop, _Whom(Scope.COMPANY, digests, account=account), by=by, at=at)


def domain_scope(domain: str) -> str:
    """What a halt of a recipient domain names: everything at it and below it, and nothing beside it."""
    return f"recipient-domain:{domain.lower()}"


def domain_scopes(domain: str) -> set[str]:
    """What a stop of a recipient domain locks: the domain in every reading, for it matches all of them."""
    return {domain_scope(reading) for reading in addresses.domain_readings(domain)}


# The people of a batch work at few companies.
@lru_cache(maxsize=10_000)
def scopes_above(domain: str) -> frozenset[str]:
    """What somebody at a recipient domain may be held by: the domain in every reading, and each domain above those."""
    return frozenset(domain_scope(spelled.removeprefix("@")) for spelled in addresses.domain_variants(domain))


def not_taken(limit: int) -> list[Suppression]:
    """Stops whose consequences upstairs have not been drawn yet, oldest first."""
    return list(Suppression.objects.filter(taken_at__isnull=True).order_by("pk")[:limit])


def mark_taken(stops: Sequence[Suppression], *, at: datetime) -> None:
    """Say that the consequences of these stops have been drawn."""
    Suppression.objects.filter(pk__in=[stop.pk for stop in stops], taken_at__isnull=True).update(taken_at=at)


def _stop_person(digest: str, digests: frozenset[str], stop: Stop, *, by: Principal, at: datetime) -> Suppression:
    """Stop whoever has the card of this digest, under it and `digests`; if nobody has it, under `digests` alone."""
    while True:
        with transaction.atomic(durable=not connection.in_atomic_block):
            owner = locks.lock_owner(digest)
            if owner and digest in owner.cards:
                return _stop_owner(owner, digests, stop, by=by, at=at)
            card = _card_now(digest)
            if owner is None and card is None:
                return _stop_nobody(digests, stop, by=by, at=at)
            # Merged or erased while it was waited for, or known by another spelling. What is held is given back: the
            # next cards may come before it in the order.
            digest = card.digest if card else digest
            transaction.set_rollback(True)


def _stop_owner(owner: locks.Owner, digests: frozenset[str], stop: Stop, *, by: Principal, at: datetime) -> Suppression:
    keys = list(owner.cards.values())
    with connection.cursor() as cursor:
        sql = _SPELLED.format(cards=", ".join(["%s"] * len(keys)))
        cursor.execute(sql, [stop.reason, stop.source[:_SOURCE], keys[0], *keys, *keys])
        found = cursor.fetchall()
    whom = _Whom(Scope.PERSON, digests.union(digest for digest, _said in found), owner.person)
    # Nearly everybody says it for the first time; whether it is the same is a longer question.
    said_before = not found or any(said for _digest, said in found)
    return (said_before and _same(stop, whom, by)) or _insert(stop, whom, by=by, at=at)


def _stop_nobody(digests: frozenset[str], stop: Stop, *, by: Principal, at: datetime) -> Suppression:
    whom = _Whom(Scope.PERSON, digests)
    # Before the lock: whoever holds an old link could make every clearance wait, again and again.
    if known := _same(stop, whom, by):
        return known
    # Nobody is known who could be locked, so that every clearance waits for this one instant.
    locks.own_scopes([locks.EVERYTHING])
    return _once(stop, whom, by=by, at=at)


def _once(stop: Stop, whom: _Whom, *, by: Principal, at: datetime) -> Suppression:
    return _same(stop, whom, by) or _insert(stop, whom, by=by, at=at)


def _same(stop: Stop, whom: _Whom, by: Principal) -> Suppression | None:
    """The stop that says this already, so that whoever holds a link cannot fill the disk by asking again.

    What somebody says after an opt-in of theirs is new, and so is what staff can prove in another way.
    """
    rows = Suppression.objects.filter(
        scope=whom.scope,
        person=whom.person,
        account=whom.account,
        reason=stop.reason,
        source=stop.source[:_SOURCE],
        lift=None,
    )
    if whom.digests:
        rows = rows.filter(digests__digest=min(whom.digests))
    known = rows.order_by("-order_no").first()
    if known is None or known.digests.filter(digest__in=whom.digests).count() < len(whom.digests):
        return None
    theirs = Q(digest__in=whom.digests) | (Q(person=whom.person) if whom.person else Q())
    changed_mind = OptIn.objects.filter(theirs, order_no__gt=known.order_no).exists()
    proves_more = not isinstance(by, System) and known.evidence != dict(stop.evidence)
    return None if changed_mind or proves_more else known


def _insert(stop: Stop, whom: _Whom, *, by: Principal, at: datetime) -> Suppression:
    (order,) = locks.draw_order(1)
    row = Suppression(
        order_no=order,
        at=at,
        person=whom.person,
        account=whom.account,
        scope=whom.scope,
        reason=stop.reason,
        strength=_STRENGTH[stop.reason],
        source=stop.source[:_SOURCE],
        evidence=_sealed(stop.evidence, whom.person),
        recorded_by=actor(by),
    )
    inserting.insert([row])
    inserting.insert([SuppressionDigest(suppression=row, digest=digest) for digest in sorted(whom.digests)])
    audit.record(
        "suppression.recorded",
        audit.reference(row),
        by=by,
        at=at,
        code=stop.reason,
        scope=whom.scope,
        person=whom.person,
        order=order,
        source=stop.source[:_SOURCE],
        **({"account": whom.account} if whom.account else {}),
    )
    journaling.stop_recorded(row, whom.digests)
    return row


def _sealed(evidence: Mapping[str, Any], person: UUID | None) -> dict[str, Any]:
    """What a person wrote down about somebody must not outlive their erasure (LAW AUD-04)."""
    kept = dict(evidence)
    if person and "note" in kept:
        kept["sealed_note"] = subjects.seal(person, str(kept.pop("note")))
    return kept


def note_of(stop: Suppression) -> str | None:
    """What staff wrote down as evidence; None when nothing was, or when the person has been erased."""
    if stop.person and "sealed_note" in stop.evidence:
        return subjects.unseal(stop.person, stop.evidence["sealed_note"])
    return str(stop.evidence["note"]) if "note" in stop.evidence else None


def _card_now(digest: str) -> AddressCard | None:
    """The card with this digest, or else the first one of which it is a spelling."""
    own = AddressCard.objects.filter(digest=digest).first()
    if own:
        return own
    known = AddressDigest.objects.filter(digest=digest, whole_domain=False).select_related("card").order_by("pk")
    row = known.first()
    return row.card if row else None
