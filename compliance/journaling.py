"""Decides what goes into the journal, and when: stops and lifts after their commit, clearances before a byte of DATA.

A stop, halt, merge or split whose writer died between commit and journal is caught up by a round. Only digests and
opaque keys are kept, so that a person who is erased is not found here either.
"""

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar
from uuid import UUID

from django.db import transaction

from compliance import installation, journal, vault
from compliance.models import Halt, IdentityChange, Lift, OptIn, Suppression

CHANGE = "change"
# Where a stop that was replayed keeps its first order number and moment, among its evidence.
ORIGIN = "journal"
_HIDDEN = "recipient-domain:"
_CAUGHT_UP_AT_ONCE = 500
_waiting = threading.local()
Row = TypeVar("Row", Suppression, IdentityChange, Halt)


class Cleared(NamedTuple):
    """A permission as it is written down: the columns of a touch, since a batch has a thousand of them."""

    ref: str
    attempt: int
    at: datetime
    order_no: int
    person: UUID
    account: str
    domain: str
    mailbox: str
    opening: bool


@dataclass(frozen=True, eq=False)
class _Noted:
    """A stop that follows into the journal once it is committed, and what it is found by, if that is known."""

    row: Suppression
    digests: Collection[str] | None


def stop_recorded(row: Suppression, digests: Collection[str] | None = None) -> None:
    """Let a stop follow into the journal once it is committed; all those of one transaction in one piece.

    Whoever has written its digests may hand them on, and a stop that is alone in its transaction is not read again.
    """
    noted = _Noted(row, digests)
    _noted().append(noted)
    transaction.on_commit(lambda: _take_stops(noted), robust=True)


def lift_recorded(row: Lift) -> None:
    """Let a lift follow into the journal once it is committed."""
    transaction.on_commit(lambda: _take_lift(row.pk), robust=True)


def halt_recorded(row: Halt) -> None:
    """Let a halt follow into the journal once it is committed."""
    transaction.on_commit(lambda: _take_halts([row.pk], row.at), robust=True)


def start_recorded(row: Halt, at: datetime) -> None:
    """Let it follow as well that two people started again what had stood still."""
    transaction.on_commit(lambda: _take_start(row, at), robust=True)


def merge_recorded(kept: UUID, absorbed: UUID, since: str, *, order: int, at: datetime) -> None:
    """Let it follow that two persons turned out to be one; `since` is when a journal says it was first said."""
    told = {"kept": str(kept), "absorbed": str(absorbed), "since": since or _moment(at)}
    change_recorded(IdentityChange(order_no=order, at=at, taken_at=at, kind=IdentityChange.Kind.MERGE, told=told))


def split_recorded(was: UUID, new: UUID, card: str, *, order: int, at: datetime) -> None:
    """Let it follow that one address turned out to be somebody else's."""
    told = {"was": str(was), "new": str(new), "card": card, "since": _moment(at)}
    change_recorded(IdentityChange(order_no=order, at=at, taken_at=at, kind=IdentityChange.Kind.SPLIT, told=told))


def company_merge_recorded(kept: str, absorbed: str, told: Mapping[str, object], *, order: int, at: datetime) -> None:
    """Let it follow that two companies turned out to be one; `told` is by what both are known again."""
    said = {"kept": kept, "absorbed": absorbed, "since": _moment(at), **told}
    change_recorded(IdentityChange(order_no=order, at=at, taken_at=at, kind=IdentityChange.Kind.COMPANY, told=said))


def change_recorded(row: IdentityChange) -> None:
    """Keep who turned out to be somebody else, and let it follow."""
    row.save(force_insert=True)
    transaction.on_commit(lambda: _take_change(row), robust=True)


def note_cleared(rows: Sequence[Cleared], at: datetime, steps: Sequence[tuple[str, str, int]]) -> None:
    """Keep what has just been cleared, as far as decision and touch can be made of it. Raises JournalUnavailable.

    `steps` says of each by which digest its card, by which name its sequence is known, and which step it was.
    """
    if rows:
        told = [_cleared(row, step) for row, step in zip(rows, steps, strict=True)]
        journal.append("cleared", at, [{"rows": told}])


def journal_round(at: datetime) -> dict[str, int]:
    """Catch up on what is in the database and not yet in the journal of a host that sends for it.

    What stands still by now is kept by each host, whoever stopped it.
    """
    if not _is_ours():
        return {"stops": 0, "changes": 0}
    stops = list(Suppression.objects.filter(journaled_at__isnull=True).order_by("pk")[:_CAUGHT_UP_AT_ONCE])
    _note_stops(_not_yet("stop", stops), at)
    Suppression.objects.filter(pk__in=[row.pk for row in stops], journaled_at__isnull=True).update(journaled_at=at)
    changes = list(IdentityChange.objects.filter(journaled_at__isnull=True).order_by("pk")[:_CAUGHT_UP_AT_ONCE])
    _note_changes(_not_yet(CHANGE, changes), at)
    IdentityChange.objects.filter(pk__in=[row.pk for row in changes]).update(journaled_at=at)
    _note_halts(_not_yet("halt", Halt.objects.exclude(state=Halt.State.LIFTED).order_by("order_no")), at)
    return {"stops": len(stops), "changes": len(changes)}


