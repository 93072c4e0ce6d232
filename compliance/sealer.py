"""Chains committed audit entries, once each, apart from the business transactions that wrote them.

Entries are found by the absence of a seal, never by a cursor: a transaction that commits late keeps its low
number and would be skipped for ever (LAW PIP-06, AUD-02).
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from compliance import audit, locks
from compliance.models import AuditEntry, AuditSeal

_BATCH = 2000
_START = "0" * 64
_BEFORE_ALL = -(2**63)


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


def seal_round(at: datetime) -> dict[str, int]:
    """Seal what has been committed; the number of entries sealed."""
    total = 0
    while sealed := _seal_batch():
        total += sealed
    return {"sealed": total}


def verify(noted: str = "") -> Report:
    """Recompute every digest and every link of the chain, in order.

    `noted` is a head that was kept elsewhere: a chain that does not contain it was cut or written anew, which the
    chain alone cannot show (LAW AUD-02).
    """
    broken, head, count, contained = "", _START, 0, noted in {"", _START}
    for expected, (seal, entry) in enumerate(_sealed(), start=1):
        broken = _fault(seal, entry, expected, head)
        if broken:
            break
        head, count, contained = seal.chain, expected, contained or seal.chain == noted
    unsealed = list(AuditEntry.objects.filter(seal__isnull=True).order_by("pk").iterator(_BATCH))
    if not broken:
        broken = next((f"entry {row.pk}: altered before it was sealed" for row in unsealed if _altered(row)), "")
    if not broken and not contained:
        broken = f"position {count}: the chain ends or differs before the head that was noted"
    return Report(sealed=count, unsealed=len(unsealed), broken=broken, head=head)


def _seal_batch() -> int:
    unsealed = AuditEntry.objects.filter(seal__isnull=True).order_by("pk")
    # Looked for before the lock: the search grows with the log, and on SQLite every opt-out would wait for it.
    waiting = list(unsealed.values_list("pk", flat=True)[:_BATCH])
    if not waiting:
        return 0
    with transaction.atomic(durable=not connection.in_atomic_block):
        locks.own_scopes(["sealer"])
        last = AuditSeal.objects.order_by("-position").first()
        entries = list(unsealed.filter(pk__range=(waiting[0], waiting[-1]))[:_BATCH])
        AuditSeal.objects.bulk_create(_links(last, entries))
    return len(entries)


def _links(last: AuditSeal | None, entries: Sequence[AuditEntry]) -> list[AuditSeal]:
    position, chain = (last.position, last.chain) if last else (0, _START)
    seals = []
    for entry in entries:
        position += 1
        chain = _chain(chain, position, entry.pk, entry.digest)
        seals.append(AuditSeal(position=position, entry=entry, digest=entry.digest, chain=chain))
    return seals


def _chain(previous: str, position: int, entry: int, digest: str) -> str:
    return hashlib.sha256(audit.canonical([previous, position, entry, digest])).hexdigest()


def _sealed() -> Iterator[tuple[AuditSeal, AuditEntry | None]]:
    last = _BEFORE_ALL
    while seals := list(AuditSeal.objects.filter(position__gt=last).order_by("position")[:_BATCH]):
        entries = AuditEntry.objects.in_bulk([seal.entry_id for seal in seals])
        yield from ((seal, entries.get(seal.entry_id)) for seal in seals)
        last = seals[-1].position


def _fault(seal: AuditSeal, entry: AuditEntry | None, expected: int, previous: str) -> str:
    if seal.position != expected:
        return f"position {expected}: missing, {seal.position} follows"
    if entry is None:
        return f"position {expected}: entry {seal.entry_id} is gone"
    if entry.digest != seal.digest or _altered(entry):
        return f"position {expected}: entry {entry.pk} was altered"
    if seal.chain != _chain(previous, seal.position, entry.pk, seal.digest):
        return f"position {expected}: the chain is broken"
    return ""


def _altered(entry: AuditEntry) -> bool:
    return audit.digest_of(entry) != entry.digest
