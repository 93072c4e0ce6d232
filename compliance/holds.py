"""Decides who is held: a person to whom nothing goes until somebody has decided (LAW THR-06, AUT-07; spec X3, R4).

A hold takes the cards of its person before it draws its order number, as a stop does: whatever passed the door before
it has a lower number, and nothing passes after it. Unlike a stop it ends, under the same lock and with a number of its
own. Those of a person follow them through merges and splits.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from compliance import audit, inserting, locks
from compliance.models import AddressCard, Hold
from compliance.principals import Principal, actor


def place(
    digest: str, *, source: str, by: Principal, at: datetime, reason: Hold.Reason = Hold.Reason.ANSWERED
) -> Hold | None:
    """Nothing passes the door to whoever has the card of this digest; None when nobody has it.

    `source` names what gave rise to it, `app.model:pk`: the same one holds the same person once, also when that hold
    has ended. Inside a transaction of the caller's it comes before any budget is locked.
    """
    while True:
        with transaction.atomic():
            owner = locks.lock_owner(digest)
            if owner and digest in owner.cards:
                known = Hold.objects.filter(source=source, person=owner.person).order_by("-order_no").first()
                return known or _insert(owner.person, reason, source, by=by, at=at)
            if owner is None and not AddressCard.objects.filter(digest=digest).exists():
                return None
            # Their card went to somebody else while it was waited for. What is held is given back: the next cards may
            # come before it in the order.
            transaction.set_rollback(True)


def end(source: str, *, by: Principal, at: datetime, reason: str = "") -> list[Hold]:
    """Whoever was held for this is held for it no more; the holds that ended. What else holds them stands.

    `reason` is what the log keeps: codes, no words of theirs.
    """
    wanted = _open().filter(source=source)
    while True:
        with transaction.atomic():
            persons = {row.person for row in wanted.all()}
            locks.lock_cards(persons)
            # Who was merged or split while they were waited for is held under another key by now.
            rows = list(wanted.all())
            if {row.person for row in rows} <= persons:
                return _ended(rows, by=by, at=at, reason=reason)
            transaction.set_rollback(True)


def standing(persons: Collection[UUID]) -> dict[UUID, Hold]:
    """{person: the first hold that stands for them}, in one query; nearly always nobody."""
    return {row.person: row for row in _open().filter(person__among=persons).order_by("-order_no")}


def everybody() -> frozenset[UUID]:
    """Everybody who is held at this moment."""
    return frozenset(_open().values_list("person", flat=True))


def held_for(source: str) -> frozenset[UUID]:
    """Everybody who is, or was, held for this."""
    return frozenset(Hold.objects.filter(source=source).values_list("person", flat=True))


def follow_merge(kept: UUID, absorbed: UUID, *, by: Principal, at: datetime) -> None:
    """Who was held as `absorbed` is held as `kept`; under the caller's lock on the cards of both."""
    theirs = list(_open().filter(person=absorbed).order_by("order_no"))
    _copy(theirs, kept, by=by, at=at)
    _ended(theirs, by=by, at=at, reason="merged")


def follow_split(was: UUID, new: UUID, *, by: Principal, at: datetime) -> None:
    """Whichever of the two had answered, both are held; under the caller's lock on the cards of both."""
    _copy(list(_open().filter(person=was).order_by("order_no")), new, by=by, at=at)


def _open() -> QuerySet[Hold]:
    return Hold.objects.filter(ended_at__isnull=True)


def _copy(holds: Sequence[Hold], person: UUID, *, by: Principal, at: datetime) -> None:
    known = set(_open().filter(person=person).values_list("source", flat=True))
    for row in holds:
        if row.source not in known:
            _insert(person, Hold.Reason(row.reason), row.source, by=by, at=at)


def _insert(person: UUID, reason: Hold.Reason, source: str, *, by: Principal, at: datetime) -> Hold:
    (order,) = locks.draw_order(1)
    row = Hold(order_no=order, at=at, person=person, reason=reason, source=source, placed_by=actor(by))
    inserting.insert([row])
    audit.record(
        "hold.placed", audit.reference(row), by=by, at=at, code=reason, person=person, order=order, source=source
    )
    return row


def _ended(holds: Sequence[Hold], *, by: Principal, at: datetime, reason: str) -> list[Hold]:
    """Their numbers are drawn while the cards are held: what passes afterwards has a higher one."""
    for row, order in zip(holds, locks.draw_order(len(holds)), strict=True):
        row.ended_at, row.ended_by, row.ended_order = at, actor(by), order
        row.save(update_fields=["ended_at", "ended_by", "ended_order"])
    notes = [
        audit.Note("hold.ended", audit.reference(row), {"person": row.person, "order": row.ended_order}, reason)
        for row in holds
    ]
    audit.record_all(notes, by=by, at=at)
    return list(holds)
