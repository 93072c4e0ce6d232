"""Chains committed audit entries, once each, apart from the business transactions that wrote them.

Entries are found by the absence of a seal, never by a cursor: a transaction that commits late keeps its low
number and would be skipped for ever (LAW PIP-06, AUD-02). The flag `sealed` only shortens the search; it is set in
the transaction of the seals, and a verification trusts the seals alone.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db import IntegrityError, connection, transaction

from compliance import audit, locks
from compliance.models import AuditEntry, AuditSeal

_BATCH = 5000
_START = "0" * 64
_LOWEST = -(2**63)
_AS_COLUMNS = """
INSERT INTO compliance_auditseal (position, entry_id, digest, chain)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[])
"""
_AS_ROWS = "INSERT INTO compliance_auditseal (position, entry_id, digest, chain) VALUES (%s, %s, %s, %s)"
# By hand, and moments and details as text: with rows as objects verifying takes half as long again.
_ENTRY = "e.id, e.digest, CAST(e.at AS text), e.actor, e.verb, e.subject, e.reason, CAST(e.data AS text)"
_CHAINED = """
SELECT s.position, s.entry_id, s.digest, s.chain, {entry}
FROM compliance_auditseal s LEFT JOIN compliance_auditentry e ON e.id = s.entry_id
WHERE s.position >= %s ORDER BY s.position LIMIT %s
""".replace("{entry}", _ENTRY)
_WITHOUT_SEAL = """
SELECT e.id, e.sealed, {entry}
FROM compliance_auditentry e LEFT JOIN compliance_auditseal s ON s.entry_id = e.id
WHERE s.entry_id IS NULL AND e.id >= %s ORDER BY e.id LIMIT %s
""".replace("{entry}", _ENTRY)


@dataclass(frozen=True)
class Head:
    """The end of the chain at some moment, kept elsewhere; `kept` says where. Without a position: anywhere in it."""

    chain: str
    position: int | None = None
    kept: str = ""


@dataclass(frozen=True)
class Report:
    """What a verification found. `broken` is empty when the chain holds; otherwise it names the first fault."""

    sealed: int
    unsealed: int
    broken: str
    head: str

    @property
    def holds(self) -> bool:
        return not self.broken


class _Seal(NamedTuple):
    position: int
    entry: int
    digest: str
    chain: str


class _Entry(NamedTuple):
    """A stored entry: the digest it carries, and the one of what it says, if it says anything."""

    pk: int
    carried: str
    said: str | None


def seal_round(at: datetime) -> dict[str, int]:
    """Seal what has been committed; the number of entries sealed."""
    total = 0
    while sealed := _seal_batch():
        total += sealed
    return {"sealed": total}


def unsealed() -> int:
    """How many entries have no place in the chain yet."""
    return AuditEntry.objects.filter(sealed=False).count()


def head() -> Head | None:
    """The end of the chain as it stands; None while nothing is sealed."""
    last = AuditSeal.objects.order_by("-position").values_list("chain", "position").first()
    return Head(*last) if last else None


def verify(heads: Iterable[Head] = ()) -> Report:
    """Recompute every digest and every link of the chain, in order.

    `heads` were kept elsewhere: a chain that does not contain them was cut or written anew, which the chain alone
    cannot show (LAW AUD-02).
    """
    noted = [row for row in heads if row.chain not in {"", _START}]
    places = {row.position: row for row in noted}
    broken, chain, count, missing = "", _START, 0, {row.chain for row in noted}
    for expected, (seal, entry) in enumerate(_sealed(), start=1):
        broken = _fault(seal, entry, expected, chain) or _differs(seal, places.get(expected))
        if broken:
            break
        chain, count = seal.chain, expected
        missing.discard(chain)
    waiting, fault = _without_seal()
    broken = broken or fault or _lacks([row for row in noted if row.chain in missing], count)
    return Report(sealed=count, unsealed=waiting, broken=broken, head=chain)


def _seal_batch() -> int:
    unsealed = AuditEntry.objects.filter(sealed=False)
    # Asked before the lock: on SQLite every opt-out would wait for a round that has nothing to do.
    if not unsealed.exists():
        return 0
    try:
        with transaction.atomic(durable=not connection.in_atomic_block):
            locks.own_scopes(["sealer"])
            # Another sealer may have been quicker.
            waiting = list(unsealed.order_by("pk").values_list("pk", "digest")[:_BATCH])
            return _seal(head(), waiting) if waiting else 0
    except IntegrityError:
        # Whoever owns the database may have taken a flag back; such an entry has its seal already.
        if not unsealed.filter(seal__isnull=False).update(sealed=True):
            raise
        return _seal_batch()


def _seal(last: Head | None, entries: Sequence[tuple[int, str]]) -> int:
    _insert(list(_links(last, entries)))
    # Not by their range: one that was committed meanwhile has a number in between, and no seal.
    new = AuditSeal.objects.filter(position__gt=last.position if last else 0)
    return AuditEntry.objects.filter(pk__in=new.values("entry")).update(sealed=True)


def _links(last: Head | None, entries: Sequence[tuple[int, str]]) -> Iterator[_Seal]:
    chain, before = (last.chain, last.position or 0) if last else (_START, 0)
    for position, (entry, digest) in enumerate(entries, start=before + 1):
        chain = _chain(chain, position, entry, digest)
        yield _Seal(position, entry, digest, chain)


def _insert(seals: Sequence[_Seal]) -> None:
    """By hand: the sealer has to keep up with every sender there is, and rows as objects cost it half its speed."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_AS_COLUMNS, [list(column) for column in zip(*seals, strict=True)])
        else:
            cursor.executemany(_AS_ROWS, seals)


