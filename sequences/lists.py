"""Recipient lists: sales ops loads and submits, the CRO signs every row as it stands, the passage begins (spec I4)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Min
from django.utils.translation import gettext_lazy as _

from compliance import audit, clearance, locks
from compliance.acts import Act, Consent
from compliance.clearance import Ruling
from compliance.factor import Kind
from compliance.principals import Principal, actor
from compliance.refusals import Refusal, Refused
from compliance.transitions import NotPermitted, arrows, move
from sequences import approval, asks, breakers, enrollment, leaves, seen, senders, validity
from sequences.models import (
    Contact,
    Enrollment,
    ListRow,
    Mailbox,
    OutboundMessage,
    RecipientList,
    SequenceVersion,
    Signature,
)

_CHUNK = 500
_FOR_THE_SIGNATURE = (
    *("row_changed", "row_not_signed", "playbook_changed", "rules_changed", "sender_changed"),
    *("signature_aged", "signer_gone", "sign_again"),
)
_OPEN = (RecipientList.State.DRAFT, RecipientList.State.RUNNING)


@dataclass(frozen=True)
class Prospect:
    """What the door says to a list as it stands: how many may be written to, and why the others may not."""

    digest: str
    rows: int
    permitted: Sequence[ListRow]
    refused: Counter[str] = field(default_factory=Counter)


def add(recipients: RecipientList, contacts: Sequence[tuple[Contact, str, str]], *, by: Principal, at: datetime) -> int:
    """Put (contact, source, basis) on a list once each; return how many rows are new. Rows wait for a signature.

    Raises Refused for a list that is not open: what the CRO has before them does not change under their hands.
    """
    rows = [
        ListRow(recipient_list=recipients, contact=contact, source=source, basis=basis)
        for contact, source, basis in contacts
    ]
    with transaction.atomic():
        if _held(recipients).state not in _OPEN:
            raise Refused([Refusal("list_closed", _("Rows are added while a list is being loaded or running."))])
        before = recipients.rows.count()
        ListRow.objects.bulk_create(rows, batch_size=_CHUNK, ignore_conflicts=True)
        added = recipients.rows.count() - before
        audit.record("sequences.recipientlist.rows_added", audit.reference(recipients), by=by, at=at, rows=added)
    return added


def look_ahead(recipients: RecipientList, at: datetime) -> Prospect:
    """Ask the door about every row, reserving nothing."""
    rows = leaves.rows_of(recipients)
    rulings = clearance.preview([asks.for_row(row, recipients.sequence_version) for row in rows], at)
    permitted = [row for row, ruling in zip(rows, rulings, strict=True) if not _is_refused(ruling)]
    refused = Counter(ruling.code for ruling in rulings if _is_refused(ruling))
    return Prospect(digest_now(recipients), len(rows), permitted, refused)


def digest_now(recipients: RecipientList) -> str:
    """SHA-256 over the sequence version, all rows as they stand and who writes to each, in any order of rows."""
    rows = leaves.rows_of(recipients)
    return leaves.digest_of(recipients, leaves.said_now(rows, recipients, senders.assigned(rows)))


def submit(row: RecipientList, *, by: Principal, at: datetime, consent: Consent) -> RecipientList:
    """Hand the list to the CRO. Raises Refused."""
    with transaction.atomic():
        _held(row)
        if refusals := against_submitting(row, by):
            raise Refused(refusals)
        digest = digest_now(row)
        columns = {"digest": digest, "submitted_at": at}
        moved = move(row, "submit", by=by, at=at, reason=consent.comment, set=columns, data={"digest": digest})
        return approval.only(moved)


def sign(row: RecipientList, *, by: Principal, at: datetime, consent: Consent) -> RecipientList:
    """Sign every row as it stands and start a passage for everybody the door does not refuse. Raises Refused.

    A digest in the consent must be the one of the rows as they stand under the lock, and so must what was shown.
    """
    first = row.state == RecipientList.State.SUBMITTED
    with transaction.atomic(durable=not connection.in_atomic_block):
        locks.own_scopes([row.key])
        if refusals := against_signing(row, by) if first else [*against_signing(row, by), *nothing_to_sign(row, at)]:
            raise Refused(refusals)
        # Read once: what is hashed is what is signed, whoever edits a person or a mailbox at this moment.
        rows = leaves.rows_of(row)
        writing = senders.assigned(rows)
        said = leaves.said_now(rows, row, writing)
        digest = leaves.digest_of(row, said)
        if refusals := _against_digest(row, digest, consent) or seen.against(
            row, by, digest=digest, at=at, token=consent.token
        ):
            raise Refused(refusals)
        told = {"set": {"digest": digest}, "data": {"digest": digest, **seen.of(consent.token)}}
        arrow = "sign" if first else "sign_changes"
        moved = approval.only(move(row, arrow, by=by, at=at, reason=consent.comment, **told))
        approval.write_signature(row, Signature.Step.RECIPIENTS, digest, by=by, at=at, comment=consent.comment)
        leaves.sign(rows, said, at)
        _enroll(moved, writing, by=by, at=at)
        _ask_again(moved, at)
    return moved


def withdraw(row: RecipientList, *, by: Principal, at: datetime, consent: Consent) -> RecipientList:
    """End the list. It binds every clearance that commits later; a sweep ends the passages."""
    with transaction.atomic(durable=not connection.in_atomic_block):
        locks.own_scopes([row.key])
        return approval.only(move(row, "withdraw", by=by, at=at, reason=consent.comment))


def take_off(rows: Sequence[ListRow], *, by: Principal, at: datetime) -> int:
    """Take people off a list, in whatever state it is; how many were on it. Who may withdraw a list may do this.

    It binds every clearance that commits later. Their row stays as a record; a passage under way ends with the next
    sweep. Raises NotPermitted.
    """
    if not arrows(RecipientList)["withdraw"].open_to(by):
        raise NotPermitted(f"{actor(by)} may not take people off a list")
    with transaction.atomic(durable=not connection.in_atomic_block):
        locks.own_scopes({row.recipient_list.key for row in rows})
        on_it = ListRow.objects.filter(pk__in=[row.pk for row in rows], removed_at=None).order_by("pk")
        present = list(on_it.select_for_update())
        ListRow.objects.filter(pk__in=[row.pk for row in present]).update(removed_at=at)
        notes = [audit.Note("sequences.listrow.taken_off", audit.reference(row)) for row in present]
        audit.record_all(notes, by=by, at=at)
    return len(present)


def against_submitting(row: RecipientList, by: Principal) -> list[Refusal]:
    """Everything that keeps a list from being submitted, or submitted again."""
    found = _against_people(row)
    if row.state == RecipientList.State.SUBMITTED and row.digest == digest_now(row):
        found.append(Refusal("nothing_changed", _("It waits for the CRO as it stands.")))
    return found


def _against_people(row: RecipientList) -> list[Refusal]:
    found = []
    if not row.rows.filter(removed_at=None).exists():
        found.append(Refusal("empty_list", _("There is nobody on the list.")))
    if row.sequence_version.state != SequenceVersion.State.APPROVED:
        found.append(Refusal("sequence_not_approved", _("Its sequence version has not been approved.")))
    return found


def against_signing(row: RecipientList, by: Principal) -> list[Refusal]:
    """Everything that keeps this person from signing."""
    found = _against_people(row)
    if approval.wrote(row, by):
        found.append(Refusal("author_signs", _("Who loaded a list does not sign it.")))
    if not Mailbox.objects.filter(state=Mailbox.State.ACTIVE).exists():
        found.append(Refusal("no_mailbox", _("There is no active mailbox to send from.")))
    elif row.state == RecipientList.State.SUBMITTED and row.digest != digest_now(row):
        found.append(_changed())
    return found


def nothing_to_sign(row: RecipientList, at: datetime) -> list[Refusal]:
    """After the first signature there must be something new to sign, or one that is about to end."""
    if unsigned(row, at):
        return []
    return [Refusal("nothing_changed", _("Every row is signed as it stands, and the signature holds for a while."))]


def unsigned(recipients: RecipientList, at: datetime) -> list[ListRow]:
    """Rows that wait for a signature: added, changed, to be written to by a sender who was not signed or is named
    otherwise now, signed too long ago, before a breaker, or by somebody who is gone."""
    signed, rows = validity.given([recipients]).moments(recipients), leaves.rows_of(recipients)
    theirs = senders.under_way(rows)
    changed = leaves.changed(rows, recipients.sequence_version, theirs)
    too_early = _TooEarly(recipients, theirs, at)
    return [
        row
        for row in rows
        if row.pk in changed
        or row.signed_at is None
        or row.signed_at <= too_early.of(row)
        or row.signed_at not in signed
    ]


class _TooEarly:
    """Until when a row's signature was given too early: it ends soon, or a breaker stopped its list or its sender."""

    def __init__(self, recipients: RecipientList, theirs: Mapping[int, Mailbox], at: datetime) -> None:
        of_sender = {mailbox.pk: breakers.scopes_of_sender(mailbox) for mailbox in theirs.values()}
        stopped = breakers.signed_too_early({recipients.key}.union(*of_sender.values()))
        soon = at - validity.valid_for() + validity.SOON
        # What a breaker stopped is signed anew as a whole (LAW BNC-09).
        self._list = max(soon, stopped.get(recipients.key, soon))
        self._row = {
            row: max(self._list, *(stopped.get(scope, soon) for scope in of_sender[mailbox.pk]))
            for row, mailbox in theirs.items()
        }

    def of(self, row: ListRow) -> datetime:
        return self._row.get(row.pk, self._list)


