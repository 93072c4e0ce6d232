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


def verify() -> Report:
    """Recompute every digest and every link of the chain, in order."""
    broken, head, count = "", _START, 0
    for expected, seal in enumerate(_seals(), start=1):
        broken = _fault(seal, expected, head)
        if broken:
            break
        head, count = seal.chain, expected
    unsealed = list(AuditEntry.objects.filter(seal__isnull=True).order_by("pk").iterator(_BATCH))
    if not broken:
        broken = next((f"entry {row.pk}: altered before it was sealed" for row in unsealed if _altered(row)), "")
    return Report(sealed=count, unsealed=len(unsealed), broken=broken, head=head)


def _seal_batch() -> int:
    with transaction.atomic(durable=not connection.in_atomic_block):
        locks.own_scopes(["sealer"])
        last = AuditSeal.objects.order_by("-position").first()
        entries = list(AuditEntry.objects.filter(seal__isnull=True).order_by("pk")[:_BATCH])
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


def _seals() -> Iterator[AuditSeal]:
    return AuditSeal.objects.order_by("position").iterator(_BATCH)


def _fault(seal: AuditSeal, expected: int, previous: str) -> str:
    entry = AuditEntry.objects.filter(pk=seal.entry_id).first()
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
