"""Decides what erasing a person means for the whole house; only the top floor can call all (LAW EU-04, SUP-06).

The floors below erase what is theirs and leave the fact as a row (`Contact.erased_at`, a stop with reason *erased*).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from compliance import addresses, audit
from compliance.acts import Consent
from compliance.principals import SYSTEM, Principal
from handoff.models import Alert, Finding, Handoff, Lead, Signal, StageMove, Task
from sequences import erasing
from sequences.models import Contact

_CHUNK = 100
_ERASED = "erased"


class NobodyKnown(LookupError):
    """There is no contact with this address, erased or not."""


@dataclass(frozen=True)
class Erasure:
    """Who was erased, and how much of what was emptied; nothing the second time."""

    contact: int
    counts: Mapping[str, int]


def erase(contact: Contact, *, by: Principal, at: datetime, reason: str) -> Erasure:
    """Erase the person behind a contact everywhere. Raises Refused."""
    counts = erasing.erase(contact, by=by, at=at, consent=Consent(reason))
    for lead in Lead.objects.filter(contact=contact, erased_at__isnull=True):
        _empty(lead, at)
    return Erasure(contact.pk, counts)


def erase_address(text: str, *, by: Principal, at: datetime, reason: str) -> Erasure:
    """The same by an address of theirs, in any spelling. Raises AddressError, NobodyKnown, Refused."""
    contact = erasing.known_by(addresses.parse(text))
    if contact is None:
        raise NobodyKnown
    return erase(contact, by=by, at=at, reason=reason)


def erase_round(at: datetime) -> dict[str, int]:
    """Empty what the desk wrote down about people whom the floors below have erased; the arrows taken stay."""
    rows = Lead.objects.filter(contact__erased_at__isnull=False, erased_at__isnull=True)
    return {"erased": sum(_empty(lead, at) for lead in rows.order_by("pk")[:_CHUNK])}


def _empty(lead: Lead, at: datetime) -> int:
    offers = Handoff.objects.filter(lead=lead)
    tasks = Task.objects.filter(lead=lead)
    with transaction.atomic():
        if not Lead.objects.filter(pk=lead.pk, erased_at__isnull=True).update(erased_at=at):
            return 0
        Signal.objects.filter(contact=lead.contact_id).update(note="")
        Finding.objects.filter(contact=lead.contact_id).update(evidence=_ERASED, value="")
        for move in StageMove.objects.filter(lead=lead):
            kept = {key: move.grounds[key] for key in ("findings", "signals") if key in move.grounds}
            StageMove.objects.filter(pk=move.pk).update(notes="", grounds=kept)
        about = [audit.reference(row) for row in (lead, *offers, *tasks)]
        Alert.objects.filter(subject__in=about).update(title=_ERASED, text="")
        offers.update(payload={"form": 1})
        tasks.update(note="")
        audit.record("handoff.lead.erased", audit.reference(lead), by=SYSTEM, at=at)
    return 1
