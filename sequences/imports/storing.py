"""Decides what an import leaves behind: stops first, then companies, people and list rows, chunk by chunk.

Each chunk is a transaction of its own, so an import that is killed has stored a beginning; run again, it finds that
beginning unchanged and completes it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

from django.db import transaction
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from compliance import audit, cards, suppression
from compliance.addresses import Address
from compliance.models import Strength, Suppression, SuppressionReason
from compliance.principals import Staff
from compliance.refusals import Refusal, Refused
from compliance.stopped import IMITATES
from compliance.suppression import Stop
from sequences import approval, lists
from sequences.imports.drafts import better
from sequences.imports.files import RecipientFile
from sequences.imports.previewing import CHUNK
from sequences.imports.verdicts import Entry, RowVerdict, Tally
from sequences.models import Account, Contact, ImportRun, RecipientList

PERMISSION = "sequences.import_contact"
_OPEN = frozenset({RecipientList.State.DRAFT, RecipientList.State.RUNNING})
_PERSON = ("first_name", "last_name", "title", "country", "city", "zone")
_COMPANY = ("name", "industry", "ecosystem")


def against_importing(recipients: RecipientList, by: Staff) -> list[Refusal]:
    """Everything that keeps this person from loading people onto this list."""
    found = []
    if recipients.state not in _OPEN:
        text = _("People are loaded onto a list while it is being loaded or running; this one is “%(state)s”.")
        found.append(Refusal("list_closed", text % {"state": recipients.get_state_display()}))
    if not (by.is_active and by.has_perm(PERMISSION)):
        found.append(Refusal("not_permitted", _("Your roles do not include importing contacts.")))
    return found


def store(
    verdicts: Iterable[RowVerdict], recipients: RecipientList, file: RecipientFile, *, by: Staff, at: datetime
) -> ImportRun:
    """Store what `preview` said of a file; return the record of it. Raises Refused, and what `verdicts` raises.

    Whoever imports becomes an author of the list and cannot sign it.
    """
    if refusals := against_importing(recipients, by):
        raise Refused(refusals)
    approval.note_edit(recipients, by=by, at=at, created=False)
    tally = Tally()
    for chunk in _chunks(tally.noting(verdicts)):
        # Each stop commits by itself, before anybody is added: it takes locks that no longer transaction may hold.
        for one in chunk:
            if one.stop:
                _stop(one.stop, one.judged.row.number, file, by=by, at=at)
        _note_kept(chunk, file, by=by, at=at)
        _store_people([one.entry for one in chunk if one.entry], recipients, by=by, at=at)
    return _recorded(tally, recipients, file, by=by, at=at)


def _chunks(verdicts: Iterable[RowVerdict]) -> Iterator[list[RowVerdict]]:
    rest = iter(verdicts)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _stop(address: Address, row: int, file: RecipientFile, *, by: Staff, at: datetime) -> None:
    """Record what the file says of this person, unless a stop of theirs says it already."""
    known = Suppression.objects.filter(
        scope=Suppression.Scope.PERSON,
        lift=None,
        strength__gte=Strength.OPT_OUT,
        digests__digest__in=cards.person_digests(address),
    )
    if known.exists():
        return
    evidence = {"file": file.digest, "row": row}
    stop = Stop(SuppressionReason.IMPORTED, source=file.name[:120], evidence=evidence)
    suppression.stop_address(address, stop, by=by, at=at)


def _note_kept(chunk: Sequence[RowVerdict], file: RecipientFile, *, by: Staff, at: datetime) -> None:
    """A file that would bring back somebody who is stopped changes nothing; that it was tried is known (LAW SUP-04)."""
    held = [(one, {"file": file.digest, "row": one.judged.row.number}) for one in chunk if one.held_by]
    notes = [
        audit.Note(
            "suppression.imitated" if one.code == IMITATES else "suppression.kept",
            f"compliance.suppression:{one.held_by}",
            told,
        )
        for one, told in held
    ]
    audit.record_all(notes, by=by, at=at)


def _store_people(entries: Sequence[Entry], recipients: RecipientList, *, by: Staff, at: datetime) -> None:
    if not entries:
        return
    with transaction.atomic():
        accounts = _accounts(entries)
        contacts = _known(entries, accounts) | _made(entries, accounts, at=at)
        _put_on_list(entries, contacts, recipients, by=by, at=at)


def _accounts(entries: Sequence[Entry]) -> dict[str, Account]:
    """{domain: company it turned out to be}, made where there is none, blanks filled from the rows in their order."""
    domains = {entry.domain for entry in entries if entry.domain}
    missing = domains - set(Account.objects.filter(domain__in=domains).values_list("domain", flat=True))
    Account.objects.bulk_create([Account(domain=domain) for domain in sorted(missing)], ignore_conflicts=True)
    roots = dict(Account.objects.filter(domain__in=domains).values_list("domain", Coalesce("merged_into", "pk")))
    known = Account.objects.in_bulk(set(roots.values()))
    found = {domain: known[key] for domain, key in roots.items()}
    touched = {roots[entry.domain] for entry in entries if entry.domain and _fill(found[entry.domain], entry.company)}
    Account.objects.bulk_update([known[key] for key in sorted(touched)], _COMPANY)
    return found


def _fill(account: Account, told: Mapping[str, str]) -> bool:
    wanted = {name: text for name, text in told.items() if better(getattr(account, name), text)}
    for name, text in wanted.items():
        setattr(account, name, text)
    return bool(wanted)


def _known(entries: Sequence[Entry], accounts: Mapping[str, Account]) -> dict[str, Contact]:
    """{canonical spelling: contact} of those we know, with what the rows state (spec I3)."""
    wanted = {entry.address.canonical: entry.known for entry in entries if entry.known}
    rows = _not_erased_meanwhile(list(wanted.values()))
    changed = {
        entry.known: rows[entry.known]
        for entry in entries
        if entry.known in rows and _change(rows[entry.known], entry, accounts)
    }
    Contact.objects.bulk_update(changed.values(), (*_PERSON, "address", "erased_at", "account", "source", "basis"))
    return {canonical: rows[pk] for canonical, pk in wanted.items() if pk in rows}


def _not_erased_meanwhile(keys: Sequence[int]) -> dict[int, Contact]:
    """These contacts, held, without those who were erased after the door was asked about their rows."""
    rows = Contact.objects.filter(pk__in=keys).select_related("account").order_by("pk")
    held = {row.pk: row for row in rows.select_for_update(no_key=True, of=("self",))}
    stopped = suppression.stopped_cards([row.card_id for row in held.values() if row.erased_at])
    return {pk: row for pk, row in held.items() if row.card_id not in stopped}


def _change(contact: Contact, entry: Entry, accounts: Mapping[str, Account]) -> bool:
    stated = dict(entry.values)
    # Where an address came from and why it may be used is not what a later file says, only what was missing.
    stated |= {name: getattr(entry, name) for name in ("source", "basis") if not getattr(contact, name)}
    differing = {name: text for name, text in stated.items() if text != getattr(contact, name)}
    if contact.erased_at:
        # They opted in again: what is stored of them begins with this row.
        differing["address"], contact.erased_at = entry.address.text, None
    for name, text in differing.items():
        setattr(contact, name, text)
    if not entry.domain or contact.account == accounts[entry.domain]:
        return bool(differing)
    contact.account = accounts[entry.domain]
    return True


def _made(entries: Sequence[Entry], accounts: Mapping[str, Account], *, at: datetime) -> dict[str, Contact]:
    """{canonical spelling: contact} of those nobody knew, each with the card that stops are found by."""
    fresh = {entry.address.canonical: entry for entry in entries if not entry.known}
    found = cards.find_or_make([entry.address for entry in fresh.values()], at=at)
    people = [
        Contact(
            account=accounts.get(entry.domain),
            card=found[canonical],
            address=entry.address.text,
            source=entry.source,
            basis=entry.basis,
            created_at=at,
            **entry.values,
        )
        for canonical, entry in fresh.items()
    ]
    # Another import may have made the same person a moment earlier; then theirs is the one.
    Contact.objects.bulk_create(people, batch_size=CHUNK, ignore_conflicts=True)
    by_card = {row.card_id: row for row in Contact.objects.filter(card__in=[found[key].pk for key in fresh])}
    return {canonical: by_card[found[canonical].pk] for canonical in fresh}


def _put_on_list(
    entries: Sequence[Entry], contacts: Mapping[str, Contact], recipients: RecipientList, *, by: Staff, at: datetime
) -> None:
    taken = [entry for entry in entries if entry.address.canonical in contacts]
    wanted = [(contacts[entry.address.canonical], entry.source, entry.basis) for entry in taken]
    there = set(
        recipients.rows.filter(contact__in=[row.pk for row, _s, _b in wanted]).values_list("contact", flat=True)
    )
    if absent := [row for row in wanted if row[0].pk not in there]:
        lists.add(recipients, absent, by=by, at=at)


def _recorded(tally: Tally, recipients: RecipientList, file: RecipientFile, *, by: Staff, at: datetime) -> ImportRun:
    with transaction.atomic():
        run = ImportRun.objects.create(
            recipient_list=recipients,
            file_name=file.name[:200],
            file_digest=file.digest,
            preset=file.preset.key,
            counts=dict(tally.verdicts),
            findings=tally.findings,
            by_id=by.pk,
            at=at,
        )
        audit.record(
            "sequences.recipientlist.imported",
            audit.reference(recipients),
            by=by,
            at=at,
            run=run.pk,
            file=file.digest,
            preset=file.preset.key,
            rows=tally.rows,
            counts=dict(tally.verdicts),
        )
    return run
