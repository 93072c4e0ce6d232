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
from compliance.models import CompanyKey, Halt, Suppression, SuppressionDigest
from compliance.principals import SYSTEM, Principal, actor
from compliance.refusals import Refusal, Refused


def absorbed(accounts: Collection[str]) -> dict[str, str]:
    """{key that was merged into one of these companies: into which}, in one query; nearly always none."""
    return dict(CompanyKey.objects.filter(merged_into__among=accounts).values_list("key", "merged_into"))


def merge(kept: str, absorbed: str, domains: Collection[str], *, by: Principal, at: datetime, reason: str) -> list[int]:
    """`absorbed` turns out to be `kept`; return the stops that had to be written for it.

    `domains` are those of both. No clearance of either decides meanwhile: inside a transaction of the caller's it must
    come before any card or budget is locked. Raises Refused.
    """
    with transaction.atomic(durable=not connection.in_atomic_block):
        locks.own_scopes(scopes({kept, absorbed}, domains))
        if refusals := against_merging(kept, absorbed):
            raise Refused(refusals)
        CompanyKey.objects.filter(merged_into=absorbed).update(merged_into=kept, merged_at=at)
        CompanyKey.objects.create(key=absorbed, merged_into=kept, merged_at=at)
        stops = _cover(kept, absorbed, [addresses.parse_domain(domain) for domain in domains], by=by, at=at)
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


def _cover(kept: str, absorbed: str, domains: Sequence[str], *, by: Principal, at: datetime) -> list[int]:
    """Insert, for each reason, a stop for `kept` at every domain of both, unless one says exactly that already."""
    wanted = frozenset[str]().union(*(cards.domain_stop_digests(domain) for domain in domains))
    rows = Suppression.objects.filter(account__in=[kept, absorbed], lift=None).prefetch_related("digests")
    by_reason: dict[str, list[Suppression]] = defaultdict(list)
    for row in rows.order_by("order_no"):
        by_reason[row.reason].append(row)
    written = []
    for same in by_reason.values():
        digests = wanted.union(*(_digests(row) for row in same))
        if not any(row.account == kept and digests <= _digests(row) for row in same):
            # Of the same reason the strongest is the model; two differ in strength only after a change of ours.
            model = max(same, key=lambda row: (row.strength, -row.order_no))
            written.append(_copy(model, kept, digests, by=by, at=at))
    return written


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
    standing = Halt.objects.filter(~Q(state=Halt.State.LIFTED), scope=absorbed).order_by("order_no")
    told = [
        halts.place(kept, Halt.Kind(row.kind), row.reason, by=SYSTEM, at=at, code=row.code, incident=row.incident)
        for row in standing
    ]
    return [row.pk for row in told]