def signature_ends(recipients: RecipientList) -> datetime | None:
    """When the first row's signature ends by its age; None when no row is signed."""
    signed = recipients.rows.filter(removed_at=None).exclude(signed_leaf="").aggregate(first=Min("signed_at"))
    return signed["first"] + validity.valid_for() if signed["first"] else None


def _held(recipients: RecipientList) -> RecipientList:
    """The list as it is now, held until the transaction ends: nobody adds a row while its digest is taken."""
    return RecipientList.objects.select_for_update(no_key=True).get(pk=recipients.pk)


def _against_digest(row: RecipientList, digest: str, consent: Consent) -> list[Refusal]:
    submitted = row.state == RecipientList.State.SUBMITTED
    if submitted and row.digest != digest:
        return [_changed()]
    if consent.digest and consent.digest != digest:
        return [Refusal("digest_differs", _("The rows you were shown are not the rows that would be signed."))]
    return []


def _enroll(recipients: RecipientList, writing: Mapping[int, Mailbox], *, by: Principal, at: datetime) -> None:
    rows = [row for row in _newly_permitted(recipients, at) if row.pk in writing]
    begun = enrollment.enroll(rows, recipients.sequence_version, at=at, writing=writing)
    # Who is in another sequence is not enrolled; the log says how many that were.
    elsewhere = len(rows) - len(begun)
    subject = audit.reference(recipients)
    audit.record("sequences.recipientlist.enrolled", subject, by=by, at=at, enrollments=len(begun), elsewhere=elsewhere)


