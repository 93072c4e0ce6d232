"""What the rules of this floor need to know of a batch: passages, versions, signatures, each read once for all rules.

For `Batch.once`: read under the locks of the batch, as columns where a batch has a thousand rows.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from compliance.asking import Batch
from sequences import validity, wording
from sequences.models import Enrollment, RecipientList, SequenceVersion, Step
from sequences.validity import Given

_CONTACT = "contact__"
_COLUMNS = {
    "state": "state",
    "exit_reason": "exit_reason",
    "next_step": "next_step",
    "paused_at": "paused_at",
    "paused_until": "paused_until",
    "paused_because": "paused_because",
    "version": "version_id",
    "recipient_list": "row__recipient_list_id",
    "list_state": "row__recipient_list__state",
    "removed_at": "row__removed_at",
    "source": "row__source",
    "basis": "row__basis",
    "signed_leaf": "row__signed_leaf",
    "signed_sender": "row__signed_sender",
    "signed_at": "row__signed_at",
    "address": "contact__address",
    "country": "contact__country",
    "card_digest": "contact__card__digest",
    "account": "contact__account_id",
    "merged_into": "contact__account__merged_into_id",
}


class Passage(NamedTuple):
    """A passage, its row of the list and its person."""

    state: str
    exit_reason: str
    next_step: int
    paused_at: datetime | None
    paused_until: datetime | None
    paused_because: str
    version: int
    recipient_list: int
    list_state: str
    removed_at: datetime | None
    source: str
    basis: str
    signed_leaf: str
    signed_sender: str
    signed_at: datetime | None
    address: str
    country: str
    card_digest: str
    account: int | None
    merged_into: int | None
    values: Mapping[str, str]


class Version(NamedTuple):
    """A version of a sequence and its steps in order, with their texts."""

    row: SequenceVersion
    steps: Sequence[Step]


def passages(asks: Batch) -> dict[int, Passage]:
    """The passages that these messages belong to, by primary key."""
    values = [_CONTACT + path for path in wording.PERSONAL.values()]
    found = Enrollment.objects.filter(pk__among={ask.enrollment for ask in asks if ask.enrollment})
    rows = found.values_list("pk", *_COLUMNS.values(), *values)
    fixed = len(_COLUMNS) + 1
    return {row[0]: Passage._make((*row[1:fixed], _values(row[fixed:]))) for row in rows}


def versions(asks: Batch) -> dict[int, Version]:
    """The versions that these messages and their passages are of, by primary key."""
    named = {ask.version for ask in asks if ask.version}
    rows = SequenceVersion.objects.filter(pk__in=named | {row.version for row in asks.once(passages).values()})
    steps = Step.objects.filter(version__in=rows.values("pk")).select_related("template_version").order_by("position")
    by_version: dict[int, list[Step]] = {}
    for step in steps:
        by_version.setdefault(step.version_id, []).append(step)
    return {row.pk: Version(row, by_version.get(row.pk, [])) for row in rows.select_related("sequence")}


def signatures(asks: Batch) -> Given:
    """All that was signed of the texts, sequences and lists of this batch."""
    read = asks.once(versions).values()
    lists = {passage.recipient_list for passage in asks.once(passages).values()}
    return validity.given(
        [
            *(version.row for version in read),
            *(step.template_version for version in read for step in version.steps),
            *(RecipientList(pk=pk) for pk in lists),
        ]
    )


def _values(found: Sequence[str | None]) -> dict[str, str]:
    return {name: value or "" for name, value in zip(wording.PERSONAL, found, strict=True)}
