"""Decides what is said of each row of a recipient file, and which rows are taken in."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from django.db import models
from django.utils.translation import gettext_lazy as _

from compliance.addresses import Address
from sequences.imports import judging
from sequences.imports.judging import Judged

MOST_FINDINGS = 10_000


class Verdict(models.TextChoices):
    """The one word on a row. Only the first four are taken in."""

    NEW = "new", _("new")
    CHANGED = "changed", _("known, changed")
    UNCHANGED = "unchanged", _("known, unchanged")
    MISSING_VALUE = "missing_value", _("held: a value is missing")
    DUPLICATE = "duplicate", _("twice in the file")
    INVALID = "invalid", _("invalid")
    LOOK_ALIKE = "look_alike", _("look-alike address")
    ROLE_ADDRESS = "role", _("role address")
    FREE_MAIL = "free_mail", _("free-mail address")
    SUPPRESSED = "suppressed", _("may not be written to")
    OPTED_OUT = "opted_out", _("opted out")
    NO_LEGAL_BASIS = "no_legal_basis", _("no legal basis")
    ADDRESS_GUESSED = "address_guessed", _("guessed address")
    REFUSED = "refused", _("refused")


TAKEN = frozenset({Verdict.NEW, Verdict.CHANGED, Verdict.UNCHANGED, Verdict.MISSING_VALUE})
_UNSOUND = frozenset({Verdict.DUPLICATE, Verdict.INVALID, Verdict.LOOK_ALIKE, Verdict.ROLE_ADDRESS, Verdict.FREE_MAIL})


@dataclass(frozen=True, slots=True)
class Entry:
    """What a taken row would store: only values that it states, by the names of the model's fields.

    `known` is the contact it speaks of; `domain` names the company to be found or made, "" leaves it as it is.
    """

    address: Address
    known: int | None
    values: Mapping[str, str]
    company: Mapping[str, str]
    domain: str
    source: str
    basis: str


@dataclass(frozen=True, slots=True)
class RowVerdict:
    """`field` names what the verdict is about; `stop` is whom the file itself says to leave alone.

    `held_by` is the key of the stop that keeps the person out. `reading` is as what an address is read that imitates
    another, made of nothing but its own letters.
    """

    judged: Judged
    verdict: Verdict
    code: str
    field: str = ""
    entry: Entry | None = None
    stop: Address | None = None
    held_by: int | None = None
    reading: str = ""

    @property
    def taken(self) -> bool:
        return self.verdict in TAKEN

    def finding(self) -> dict[str, str | int]:
        """The row as it is kept and told to machines: no cell contents."""
        return {"row": self.judged.row.number, "verdict": self.verdict, "code": self.code, "field": self.field}


@dataclass
class Tally:
    """The counts of a file, and a finding for every row that is not plainly new."""

    rows: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    findings: list[dict[str, str | int]] = field(default_factory=list)

    def note(self, one: RowVerdict) -> None:
        self.rows += 1
        self.verdicts[one.verdict.value] += 1
        if one.verdict not in _UNSOUND:
            self.flags.update(one.judged.flags)
        if one.verdict is not Verdict.NEW and len(self.findings) < MOST_FINDINGS:
            self.findings.append(one.finding())

    def noting(self, verdicts: Iterable[RowVerdict]) -> Iterator[RowVerdict]:
        """Hand the verdicts on, counted."""
        for one in verdicts:
            self.note(one)
            yield one

    @property
    def taken(self) -> int:
        return sum(self.verdicts[verdict.value] for verdict in TAKEN)

    def all_verdicts(self) -> dict[str, int]:
        """Every verdict with its count, in order, none left out."""
        return {verdict.value: self.verdicts[verdict.value] for verdict in Verdict}

    def all_flags(self) -> dict[str, int]:
        """Every flag with its count among the rows that are sound by themselves."""
        return {str(flag): self.flags[flag] for flag in judging.Flag}
