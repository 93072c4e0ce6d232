"""What the CRO signs of a list, row by row: what each row says, and who writes to this person (LAW APR-01, APR-03)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sequences import wording
from sequences.models import ListRow, Mailbox, RecipientList, SequenceVersion

_CHUNK = 500


class Said(NamedTuple):
    """The digest of what one row says, and of who writes to this person."""

    leaf: str
    sender: str


def rows_of(recipients: RecipientList) -> list[ListRow]:
    """Everybody who is on the list, with all that a leaf is made from."""
    rows = recipients.rows.filter(removed_at=None).order_by("pk")
    return list(rows.select_related("contact__account", "contact__card", "recipient_list"))


def said_now(rows: Sequence[ListRow], recipients: RecipientList, writing: Mapping[int, Mailbox]) -> dict[int, Said]:
    """{row: what would be signed of it now}; `writing` says who writes to each."""
    leaves = _leaves(rows, recipients.sequence_version, wording.signed_house()[0])
    names = {pk: wording.sender_digest(mailbox) for pk, mailbox in writing.items()}
    return {pk: Said(leaf, names.get(pk, "")) for pk, leaf in leaves.items()}


def digest_of(recipients: RecipientList, said: Mapping[int, Said]) -> str:
    """The digest of the whole list."""
    return wording.list_digest(wording.sequence_digest(recipients.sequence_version), said.values())


def changed(rows: Sequence[ListRow], version: SequenceVersion, theirs: Mapping[int, Mailbox]) -> set[int]:
    """The rows that say something else than was signed of them, or nothing was.

    `theirs` says who writes to those whose passage has begun. A row that was signed in an earlier form holds for as
    long as it says the same in that form.
    """
    forms = [_leaves(rows, version, house) for house in wording.signed_house()]
    names = {pk: wording.sender_digest(mailbox) for pk, mailbox in theirs.items()}
    return {
        row.pk
        for row in rows
        if row.signed_leaf not in {leaves[row.pk] for leaves in forms}
        or names.get(row.pk, row.signed_sender) != row.signed_sender
    }


def sign(rows: Sequence[ListRow], said: Mapping[int, Said], at: datetime) -> None:
    """The signature is over every row as it stands: each gets its moment, whether it changed or not."""
    others = [row for row in rows if (row.signed_leaf, row.signed_sender) != said[row.pk]]
    for row in others:
        row.signed_leaf, row.signed_sender = said[row.pk]
    ListRow.objects.bulk_update(others, ["signed_leaf", "signed_sender"], batch_size=_CHUNK)
    keys = [row.pk for row in rows]
    for start in range(0, len(keys), _CHUNK):
        ListRow.objects.filter(pk__in=keys[start : start + _CHUNK]).update(signed_at=at)


def _leaves(rows: Sequence[ListRow], version: SequenceVersion, house: wording.House) -> dict[int, str]:
    variables = wording.signed_variables(wording.steps_of(version))
    return {
        row.pk: wording.leaf_digest(row.contact, source=row.source, basis=row.basis, variables=variables, house=house)
        for row in rows
    }
