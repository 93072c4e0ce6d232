"""Decides whether mail may be sent from a domain, by what DNS says of it, and keeps each look at it (LAW DOM-04).

Somebody who denies is believed, somebody who does not answer is not: silence keeps the last verdict for 48 hours, and
then the domain waits. DNS is asked in a round and by hand, never while a message is on its way.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from compliance import audit, domain_records, spf
from compliance.findings import Finding, Weight
from compliance.models import DomainCheck, DomainVerdict, SendingDomain
from compliance.nameservers import BadName, Nameservers, Silent
from compliance.principals import Principal

_EVERY, _EVERY_WHILE_WRONG = timedelta(hours=1), timedelta(minutes=10)


def look(domain: str, selectors: Sequence[str]) -> list[Finding]:
    """What DNS says of a domain now, worst case thirteen seconds. Outside of every transaction."""
    asked = Nameservers()
    looks: list[Callable[[], Iterable[Finding]]] = [
        lambda: [spf.look(domain, asked)],
        *(_one_key(domain, selector, asked) for selector in selectors or [""]),
        lambda: [domain_records.dmarc(domain, asked)],
        lambda: [domain_records.replies(domain, asked)],
    ]
    missing = list(_unless_silent(lambda: _missing(domain, asked)))
    if any(finding.weight == Weight.FAILS for finding in missing):
        return missing
    return [*missing, *(finding for one in looks for finding in _unless_silent(one))]


def verdict_of(findings: Iterable[Finding]) -> DomainVerdict:
    """What is against it counts before what nobody answered."""
    weights = {finding.weight for finding in findings}
    if Weight.FAILS in weights:
        return DomainVerdict.FAILS
    return DomainVerdict.UNKNOWN if Weight.SILENT in weights else DomainVerdict.PASSES


def check(row: SendingDomain, *, by: Principal, at: datetime) -> DomainCheck:
    """Look at a domain and keep what was found; `.domain` is how it stands then."""
    findings = look(row.domain, row.selectors.split())
    with transaction.atomic():
        held = SendingDomain.objects.select_for_update().get(pk=row.pk)
        verdict, data = verdict_of(findings), [finding.as_data() for finding in findings]
        made = DomainCheck.objects.create(domain=held, at=at, verdict=verdict, selectors=row.selectors, findings=data)
        if held.checked_at is None or held.checked_at <= at:
            _keep(held, made, by=by, at=at)
    return made


def _keep(row: SendingDomain, made: DomainCheck, *, by: Principal, at: datetime) -> None:
    before, row.checked_at = row.verdict, at
    if made.verdict != DomainVerdict.UNKNOWN:
        row.verdict, row.decided_at, row.findings = made.verdict, at, made.findings
    if row.verdict != before:
        audit.record(
            f"sendingdomain.{made.verdict}", audit.reference(row), by=by, at=at, findings=against(made.findings)
        )
        row.failed_at = at if made.verdict == DomainVerdict.FAILS else row.failed_at
    row.save(update_fields=["verdict", "findings", "checked_at", "decided_at", "failed_at"])


def against(findings: Iterable[Mapping[str, str]]) -> list[str]:
    """The codes among kept findings that are why a domain does not pass."""
    return sorted({one["code"] for one in findings if one["weight"] in {Weight.FAILS, Weight.SILENT}})


def expect(names: Collection[str], at: datetime) -> None:
    """These are sent from: each gets a row, once."""
    known = set(SendingDomain.objects.filter(domain__in=names).values_list("domain", flat=True))
    new = [SendingDomain(domain=name, created_at=at) for name in sorted(set(names) - known)]
    SendingDomain.objects.bulk_create(new, ignore_conflicts=True)


def passing(at: datetime) -> set[str]:
    """The domains that may be sent from."""
    return {row.domain for row in SendingDomain.objects.all() if row.stands(at) == DomainVerdict.PASSES}


def most_due(names: Collection[str], at: datetime) -> SendingDomain | None:
    """Which of these to look at now, the longest unseen first: hourly, every ten minutes while it is not well."""
    rows = SendingDomain.objects.filter(domain__in=names)
    due = [row for row in rows if row.checked_at is None or row.checked_at <= at - _interval(row, at)]
    return min(due, key=lambda row: (row.checked_at is not None, row.checked_at or at, row.pk), default=None)


def _interval(row: SendingDomain, at: datetime) -> timedelta:
    well = row.stands(at) == DomainVerdict.PASSES and row.checked_at == row.decided_at
    return _EVERY if well else _EVERY_WHILE_WRONG


def _one_key(domain: str, selector: str, asked: Nameservers) -> Callable[[], Iterable[Finding]]:
    return lambda: domain_records.dkim(domain, [selector] if selector else [], asked)


def _missing(domain: str, asked: Nameservers) -> Iterator[Finding]:
    if not asked.exists(domain):
        yield Finding("domain_missing", Weight.FAILS, domain)


def _unless_silent(one: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    try:
        yield from one()
    except Silent as silent:
        yield Finding("dns_silent", Weight.SILENT, found=str(silent))
    except BadName as bad:
        yield Finding("name_unusable", Weight.FAILS, str(bad))
