"""Decides what is emptied when a person is erased, and what must stay to prove what we did (LAW EU-04, SUP-06, FT-93).

Rows stay, with keys, digests and dates: passages, messages, decisions. What says who it was goes: the contact, frozen
bytes, servers' answers, the mails that came from or speak of their addresses. What is on the wire finishes first; the
round empties it afterwards.
"""

import hmac
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from compliance import addresses, audit, cards, keys, locks, persons
from compliance import erasing as ledger
from compliance.acts import Consent
from compliance.addresses import Address
from compliance.models import Suppression
from compliance.principals import SYSTEM, Principal, System
from compliance.refusals import Refusal, Refused
from compliance.transitions import move
from sequences import enrollment, lists
from sequences.inbound import reading
from sequences.models import (
    Attempt,
    Contact,
    Enrollment,
    ExitReason,
    InboundMessage,
    ListRow,
    OutboundMessage,
    RecipientList,
)

PERMISSION = "sequences.erase_contact"
_PERSONAL = ("address", "first_name", "last_name", "title", "city", "country", "zone", "source")
_ON_THE_WIRE = (OutboundMessage.State.CLAIMED, OutboundMessage.State.CLEARED)
_INBOX = InboundMessage._meta.label_lower
_AT_ONCE = 500
_MAILS_AT_ONCE = 20
_SHORTEST_WORD = 2


def against_erasing(contact: Contact, by: Principal) -> list[Refusal]:
    """Everything that keeps this person from erasing that one."""
    if refusals := _against_anybody(by):
        return refusals
    if contact.erased_at:
        return [Refusal("erased", _("This person has been erased."))]
    return []


def known_by(address: Address) -> Contact | None:
    """The contact behind an address, by any of the person's addresses; erased ones are found by their card."""
    card = cards.find([address]).get(address.canonical)
    rows = Contact.objects.filter(card__person=card.person_id) if card else Contact.objects.none()
    return rows.order_by("pk").first()


def erase(contact: Contact, *, by: Principal, at: datetime, consent: Consent) -> Mapping[str, int]:
    """Erase the person behind a contact, with all their addresses; how much of what was emptied, without the zeros.

    A second time changes nothing. In what staff say, the person's names and addresses are struck out. Raises Refused.
    """
    if refusals := _against_anybody(by):
        raise Refused(refusals)
    return persons.unless_overtaken(lambda: _erase(contact.pk, by=by, at=at, said=consent.comment))


def erase_round(at: datetime) -> dict[str, int]:
    """Empty what came off the wire after its person was erased, and cancel what was put back."""
    if not Contact.objects.filter(erased_at__isnull=False).exists():
        return {}
    theirs = OutboundMessage.objects.filter(enrollment__contact__erased_at__isnull=False)
    with transaction.atomic():
        found = _cancel(theirs, at) + _empty_messages(theirs)
    return dict(+found)


def _erase(pk: int, *, by: Principal, at: datetime, said: str) -> Mapping[str, int]:
    known = _contacts_of(pk)
    # Before the locks: reading every mail takes a while, and a mail that comes meanwhile is a new one.
    mails = _mails_about(known)
    with transaction.atomic(durable=not connection.in_atomic_block):
        owned = _lists_of(known)
        locks.own_scopes(row.key for row in owned)
        erased = ledger.erase(Contact.objects.select_related("card").get(pk=pk).card, by=by, at=at)
        theirs = list(Contact.objects.filter(card__in=erased.cards).order_by("pk").select_for_update(no_key=True))
        if {row.pk for row in theirs} != {row.pk for row in known} or not set(_lists_of(theirs)) <= set(owned):
            raise persons.OvertakenError
        said = struck(said, theirs)
        counts = +(_end(theirs, by=by, at=at) + _empty(theirs, mails, at))
        if counts:
            told = {**counts, "stop": erased.stop.pk, "keys": erased.keys}
            subject = f"{Contact._meta.label_lower}:{pk}"
            audit.record("sequences.contact.erased", subject, by=by, at=at, reason=said, **told)
    return dict(counts)


def struck(said: str, theirs: Iterable[Contact]) -> str:
    """What staff said, without this person's names and addresses: it stays in the log for good."""
    words = {word for row in theirs for word in (row.address, row.address.rpartition("@")[0], *_names(row))}
    for word in sorted((word for word in words if len(word) >= _SHORTEST_WORD), key=len, reverse=True):
        said = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "…", said, flags=re.IGNORECASE)
    return said.strip()


def _names(row: Contact) -> list[str]:
    return [*row.first_name.split(), *row.last_name.split()]


def _end(theirs: Sequence[Contact], *, by: Principal, at: datetime) -> Counter[str]:
    """Passages and list rows: nothing more is to come."""
    live = Enrollment.objects.filter(contact__in=theirs, state=Enrollment.State.ACTIVE)
    left = enrollment.leave(list(live), ExitReason.ERASED, by=SYSTEM, at=at)
    rows = ListRow.objects.filter(contact__in=theirs, removed_at=None).select_related("recipient_list")
    counts = Counter(passages=len(left), rows=lists.take_off(list(rows), by=by, at=at))
    return counts + _cancel(OutboundMessage.objects.filter(enrollment__contact__in=theirs), at)