def _newly_permitted(recipients: RecipientList, at: datetime) -> list[ListRow]:
    entered = set(Enrollment.objects.filter(row__recipient_list=recipients).values_list("row", flat=True))
    return [row for row in look_ahead(recipients, at).permitted if row.pk not in entered]


def _ask_again(recipients: RecipientList, at: datetime) -> None:
    """What was held for this signature need not wait until tomorrow."""
    held = OutboundMessage.objects.filter(
        enrollment__row__recipient_list=recipients,
        state=OutboundMessage.State.PLANNED,
        reason__in=_FOR_THE_SIGNATURE,
    )
    held.update(not_before=at)


def _is_refused(ruling: Ruling) -> bool:
    return ruling.outcome == "refuse"


def _changed() -> Refusal:
    text = _("The list, or who writes to its people, was changed after it was submitted; submit it again.")
    return Refusal("changed_since", text)


ACTS = (
    Act("submit", submit, against_submitting, kind=Kind.WRITES),
    Act("sign", sign, against_signing, kind=Kind.APPROVES, shows=True),
    Act("sign_changes", sign, against_signing, nothing_to_sign, kind=Kind.APPROVES, shows=True),
    Act("reject", approval.reject, comment_required=True, danger=True, kind=Kind.STOPS),
    Act("withdraw", withdraw, comment_required=True, danger=True, kind=Kind.STOPS),
)
