"""Decides which keys name one company, and what follows when two turn out to be one. The strictest wins (LAW SUP-07).

Every stop of either holds afterwards for both and at every domain of both, and so does what stands still. Chains are
kept flat: whatever was merged points to the company it is now. Nothing takes a merge back.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from compliance import addresses, audit, cards, halts, journaling, locks, suppression
from compliance.models import CompanyKey, Halt, IdentityChange, Suppression, SuppressionDigest
from compliance.principals import SYSTEM, Principal, actor
from compliance.refusals import Refusal, Refused


def absorbed(accounts: Collection[str]) -> dict[str, str]:
    """{key that was merged into one of these companies: into which}, in one query; nearly always none."""
    return dict(CompanyKey.objects.filter(merged_into__among=accounts).values_list("key", "merged_into"))


def roots(accounts: Collection[str]) -> dict[str, str]:
    """{company: the one it is now}."""
    rows = CompanyKey.objects.filter(key__in=accounts)
    return {account: account for account in accounts} | dict(rows.values_list("key", "merged_into"))


def merge(
    kept: str,
    absorbed: str,
    domains: Collection[str],
    *,
    by: Principal,
    at: datetime,
    reason: str,
    called: Sequence[str] = (),
) -> list[int]:
    """`absorbed` turns out to be `kept`; return the stops that had to be written for it.

    `domains` are those of both; `called` is a name of each, by which they are known again in an older copy. No
    clearance of either decides meanwhile: inside a transaction of the caller's it must come before any card or budget
    is locked. Raises Refused.
    """
    with transaction.atomic(durable=not connection.in_atomic_block):
        stops = follow(kept, absorbed, domains, by=by, at=at, reason=reason)
        told = {"digests": sorted(_of_domains(domains)), "called": [cards.text_digest(name) for name in called]}
        (order,) = locks.draw_order(1)
        journaling.company_merge_recorded(kept, absorbed, told, order=order, at=at)
    return stops


def follow(
    kept: str, absorbed: str, domains: Collection[str], *, by: Principal, at: datetime, reason: str
) -> list[int]:
    """The same for a merge of which journals have been told already."""
    with transaction.atomic(durable=not connection.in_atomic_block):
        locks.own_scopes(scopes({kept, absorbed}, domains))
        if refusals := against_merging(kept, absorbed):
            raise Refused(refusals)
        CompanyKey.objects.filter(merged_into=absorbed).update(merged_into=kept, merged_at=at)
        CompanyKey.objects.create(key=absorbed, merged_into=kept, merged_at=at)
        stops = cover(kept, {kept, absorbed}, _of_domains(domains), by=by, at=at)
        halted = _stand_still(kept, absorbed, at)
        told: dict[str, Any] = {"into": kept, "stops": stops, "halts": halted}
        audit.record("compliance.company.merged", absorbed, by=by, at=at, reason=reason, **told)
    return stops


def scopes(accounts: Collection[str], domains: Collection[str]) -> set[str]:
    """What a merge locks, all at once. Raises AddressError for what is no domain."""
    readings = (suppression.domain_scopes(addresses.parse_domain(domain)) for domain in domains)
    return set(accounts).union(*readings)


def against_merging(kept: str, absorbed: str) -> list[Refusal]:
    """One company is not merged with itself, nor one that is another one by now, nor one about to start again."""
    if kept == absorbed:
        return [Refusal("one_already", _("They are one company already."))]
    if CompanyKey.objects.filter(key__in=[kept, absorbed]).exists():
        return [Refusal("merged_already", _("One of them was merged into another company: name that one."))]
    asked = Halt.objects.filter(scope__in=[kept, absorbed], state=Halt.State.START_ASKED)
    if asked.exists():
        # Whoever confirms it would start what nobody has looked at.
        return [Refusal("start_asked", _("Somebody has asked to start one of them again; decide that first."))]
    return []


def to_follow(limit: int) -> list[IdentityChange]:
    """Merges that came back from a journal, for the floors above to draw the consequences, in their order."""
    rows = IdentityChange.objects.filter(kind=IdentityChange.Kind.COMPANY, taken_at__isnull=True)
    return list(rows.order_by("pk")[:limit])


def mark_followed(row: IdentityChange, *, at: datetime) -> None:
    """Say that the consequences have been drawn, or that there are none to be drawn here."""
    IdentityChange.objects.filter(pk=row.pk, taken_at__isnull=True).update(taken_at=at)


def are_called(row: IdentityChange, names: Sequence[str]) -> bool:
    """Whether these are the companies that were merged: an older copy may have given their keys to others since."""
    marks = row.told["called"]
    known = [cards.texts_by_digest([name]) for name in names]
    return len(marks) == len(names) and all(mark in digests for mark, digests in zip(marks, known, strict=True))


def cover(
    account: str, accounts: Collection[str], digests: Collection[str], *, by: Principal, at: datetime
) -> list[int]:
    """Insert, for each reason for which any of these is stopped, a stop for one of them at every domain of all.

    Not where one says exactly that already; return those that were written.
    """
    rows = Suppression.objects.filter(account__in=accounts, lift=None).prefetch_related("digests")
    by_reason: dict[str, list[Suppression]] = defaultdict(list)
    for row in rows.order_by("order_no"):
        by_reason[row.reason].append(row)
    written = []
    for same in by_reason.values():
        wanted = frozenset(digests).union(*(_digests(row) for row in same))
        if not any(row.account == account and wanted <= _digests(row) for row in same):
            # Of the same reason the strongest is the model; two differ in strength only after a change of ours.
            model = max(same, key=lambda row: (row.strength, -row.order_no))
            written.append(_copy(model, account, wanted, by=by, at=at))
    return written


def standing(accounts: Collection[str]) -> list[Halt]:
    """What stands still for any of these."""
    return list(Halt.objects.filter(~Q(state=Halt.State.LIFTED), scope__in=accounts).order_by("order_no"))


def same_halt(halt: Halt, account: str) -> Halt:
    """The same for another key of the company, not placed yet."""
    return Halt(scope=account, kind=halt.kind, reason=halt.reason, code=halt.code, incident=halt.incident)


def _of_domains(domains: Collection[str]) -> frozenset[str]:
    parsed = [addresses.parse_domain(domain) for domain in domains]
    return frozenset[str]().union(*(cards.domain_stop_digests(domain) for domain in parsed))


def _digests(row: Suppression) -> frozenset[str]:
    return frozenset(one.digest for one in row.digests.all())


def _copy(stop: Suppression, account: str, digests: Collection[str], *, by: Principal, at: datetime) -> int:
    (order,) = locks.draw_order(1)
    row = Suppression.objects.create(
        order_no=order,
        at=at,
        account=account,
        scope=stop.scope,
        reason=stop.reason,
        strength=stop.strength,
        source="merge",
        evidence={"from": stop.pk},
        recorded_by=actor(by),
    )
    SuppressionDigest.objects.bulk_create([SuppressionDigest(suppression=row, digest=one) for one in sorted(digests)])
    told: dict[str, Any] = {"code": stop.reason, "account": account, "order": order, "source": "merge", "from": stop.pk}
    audit.record("suppression.recorded", audit.reference(row), by=by, at=at, **told)
    journaling.stop_recorded(row)
    return row.pk


def _stand_still(kept: str, absorbed: str, at: datetime) -> list[int]:
    """What stands still for the one stands still for both; two people start each again."""
    told = [
        halts.place(kept, Halt.Kind(row.kind), row.reason, by=SYSTEM, at=at, code=row.code, incident=row.incident)
        for row in standing([absorbed])
    ]
    return [row.pk for row in told]