def _not_yet(kind: str, rows: Iterable[Row]) -> list[Row]:
    """Those that this host's journal has not taken lately."""
    written = journal.lately(kind)
    return [row for row in rows if (row.order_no, _moment(row.at)) not in written]


def _noted() -> list[_Noted]:
    if not hasattr(_waiting, "stops"):
        _waiting.stops = []
    found: list[_Noted] = _waiting.stops
    return found


def _take_stops(first: _Noted) -> None:
    """The first of a transaction takes all that came after it; what was rolled back is not found any more."""
    noted, _waiting.stops = _noted(), []
    if first not in noted or not _is_ours():
        return
    # Those before it were rolled back: they would have been called first.
    taken = noted[noted.index(first) :]
    if len(taken) == 1 and first.digests is not None:
        journal.append("stop", first.row.at, [_stop(first.row, sorted(first.digests))])
        return
    orders = [one.row.order_no for one in taken]
    _note_stops(Suppression.objects.filter(order_no__in=orders).order_by("order_no"), first.row.at)


def _take_lift(key: int) -> None:
    row = Lift.objects.select_related("stop", "opt_in").filter(pk=key).first()
    if row and _is_ours():
        journal.append("lift", row.at, [_lift(row)])


def _take_halts(keys: Sequence[int], at: datetime) -> None:
    if _is_ours():
        _note_halts(Halt.objects.filter(pk__in=keys).order_by("order_no"), at)


def _take_start(row: Halt, at: datetime) -> None:
    if _is_ours():
        journal.append("start", at, [{"halt": origin_of(row), "since": at.isoformat()}])


def _take_change(row: IdentityChange) -> None:
    if _is_ours():
        _note_changes([row], row.at)


def origin_of(row: Halt) -> list[object]:
    """Number and moment of a halt as it was first placed, in whichever life."""
    return list(row.origin or [row.order_no, _moment(row.at)])


def _is_ours() -> bool:
    """Whether this host keeps the journal of this very installation; another's must not be mixed with it."""
    whose = journal.instance()
    return whose is not None and whose == installation.instance()


def _note_stops(rows: Iterable[Suppression], at: datetime) -> None:
    found = list(rows)
    digests: dict[int, list[str]] = {row.pk: [] for row in found}
    spelled = Suppression.objects.filter(pk__in=digests, digests__isnull=False)
    for key, digest in spelled.order_by("digests__digest").values_list("pk", "digests__digest"):
        digests[key].append(digest)
    journal.append("stop", at, [_stop(row, digests[row.pk]) for row in found])


def _note_changes(rows: Iterable[IdentityChange], at: datetime) -> None:
    journal.append(CHANGE, at, [_change(row) for row in rows])


def _note_halts(rows: Iterable[Halt], at: datetime) -> None:
    journal.append("halt", at, [_halt(row) for row in rows])


def _stop(row: Suppression, digests: Sequence[str]) -> dict[str, object]:
    told: dict[str, object] = {
        "order": row.order_no,
        "since": _moment(row.at),
        "person": _text(row.person),
        "account": row.account,
        "scope": row.scope,
        "reason": row.reason,
        "strength": row.strength,
        "source": row.source,
        "digests": list(digests),
    }
    return told | ({"origin": row.evidence[ORIGIN]} if ORIGIN in row.evidence else {})


def _change(row: IdentityChange) -> dict[str, object]:
    """Beside its own moment stands `since`, when it was first said, in whichever life."""
    return {"order": row.order_no, "at": _moment(row.at), "sort": row.kind, **row.told}


def _halt(row: Halt) -> dict[str, object]:
    """The domain of recipients may be somebody's name: only this installation reads it."""
    hidden = {"sealed": vault.seal(row.scope)} if row.scope.startswith(_HIDDEN) else {"scope": row.scope}
    told = {"order": row.order_no, "since": _moment(row.at), "sort": row.kind, "code": row.code, **hidden}
    return told | ({"origin": row.origin} if row.origin else {})


def _lift(row: Lift) -> dict[str, object]:
    stop = row.stop
    return {
        "order": row.order_no,
        "since": row.at.isoformat(),
        "stop": stop.evidence.get(ORIGIN) or [stop.order_no, stop.at.isoformat()],
        "entered": [row.entered_by, row.entered_person],
        "confirmed": [row.confirmed_by, row.confirmed_person],
        "opt_in": _opt_in(row.opt_in) if row.opt_in else None,
    }


def _cleared(row: Cleared, step: tuple[str, str, int]) -> list[object]:
    """The number stands last, where journals have it from the beginning; older ones know of no step."""
    told = [row.ref, row.attempt, str(row.person), row.account, row.domain, row.mailbox, row.opening]
    return [*told, *step, row.order_no]


def _opt_in(row: OptIn) -> dict[str, object]:
    return {
        "order": row.order_no,
        "since": row.at.isoformat(),
        "person": _text(row.person),
        "digest": row.digest,
        "way": row.way,
        "wording": row.wording,
        "source": row.source,
        "recorded_by": row.recorded_by,
    }


def _moment(at: datetime) -> str:
    """A moment as it is compared with one that was read again."""
    return at.astimezone(UTC).isoformat()


def _text(key: UUID | None) -> str:
    return str(key) if key else ""
