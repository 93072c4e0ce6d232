"""Reads what is known of leads, for many at once: the findings and signals that the guards judge by."""

from collections.abc import Collection, Mapping

from django.db.models import Q

from handoff import criteria
from handoff.gates import Facts, Heard, Judged
from handoff.models import Finding, Intent, Lead, Signal
from sequences.models import Account, Contact


def of(lead: Lead) -> Facts:
    """What is known of one lead. Raises NoPlaybook."""
    return of_all([lead])[lead.pk]


def of_all(leads: Collection[Lead]) -> Mapping[int, Facts]:
    """What is known of each, by the lead's key; a handful of queries however many they are. Raises NoPlaybook.

    A contact or company that turned out to be another one brings along what was known of it.
    """
    contacts = _contacts(leads)
    accounts = _accounts(leads)
    signals: dict[int, list[Heard]] = {lead.pk: [] for lead in leads}
    for row in Signal.objects.filter(contact__in=contacts).order_by("-happened_at", "-pk"):
        signals[contacts[row.contact_id]].append(_heard(row))
    findings: dict[int, dict[str, Judged]] = {lead.pk: {} for lead in leads}
    theirs = Finding.objects.filter(Q(contact__in=contacts) | Q(account__in=accounts))
    for found in theirs.order_by("pk"):
        of_contact = [contacts[found.contact_id]] if found.contact_id is not None else []
        of_company = accounts[found.account_id] if found.account_id is not None else []
        for key in (*of_contact, *of_company):
            # In order of their keys, so the latest stays.
            findings[key][found.criterion] = _judged(found)
    asked = criteria.gates(), criteria.indicators(), criteria.limits()
    return {key: Facts(*asked, findings[key], signals[key]) for key in signals}


def _contacts(leads: Collection[Lead]) -> dict[int, int]:
    """{contact: lead}, with the contacts that were merged into them."""
    found = {lead.contact_id: lead.pk for lead in leads}
    merged = Contact.objects.filter(merged_into__in=list(found)).values_list("pk", "merged_into_id")
    return {**found, **{was: found[now] for was, now in merged if now is not None}}


def _accounts(leads: Collection[Lead]) -> dict[int, list[int]]:
    """{account: leads}, with the accounts that were merged into them."""
    rows = Lead.objects.filter(pk__in=[lead.pk for lead in leads], contact__account__isnull=False)
    found: dict[int, list[int]] = {}
    for lead, account in rows.values_list("pk", "contact__account_id"):
        found.setdefault(account, []).append(lead)
    merged = Account.objects.filter(merged_into__in=list(found)).values_list("pk", "merged_into_id")
    return {**found, **{was: found[now] for was, now in merged if now is not None}}


def _heard(row: Signal) -> Heard:
    return Heard(row.pk, row.kind, Intent(row.intent), row.happened_at, row.discounted)


def _judged(row: Finding) -> Judged:
    return Judged(row.pk, row.criterion, row.holds, row.valid_until, row.value)