def _empty(theirs: Sequence[Contact], mails: Sequence[InboundMessage], at: datetime) -> Counter[str]:
    counts = _empty_messages(OutboundMessage.objects.filter(enrollment__contact__in=theirs))
    for mail in mails:
        counts["mails"] += InboundMessage.objects.filter(pk=mail.pk).update(raw=b"", recipient=mail.recipient, words="")
    fresh = [row.pk for row in theirs if not row.erased_at]
    _disguise_leaves(fresh)
    ListRow.objects.filter(contact__in=fresh).exclude(source="").update(source="")
    gone = dict.fromkeys(_PERSONAL, "") | {"account": None, "erased_at": at}
    counts["contacts"] = Contact.objects.filter(pk__in=fresh).update(**gone)
    return counts


def _disguise_leaves(fresh: Sequence[int]) -> None:
    """A signed leaf is a bare digest over name and address, which can be guessed; under a key it proves the same."""
    _version, key = keys.current("erased")
    rows = list(ListRow.objects.filter(contact__in=fresh).exclude(signed_leaf=""))
    for row in rows:
        row.signed_leaf = hmac.digest(key, row.signed_leaf.encode(), "sha256").hex()
    ListRow.objects.bulk_update(rows, ["signed_leaf"], batch_size=_AT_ONCE)


def _empty_messages(messages: QuerySet[OutboundMessage]) -> Counter[str]:
    """The digest of the bytes stays; the bytes, and what servers answered, may name the person."""
    settled = messages.exclude(state__in=_ON_THE_WIRE).order_by()
    told = settled.filter(Q(content__isnull=False) | ~Q(reply="")).values("pk")
    answered = Attempt.objects.filter(message__in=settled.values("pk")).exclude(answer="")
    return Counter(
        messages=OutboundMessage.objects.filter(pk__in=told).update(content=None, reply=""),
        answers=answered.update(answer=""),
    )


def _cancel(messages: QuerySet[OutboundMessage], at: datetime) -> Counter[str]:
    """A try that began before the erasure may put its message back afterwards."""
    still = {"state": OutboundMessage.State.PLANNED}
    found = list(messages.filter(**still).defer("content")[:_AT_ONCE])
    columns = {"reason": ExitReason.ERASED, "settled_at": at}
    return Counter(cancelled=len(move(found, "cancel", by=SYSTEM, at=at, set=columns, where=still)))


def _mails_about(theirs: Sequence[Contact]) -> list[InboundMessage]:
    """Mails that answer one of their messages, stopped them, came from them, or name an address of theirs.

    With the recipient as it may stay: empty where it names them.
    """
    written = [row.address.lower() for row in theirs if row.address]
    sure = Q(message__enrollment__contact__in=theirs) | Q(contact__in=theirs) | Q(pk__in=_that_stopped(theirs))
    known = set(InboundMessage.objects.filter(sure).values_list("pk", flat=True))
    found = []
    for mail in InboundMessage.objects.exclude(raw=b"").order_by("pk").iterator(chunk_size=_MAILS_AT_ONCE):
        named = [address for address in written if address in mail.recipient.lower()]
        if mail.pk in known or named or _names_them(bytes(mail.raw), written):
            found.append(InboundMessage(pk=mail.pk, recipient="" if named else mail.recipient))
    return found


def _that_stopped(theirs: Sequence[Contact]) -> list[int]:
    names = persons.aliases({row.card.person_id for row in theirs}).values()
    stops = Suppression.objects.filter(person__in=frozenset().union(*names), source__startswith=f"{_INBOX}:")
    keys_found = (source.rpartition(":")[2] for source in stops.values_list("source", flat=True))
    return [int(key) for key in keys_found if key.isdecimal()]


def _names_them(raw: bytes, written: Sequence[str]) -> bool:
    lowered = raw.lower()
    if any(address.encode() in lowered for address in written):
        return True
    read = reading.read(raw)
    said = f"{read.subject}\n{read.text}".lower()
    return any(addresses.same_person(read.sender, address) or address in said for address in written)


def _contacts_of(pk: int) -> list[Contact]:
    card = Contact.objects.select_related("card").get(pk=pk).card
    rows = Contact.objects.filter(card__person=card.person_id)
    return list(rows.select_related("card").order_by("pk"))


def _lists_of(theirs: Sequence[Contact]) -> list[RecipientList]:
    return list(RecipientList.objects.filter(rows__contact__in=theirs, rows__removed_at=None).distinct())


def _against_anybody(by: Principal) -> list[Refusal]:
    if isinstance(by, System) or not (by.is_active and by.has_perm(PERMISSION)):
        return [Refusal("not_permitted", _("Your roles do not include this."))]
    return []
