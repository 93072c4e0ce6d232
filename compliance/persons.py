"""Decides who is one person: two keys become one, a card becomes a person of its own. The strictest wins (LAW SUP-09).

Every stop and every open hold of either stands afterwards for every address of both, and a split takes none of it back.
Chains are kept flat: whoever was merged points to the person they are now, never to somebody who was merged as well.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from compliance import audit, holds, journaling, locks, subjects
from compliance.models import AddressCard, AddressDigest, AddressSkeleton, PersonKey, Suppression, SuppressionDigest
from compliance.principals import Principal, actor
from compliance.refusals import Refusal, Refused

Answer = TypeVar("Answer")
_TRIES = 8
MERGED = "compliance.personkey.merged"
SPLIT = "compliance.personkey.split"


class OvertakenError(RuntimeError):
    """While we waited for the cards, somebody else merged or split one of these persons; nothing was changed."""


@dataclass(frozen=True)
class Merged:
    """What a merge came to: who they are now, who they were, and how many stops were copied."""

    kept: UUID
    absorbed: UUID
    stops: int


def merge(kept: UUID, absorbed: UUID, *, by: Principal, at: datetime, reason: str, since: str = "") -> Merged:
    """`absorbed` turns out to be `kept`: one person, with all cards and all stops of both.

    `reason` is what staff say; it is sealed under the person's key. `since` is given by a journal that tells of it
    again. Raises Refused when they are one person already or one of them is unknown, and OvertakenError inside a
    transaction of the caller's.
    """
    return unless_overtaken(lambda: _merge(kept, absorbed, by=by, at=at, reason=reason, since=since))


def split(card: AddressCard, *, by: Principal, at: datetime, reason: str, new: UUID | None = None) -> UUID:
    """The card becomes a person of its own, with a copy of every stop of the person it was; return their key.

    `new` is the key by which a journal knows them. Raises Refused when it is the person's only card, and
    OvertakenError inside a transaction of the caller's.
    """
    return unless_overtaken(lambda: _split(card.pk, by=by, at=at, reason=reason, new=new))


def to_follow(limit: int) -> list[UUID]:
    """Whom a journal has merged or split, for the floors above to draw the consequences."""
    return list(PersonKey.objects.filter(replayed_at__isnull=False).order_by("pk").values_list("pk", flat=True)[:limit])


def mark_followed(person: UUID) -> None:
    """Say that the consequences have been drawn."""
    PersonKey.objects.filter(pk=person).update(replayed_at=None)


def aliases(persons: Collection[UUID]) -> dict[UUID, frozenset[UUID]]:
    """{person: themselves and everybody who was merged into them}, in one query."""
    found: dict[UUID, set[UUID]] = {person: {person} for person in persons}
    for key, into in absorbed(persons).items():
        found[into].add(key)
    return {person: frozenset(names) for person, names in found.items()}


def absorbed(persons: Collection[UUID]) -> dict[UUID, UUID]:
    """{who was merged into one of these: into whom}, in one query; nearly always nobody."""
    rows = PersonKey.objects.filter(merged_into__among=persons).values_list("pk", "merged_into")
    return {key: into for key, into in rows if into}


def root(person: UUID) -> UUID:
    """Who this person is now."""
    return _roots([person])[person]


def hold(persons: Iterable[UUID]) -> list[AddressCard]:
    """Lock every card of whoever these persons are now, in one fixed order. Raises OvertakenError."""
    wanted = set(persons)
    now = _roots(wanted)
    held = locks.lock_cards(now.values())
    there = AddressCard.objects.filter(person__in=set(now.values())).values_list("pk", flat=True)
    if _roots(wanted) != now or {card.pk for card in held} != set(there):
        raise OvertakenError
    return held


def unless_overtaken(work: Callable[[], Answer]) -> Answer:
    """Run `work`, a whole transaction, again when somebody was faster. Inside a transaction it runs once."""
    tries = 1 if connection.in_atomic_block else _TRIES
    for _again in range(tries - 1):
        try:
            return work()
        except OvertakenError:
            continue
    return work()


def _merge(kept: UUID, absorbed: UUID, *, by: Principal, at: datetime, reason: str, since: str) -> Merged:
    with transaction.atomic(durable=not connection.in_atomic_block):
        cards = hold([kept, absorbed])
        kept, absorbed = root(kept), root(absorbed)
        if refusals := _against_merging(kept, absorbed, cards):
            raise Refused(refusals)
        stops = _standing([kept, absorbed], cards)
        AddressCard.objects.filter(person=absorbed).update(person=kept)
        PersonKey.objects.filter(Q(pk=absorbed) | Q(merged_into=absorbed)).update(merged_into=kept)
        again = {"since": since} if since else {}
        PersonKey.objects.filter(pk=absorbed).update(replayed_at=at if since else None)
        copies = _cover(kept, stops, cards, "merge", by=by, at=at)
        holds.follow_merge(kept, absorbed, by=by, at=at)
        told: dict[str, Any] = {
            "absorbed": absorbed,
            "cards": len(cards),
            "stops": copies,
            "said": subjects.seal(kept, reason),
        }
        audit.record(MERGED, named(kept), by=by, at=at, **told, **again)
        # Drawn for the journal: by it a copy from before the merge is known to be older.
        (order,) = locks.draw_order(1)
        journaling.merge_recorded(kept, absorbed, since, order=order, at=at)
    return Merged(kept, absorbed, len(copies))


def _split(pk: int, *, by: Principal, at: datetime, reason: str, new: UUID | None) -> UUID:
    with transaction.atomic(durable=not connection.in_atomic_block):
        was = AddressCard.objects.get(pk=pk).person_id
        cards = hold([was])
        own, rest = [card for card in cards if card.pk == pk], [card for card in cards if card.pk != pk]
        if not own:
            raise OvertakenError
        if not rest:
            raise Refused([Refusal("only_card", _("This is the only address of this person; there is nothing apart."))])
        stops = _standing([was], cards)
        key = PersonKey.objects.create(pk=new or uuid4(), created_at=at, replayed_at=at if new else None).pk
        AddressCard.objects.filter(pk=pk).update(person=key)
        copies = [*_cover(key, stops, own, "split", by=by, at=at), *_cover(was, stops, rest, "split", by=by, at=at)]
        holds.follow_split(was, key, by=by, at=at)
        told: dict[str, Any] = {"person": key, "card": pk, "stops": copies, "said": subjects.seal(was, reason)}
        audit.record(SPLIT, named(was), by=by, at=at, **told)
        (order,) = locks.draw_order(1)
        journaling.split_recorded(was, key, own[0].digest, order=order, at=at)
    return key


def _against_merging(kept: UUID, absorbed: UUID, cards: Sequence[AddressCard]) -> list[Refusal]:
    if kept == absorbed:
        return [Refusal("one_already", _("They are one person already."))]
    if {kept, absorbed} - {card.person_id for card in cards}:
        return [Refusal("unknown_person", _("One of them is nobody we know."))]
    return []


def _roots(persons: Collection[UUID]) -> dict[UUID, UUID]:
    rows = PersonKey.objects.filter(pk__in=persons, merged_into__isnull=False)
    return {person: person for person in persons} | dict(rows.values_list("pk", "merged_into_id"))


def _standing(persons: Sequence[UUID], cards: Sequence[AddressCard]) -> list[Suppression]:
    """Every stop for any of these persons, under any key they were known by, or for any spelling of their cards."""
    known = frozenset[UUID]().union(*aliases(persons).values())
    spelled = AddressDigest.objects.filter(card__in=cards, whole_domain=False).values("digest")
    by_digest = SuppressionDigest.objects.filter(digest__in=spelled).values("suppression")
    rows = Suppression.objects.filter(Q(person__in=known) | Q(pk__in=by_digest), lift__isnull=True)
    return list(rows.filter(scope=Suppression.Scope.PERSON).order_by("order_no"))


def _cover(
    person: UUID,
    stops: Sequence[Suppression],
    cards: Sequence[AddressCard],
    source: str,
    *,
    by: Principal,
    at: datetime,
) -> list[int]:
    """Insert, for each reason, a stop for `person` over all these cards, unless one says exactly that already."""
    wanted = frozenset(_digests(cards))
    by_reason: dict[str, list[Suppression]] = defaultdict(list)
    for stop in stops:
        by_reason[stop.reason].append(stop)
    missing = [same for same in by_reason.values() if not any(_covers(stop, person, wanted) for stop in same)]
    orders = locks.draw_order(len(missing))
    # Of the same reason the strongest is the model; two of one reason differ in strength only after a change of ours.
    models = [max(same, key=lambda stop: (stop.strength, -stop.order_no)) for same in missing]
    return [_copy(stop, person, wanted, no, source, by, at) for stop, no in zip(models, orders, strict=True)]


def _covers(stop: Suppression, person: UUID, wanted: frozenset[str]) -> bool:
    return stop.person == person and wanted <= set(stop.digests.values_list("digest", flat=True))


def _copy(
    stop: Suppression, person: UUID, digests: Iterable[str], order: int, source: str, by: Principal, at: datetime
) -> int:
    row = Suppression.objects.create(
        order_no=order,
        at=at,
        person=person,
        scope=stop.scope,
        reason=stop.reason,
        strength=stop.strength,
        source=source,
        evidence={"from": stop.pk},
        recorded_by=actor(by),
    )
    SuppressionDigest.objects.bulk_create(
        [SuppressionDigest(suppression=row, digest=digest) for digest in sorted(digests)]
    )
    told: dict[str, Any] = {"code": stop.reason, "person": person, "order": order, "source": source, "from": stop.pk}
    audit.record("suppression.recorded", audit.reference(row), by=by, at=at, **told)
    journaling.stop_recorded(row)
    return row.pk


def _digests(cards: Sequence[AddressCard]) -> Iterable[str]:
    known = AddressDigest.objects.filter(card__in=cards, whole_domain=False)
    alike = AddressSkeleton.objects.filter(card__in=cards).values_list("digest", flat=True)
    return {*known.values_list("digest", flat=True), *alike, *(card.digest for card in cards)}


def named(person: UUID) -> str:
    """The person as the log names them."""
    return f"{PersonKey._meta.label_lower}:{person}"
