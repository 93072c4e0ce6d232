"""Decides how django-import-export reads and writes people: by the verdicts of `preview`, with cells that run nothing.

Its own reading goes row by row inside one transaction over the whole file, and a dry run holds that transaction too.
Here a dry run only asks, and storing goes in chunks; what comes back is its Result, each row with its verdict.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db.models import QuerySet
from import_export import resources
from import_export.fields import Field
from import_export.results import Result, RowResult

from compliance import stopped
from sequences.imports.cells import neutral_cell
from sequences.imports.files import RecipientFile, surveyed
from sequences.imports.previewing import Plan, preview
from sequences.imports.storing import store
from sequences.imports.verdicts import RowVerdict, Tally, Verdict
from sequences.models import Contact, ImportRun

_TYPES: Mapping[Verdict, str] = {
    Verdict.NEW: RowResult.IMPORT_TYPE_NEW,
    Verdict.CHANGED: RowResult.IMPORT_TYPE_UPDATE,
    Verdict.INVALID: RowResult.IMPORT_TYPE_INVALID,
    Verdict.LOOK_ALIKE: RowResult.IMPORT_TYPE_INVALID,
}


class JudgedRow(RowResult):
    """One row as django-import-export tells it, with its verdict."""

    def __init__(self, one: RowVerdict) -> None:
        super().__init__()
        self.judged = one
        self.import_type = _TYPES.get(one.verdict, RowResult.IMPORT_TYPE_SKIP)
        if one.verdict is Verdict.MISSING_VALUE and one.entry:
            self.import_type = RowResult.IMPORT_TYPE_UPDATE if one.entry.known else RowResult.IMPORT_TYPE_NEW
        self.object_id = one.entry.known if one.entry else None


class JudgedFile(Result):
    """A whole file: all counts, and the rows that a page shows; the others are counted and let go."""

    def __init__(self, *, plain: int, others: int) -> None:
        super().__init__()
        self.tally = Tally()
        self.run: ImportRun | None = None
        self.skipped = 0
        self._left = {True: plain, False: others}

    def take(self, one: RowVerdict) -> None:
        """Count a row, and keep it while there is room for its kind."""
        row, plain = JudgedRow(one), one.verdict is Verdict.NEW
        self.tally.note(one)
        self.total_rows += 1
        self.increment_row_result_total(row)
        if self._left[plain]:
            self._left[plain] -= 1
            self.append_row_result(row)

    def taking(self, verdicts: Iterable[RowVerdict]) -> Iterator[RowVerdict]:
        """Hand the verdicts on, taken."""
        for one in verdicts:
            self.take(one)
            yield one


class RecipientResource(resources.ModelResource):
    """People at companies. The columns of an export are named as the import knows them, so it can be read back."""

    address = Field(attribute="address", column_name="Email")
    first_name = Field(attribute="first_name", column_name="First name")
    last_name = Field(attribute="last_name", column_name="Last name")
    title = Field(attribute="title", column_name="Job title")
    company = Field(attribute="account__name", column_name="Company")
    domain = Field(attribute="account__domain", column_name="Domain")
    industry = Field(attribute="account__industry", column_name="Industry")
    ecosystem = Field(attribute="account__ecosystem", column_name="Ecosystem")
    country = Field(attribute="country", column_name="Country")
    city = Field(attribute="city", column_name="City")
    zone = Field(attribute="zone", column_name="Time zone")
    source = Field(attribute="source", column_name="Source")
    basis = Field(attribute="basis", column_name="Legal basis")

    class Meta:
        model = Contact
        fields = (
            *("address", "first_name", "last_name", "title", "company", "domain", "industry", "ecosystem"),
            *("country", "city", "zone", "source", "basis"),
        )
        import_id_fields = ("address",)
        use_transactions = False

    def import_data(self, dataset: RecipientFile, dry_run: bool = False, **told: Any) -> JudgedFile:
        """Judge a file; unless it is a dry run, store it.

        `told` holds plan and at, how many rows to keep (plain and others), and for storing recipients and by.
        Raises ImportFileError, Refused.
        """
        plan: Plan = told["plan"]
        result = JudgedFile(plain=told.get("plain", 0), others=told.get("others", 0))
        survey = surveyed(dataset)
        result.skipped = survey.skipped
        verdicts = preview(dataset, survey, plan, at=told["at"])
        if dry_run:
            deque(result.taking(verdicts), maxlen=0)
            return result
        taken = result.taking(verdicts)
        result.run = store(taken, told["recipients"], dataset, by=told["by"], at=told["at"])
        return result

    def export_field(self, field: Field, instance: Contact, **told: Any) -> str:
        """A value as it may stand in a spreadsheet (LAW SEC-06)."""
        return neutral_cell(str(super().export_field(field, instance, **told) or ""))


def to_carry_out(queryset: QuerySet[Contact]) -> list[Contact]:
    """Everybody asked for who may be written to: whoever was stopped goes nowhere (LAW UNS-16)."""
    rows = list(queryset.select_related("account"))
    held = stopped.stops([row.card_id for row in rows], [], [], {row.company for row in rows})
    return [row for row in rows if row.card_id not in held.cards and row.company not in held.accounts]
