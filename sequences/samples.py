"""Decides which messages of a list somebody reads before signing it, and renders them as they would go (LAW APR-04).

Five at random, the longest, the shortest, the one with the most unusual characters, one for each country, and some of
the rows that changed. The chance is drawn from the digest of the list: who looks again sees the same.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from sequences import wording
from sequences.models import Contact, ListRow, Mailbox, SequenceVersion, Step, TemplateVersion
from sequences.render import MissingValue, Rendered, UnsafeValue

AT_RANDOM, CHANGED = 5, 5
_LATIN_ENDS, _ASCII_ENDS = 0x24F, 0x7F
# Who is shown while nobody has been loaded.
_STAND_IN: Mapping[str, str] = {
    "contact.first_name": "Ada",
    "contact.last_name": "Byron",
    "contact.title": "Head of Operations",
    "contact.country": "DE",
    "account.name": "Example Pumps",
    "account.industry": "mechanical engineering",
    "account.ecosystem": "hydraulics",
    "account.domain": "pumps.example.com",
}


@dataclass(frozen=True)
class Message:
    """One step as one person would get it, or the value that keeps it from going."""

    step: Step
    said: Rendered | None
    lacks: str = ""


@dataclass(frozen=True)
class Sample:
    """One row that is shown, why it was chosen, and its messages in order."""

    row: ListRow
    because: Sequence[Any]
    messages: Sequence[Message]


def take(
    rows: Sequence[ListRow],
    version: SequenceVersion,
    digest: str,
    changed: Iterable[ListRow] = (),
    writing: Mapping[int, Mailbox] | None = None,
) -> list[Sample]:
    """The samples of a list, in a fixed order; `rows` are those whom the door does not refuse.

    `writing` says who writes to each row; without it the messages come from whoever is active first.
    """
    steps = list(version.steps.select_related("template_version__template").order_by("position"))
    chosen: dict[int, list[Any]] = defaultdict(list)
    by_key = {row.pk: row for row in rows}
    ours = _Ours(writing or {})
    for row, because in _choices(list(by_key.values()), version, steps, digest, ours):
        chosen[row.pk].append(because)
    for row in list(changed)[:CHANGED]:
        by_key[row.pk] = row
        chosen[row.pk].append(_("waits for a signature"))
    return [Sample(by_key[key], because, _messages(by_key[key], steps, ours)) for key, because in chosen.items()]


def as_read(version: TemplateVersion, contact: Contact | None) -> Rendered:
    """A text as one person, or an invented one, would get it. Raises WordingError, MissingValue, UnsafeValue."""
    personal = wording.personal_values(contact) if contact else dict(_STAND_IN)
    return wording.skeleton_of(version).render(personal | _sender())


def _choices(
    rows: Sequence[ListRow], version: SequenceVersion, steps: Sequence[Step], digest: str, ours: "_Ours"
) -> list[tuple[ListRow, Any]]:
    """Every choice with its reason; one row may be chosen for several."""
    if not rows:
        return []
    drawn = sorted(rows, key=lambda row: hashlib.sha256(f"{digest}:{row.pk}".encode()).digest())
    found: list[tuple[ListRow, Any]] = [(row, _("at random")) for row in drawn[:AT_RANDOM]]
    lengths = _lengths(drawn, steps, ours)
    if lengths:
        found.append((max(lengths, key=lambda pair: pair[1])[0], _("the longest")))
        found.append((min(lengths, key=lambda pair: pair[1])[0], _("the shortest")))
    variables = wording.signed_variables(wording.steps_of(version))
    oddest = max(drawn, key=lambda row: _oddity(row.contact, variables))
    if any(_oddity(oddest.contact, variables)):
        found.append((oddest, _("the most unusual characters")))
    countries = {row.contact.country: row for row in reversed(drawn)}
    named = [(row, _("the country %(code)s") % {"code": code}) for code, row in sorted(countries.items()) if code]
    return found + named


def _lengths(rows: Sequence[ListRow], steps: Sequence[Step], ours: "_Ours") -> list[tuple[ListRow, int]]:
    """How long all messages to each row are, of those whose values are all there."""
    found = []
    skeletons = [wording.skeleton_of(step.template_version) for step in steps]
    for row in rows:
        values = wording.personal_values(row.contact) | ours.of(row)
        try:
            found.append((row, sum(skeleton.length(values) for skeleton in skeletons)))
        except (MissingValue, UnsafeValue):
            continue
    return found


def _oddity(contact: Contact, variables: Sequence[str]) -> tuple[int, int]:
    """How many characters of what the texts use are no Latin letters, and how many are none of ASCII."""
    values = wording.personal_values(contact)
    points = [ord(one) for name in variables for one in values[name]]
    return sum(point > _LATIN_ENDS for point in points), sum(point > _ASCII_ENDS for point in points)


def _messages(row: ListRow, steps: Sequence[Step], ours: "_Ours") -> list[Message]:
    values = wording.personal_values(row.contact) | ours.of(row)
    found = []
    for step in steps:
        try:
            found.append(Message(step, wording.skeleton_of(step.template_version).render(values)))
        except (MissingValue, UnsafeValue) as error:
            found.append(Message(step, None, error.variable))
    return found


class _Ours:
    """What the sender of each row supplies, worked out once for each sender."""

    def __init__(self, writing: Mapping[int, Mailbox]) -> None:
        self._anybody = _sender()
        by_mailbox = {mailbox.pk: _sender(mailbox) for mailbox in {one.pk: one for one in writing.values()}.values()}
        self._of = {row: by_mailbox[mailbox.pk] for row, mailbox in writing.items()}

    def of(self, row: ListRow) -> dict[str, str]:
        return self._of.get(row.pk, self._anybody)


def _sender(writes: Mailbox | None = None) -> dict[str, str]:
    mailbox = writes or Mailbox.objects.filter(state=Mailbox.State.ACTIVE).order_by("pk").first()
    # No real link: whoever tries it here must not opt anybody out.
    return wording.sender_values(
        mailbox or Mailbox(name=str(_("The sender's name"))), f"{settings.PUBLIC_URL}/u/preview"
    )
