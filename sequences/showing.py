"""Decides what somebody sees of a text or a list before signing it, and says so in a token (LAW APR-04).

Pages, programs, tests and the demonstration look through here; a signature without its token is refused.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from compliance import audit
from compliance.acts import Consent
from compliance.principals import Principal
from sequences import approval, differences, imitating, lists, samples, seen, senders
from sequences.differences import StepDifference, TextDifference
from sequences.imitating import Imitation
from sequences.lists import Prospect
from sequences.models import Contact, Mailbox, RecipientList, TemplateVersion
from sequences.render import Rendered
from sequences.samples import Sample


@dataclass(frozen=True)
class Writers:
    """Who wrote or edited something."""

    what: str
    who: Sequence[Any]


@dataclass(frozen=True)
class Sender:
    """Who writes, as readers see it, and to how many people of those whom the door does not refuse."""

    name: str
    address: str
    people: int


@dataclass(frozen=True)
class Shown:
    """What both have in common: the digest of what would be signed, and the token that says it was shown."""

    digest: str
    token: str

    def consent(self, comment: str = "") -> Consent:
        """What somebody says who has read all of it."""
        return Consent(comment, self.digest, token=self.token)


@dataclass(frozen=True)
class ShownText(Shown):
    """A text as a reader gets it, what it says otherwise than before, and who wrote it."""

    said: Rendered
    difference: TextDifference
    writers: Sequence[Writers]


@dataclass(frozen=True)
class ShownList(Shown):
    """Real messages of a list, who they come from, what the door says of it, what is new in its sequence, and who
    wrote on all that.

    `imitations` are for whoever signs to look at, `kept_out` is how many rows of its files were not taken for one.
    """

    samples: Sequence[Sample]
    senders: Sequence[Sender]
    prospect: Prospect
    steps: Sequence[StepDifference]
    writers: Sequence[Writers]
    imitations: Sequence[Imitation]
    kept_out: int


def text(row: TemplateVersion, *, by: Principal, at: datetime, reader: Contact | None = None) -> ShownText:
    """Show a text to somebody. Raises WordingError, MissingValue, UnsafeValue when it cannot be read."""
    said, difference = samples.as_read(row, reader), differences.of_text(row)
    shown = _digest({"said": _said(said), "difference": _of_text(difference)})
    token = seen.token(row, by, digest=row.digest, shown=shown, at=at)
    return ShownText(row.digest, token, said, difference, _writers(row))


def recipients(row: RecipientList, *, by: Principal, at: datetime) -> ShownList:
    """Show a list to somebody: every row is asked of the door, some are rendered."""
    prospect, version = lists.look_ahead(row, at), row.sequence_version
    waiting = lists.unsigned(row, at) if row.state == RecipientList.State.RUNNING else []
    writing = senders.assigned([*prospect.permitted, *waiting])
    taken = samples.take(prospect.permitted, version, prospect.digest, waiting, writing)
    write = _senders([writing[row.pk] for row in prospect.permitted if row.pk in writing])
    steps, imitations = differences.of_sequence(version), imitating.imitations(row)
    kept_out = imitating.kept_out(row)
    shown = _digest(
        {
            "samples": [_of_sample(sample) for sample in taken],
            "senders": [[one.name, one.address, one.people] for one in write],
            "refused": dict(prospect.refused),
            "rows": prospect.rows,
            "imitations": [[one.row.pk, one.reading, one.stopped] for one in imitations],
            "kept_out": kept_out,
            "steps": [[step.position, step.gone, step.wait, _of_text(step.text)] for step in steps],
        }
    )
    token = seen.token(row, by, digest=prospect.digest, shown=shown, at=at)
    texts = [step.text.version for step in steps if step.text]
    return ShownList(
        prospect.digest, token, taken, write, prospect, steps, _writers(row, version, *texts), imitations, kept_out
    )


def _writers(*rows: Any) -> list[Writers]:
    return [Writers(str(row), approval.writers(row)) for row in rows]


def _senders(writing: Sequence[Mailbox]) -> list[Sender]:
    count = Counter((one.name, one.address) for one in writing)
    return [Sender(name, address, people) for (name, address), people in sorted(count.items())]


def _of_sample(sample: Sample) -> list[object]:
    messages = [_said(message.said) if message.said else message.lacks for message in sample.messages]
    return [sample.row.pk, [str(because) for because in sample.because], messages]


def _of_text(found: TextDifference | None) -> list[object]:
    if found is None:
        return []
    pieces = [[str(part.part), [(one.kind, one.text) for one in part.pieces]] for part in found.parts]
    return [found.version.pk, found.before and found.before.pk, pieces]


def _said(said: Rendered) -> list[str]:
    return [said.subject, said.preview, said.text, said.html]


def _digest(said: Mapping[str, object]) -> str:
    return hashlib.sha256(audit.canonical(said)).hexdigest()