def _chain(previous: str, position: int, entry: int, digest: str) -> str:
    # The canonical JSON of the four, spelled out: hexadecimal digits need no escaping, and this is half of all work.
    return hashlib.sha256(f'["{previous}",{position},{entry},"{digest}"]'.encode()).hexdigest()


def _sealed() -> Iterator[tuple[_Seal, _Entry | None]]:
    for position, pk, digest, chain, *stored in _pages(_CHAINED):
        yield _Seal(position, pk, digest, chain), _entry(*stored)


def _pages(query: str) -> Iterator[tuple[Any, ...]]:
    """Every row of a query that takes the key to begin with, its first column, and how many rows to give."""
    first, more = _LOWEST, True
    while more:
        with connection.cursor() as cursor:
            cursor.execute(query, [first, _BATCH])
            rows = cursor.fetchall()
        yield from rows
        more = len(rows) == _BATCH
        first = rows[-1][0] + 1 if more else first


def _entry(pk: int | None, carried: str, at: str, *said: str) -> _Entry | None:
    """None when there is no such entry."""
    return None if pk is None else _Entry(pk, carried, _digest(at, *said))


def _digest(at: str, actor: str, verb: str, subject: str, reason: str, data: str) -> str | None:
    """None when it cannot be read: a database also keeps moments and numbers that no verb could have written."""
    try:
        moment, details = datetime.fromisoformat(at), json.loads(data)
    except ValueError:
        return None
    # SQLite keeps moments in UTC and does not say so.
    known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return audit.digest(known, actor, verb, subject, reason, details)


def _fault(seal: _Seal, entry: _Entry | None, expected: int, previous: str) -> str:
    if seal.position != expected:
        return f"position {expected}: missing, {seal.position} follows"
    if entry is None:
        return f"position {expected}: entry {seal.entry} is gone"
    if not entry.carried == seal.digest == entry.said:
        return f"position {expected}: entry {entry.pk} was altered"
    if seal.chain != _chain(previous, seal.position, entry.pk, seal.digest):
        return f"position {expected}: the chain is broken"
    return ""


def _differs(seal: _Seal, noted: Head | None) -> str:
    if noted is None or noted.chain == seal.chain:
        return ""
    return f"position {seal.position}: the chain differs from the head that was kept ({noted.kept})"


def _without_seal() -> tuple[int, str]:
    """How many entries wait for their seal, and what is wrong with the first that should not."""
    waiting, fault = 0, ""
    for pk, flagged, _pk, carried, *said in _pages(_WITHOUT_SEAL):
        waiting += 1
        if flagged:
            fault = fault or f"entry {pk}: marked as sealed, but its seal is gone"
        elif _digest(*said) != carried:
            fault = fault or f"entry {pk}: altered before it was sealed"
    return waiting, fault


def _lacks(missing: Sequence[Head], count: int) -> str:
    """What is wrong with a chain of so many links that holds, but does not contain these heads."""
    first = min(missing, key=lambda row: row.position or 0, default=None)
    if first is None:
        return ""
    if first.position is None:
        return f"position {count}: the chain ends or differs before the head that was noted"
    if first.position > count:
        return f"position {count}: the chain ends here; position {first.position} was kept ({first.kept})"
    return f"position {first.position}: the chain differs from the head that was kept ({first.kept})"
