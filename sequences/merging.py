"""Decides what follows when two contacts turn out to be one person, and when they turn out not to be (LAW SUP-09).

One person, one sequence: of two passages the kept contact's goes on. The locks are taken in the order of the door:
the lists that both stand on, then the cards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from compliance import audit, locks, persons
from compliance.acts import Consent
from compliance.persons import OvertakenError
from compliance.principals import SYSTEM, Principal, System
from compliance.refusals import Refusal, Refused
from sequences import enrollment, lists
from sequences.models import Contact, Enrollment, ExitReason, ListRow, RecipientList

PERMISSION = "sequences.merge_contact"


@dataclass(frozen=True)
class Consequences:
    """What a merge would do: the passage that ends, the one that goes on, the rows that leave their lists."""

    kept: Contact
    other: Contact
    ends: Enrollment | None
    goes_on: Enrollment | None
    rows: Sequence[ListRow]


def main(contact: Contact) -> Contact:
    """The contact under which this person is known."""
    return contact.merged_into or contact


def foresee(kept: Contact, other: Contact) -> Consequences:
    """What would follow, changing nothing."""
    mine, theirs = _live(main(kept)), _live(other)
    begun = Enrollment.objects.filter(contact=other).values("row")
    waiting = ListRow.objects.filter(contact=other, removed_at=None).exclude(pk__in=begun)
    rows = list(waiting.select_related("recipient_list").order_by("pk"))
    return Consequences(main(kept), other, theirs if mine else None, mine or theirs, rows)


def against_merging(kept: Contact, other: Contact, by: Principal) -> list[Refusal]:
    """Everything that keeps these two from becoming one."""
    if refusals := against_anything(by):
        return refusals
    if main(kept).pk == main(other).pk:
        return [Refusal("one_already", _("They are one person already."))]
    if other.merged_into_id:
        text = _("That contact belongs to another one: name the contact it was merged into, or split it off first.")
        return [Refusal("merged_already", text)]
    if kept.erased_at or other.erased_at:
        return [Refusal("erased", _("Of somebody who was erased nothing is known that could be merged."))]
    return []


def against_splitting(contact: Contact, by: Principal) -> list[Refusal]:
    """Everything that keeps this contact from becoming a person of its own."""
    if refusals := against_anything(by):
        return refusals
    if not contact.merged_into_id:
        return [Refusal("not_merged", _("This contact was not merged into another one."))]
    if contact.erased_at:
        return [Refusal("erased", _("Of somebody who was erased nothing is known that could be told apart."))]
    return []


def against_anything(by: Principal) -> list[Refusal]:
    """Whether this principal may say who is one person at all."""
    if isinstance(by, System) or not (by.is_active and by.has_perm(PERMISSION)):
        return [Refusal("not_permitted", _("Your roles do not include this."))]
    return []


def merge_contacts(kept: Contact, other: Contact, *, by: Principal, at: datetime, consent: Consent) -> Contact:
    """`other` is the same person as `kept`; return the contact they are known under from now on. Raises Refused."""
    return persons.unless_overtaken(lambda: _merge(kept.pk, other.pk, by=by, at=at, consent=consent))


def split_contact(contact: Contact, *, by: Principal, at: datetime, consent: Consent) -> Contact:
    """The contact is somebody else after all; every stop of the person stays on both. Raises Refused."""
    return persons.unless_overtaken(lambda: _split(contact.pk, by=by, at=at, consent=consent))


def follow(person: UUID, *, at: datetime) -> None:
    """A journal has merged or split this person: their contacts and passages are brought in line with it."""
    persons.unless_overtaken(lambda: _follow(person, at=at))


def _follow(person: UUID, *, at: datetime) -> None:
    with transaction.atomic(durable=not connection.in_atomic_block):
        root = persons.root(person)
        persons.hold([root])
        apart = Contact.objects.filter(card__person=root, merged_into__isnull=False)
        apart.exclude(merged_into__card__person=root).update(merged_into=None)
        theirs = list(Contact.objects.filter(card__person=root, merged_into=None).order_by("pk"))
        live = list(Enrollment.objects.filter(contact__card__person=root, state=Enrollment.State.ACTIVE).order_by("pk"))
        # The passage of whom the others turned out to be goes on, and theirs is the contact they are known under.
        live.sort(key=lambda row: row.person != root)
        enrollment.leave(live[1:], ExitReason.MERGED, by=SYSTEM, at=at)
        Enrollment.objects.filter(contact__card__person=root).exclude(person=root).update(person=root)
        theirs.sort(key=lambda row: row.pk not in {one.contact_id for one in live[:1]})
        for other in theirs[1:]:
            Contact.objects.filter(Q(pk=other.pk) | Q(merged_into=other)).update(merged_into=theirs[0])
            told = {"into": audit.reference(theirs[0])}
            audit.record("sequences.contact.merged", audit.reference(other), by=SYSTEM, at=at, **told)
        persons.mark_followed(person)


def _merge(kept_pk: int, other_pk: int, *, by: Principal, at: datetime, consent: Consent) -> Contact:
    with transaction.atomic(durable=not connection.in_atomic_block):
        kept, other = _held([kept_pk, other_pk])
        if refusals := against_merging(kept, other, by):
            raise Refused(refusals)
        seen = foresee(kept, other)
        said = consent.comment.strip()
        merged = persons.merge(seen.kept.card.person_id, other.card.person_id, by=by, at=at, reason=said)
        if seen.ends:
            enrollment.leave([seen.ends], ExitReason.MERGED, by=SYSTEM, at=at)
        Enrollment.objects.filter(person=merged.absorbed).update(person=merged.kept)
        Contact.objects.filter(Q(pk=other.pk) | Q(merged_into=other)).update(merged_into=seen.kept)
        lists.take_off(seen.rows, by=by, at=at)
        told: dict[str, Any] = {"into": audit.reference(seen.kept), "rows": len(seen.rows), "stops": merged.stops}
        audit.record("sequences.contact.merged", audit.reference(other), by=by, at=at, **told)
        return Contact.objects.get(pk=seen.kept.pk)


def _split(pk: int, *, by: Principal, at: datetime, consent: Consent) -> Contact:
    with transaction.atomic(durable=not connection.in_atomic_block):
        (contact,) = _held([pk])
        if refusals := against_splitting(contact, by):
            raise Refused(refusals)
        new = persons.split(contact.card, by=by, at=at, reason=consent.comment.strip())
        Contact.objects.filter(pk=pk).update(merged_into=None)
        Enrollment.objects.filter(contact=pk).update(person=new)
        was = audit.reference(main(contact))
        audit.record("sequences.contact.split", audit.reference(contact), by=by, at=at, out_of=was)
        return Contact.objects.get(pk=pk)


def _held(keys: Sequence[int]) -> list[Contact]:
    """These contacts as they are, their lists and cards locked: nobody enrols, signs, stops or merges them now."""
    lists_owned = _lists_of(keys)
    locks.own_scopes(row.key for row in lists_owned)
    persons.hold(contact.card.person_id for contact in _fresh(keys))
    if not set(_lists_of(keys)) <= set(lists_owned):
        raise OvertakenError
    return _fresh(keys)


def _fresh(keys: Sequence[int]) -> list[Contact]:
    rows = Contact.objects.select_related("card", "merged_into__card").in_bulk(keys)
    return [rows[key] for key in keys]


def _lists_of(keys: Sequence[int]) -> list[RecipientList]:
    theirs = Q(rows__contact__in=keys) | Q(rows__contact__merged__in=keys)
    return list(RecipientList.objects.filter(theirs, rows__removed_at=None).distinct())


def _live(contact: Contact) -> Enrollment | None:
    return Enrollment.objects.filter(person=contact.card.person_id, state=Enrollment.State.ACTIVE).first()
