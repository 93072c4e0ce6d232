"""Files of signals and of findings: each row is judged for itself, answered, stored whole or not at all (spec L14).

Columns, in any order, named above the first row; CSV or XLSX, as recipient files are read:
  signals   address, signal (E1 to E7), happened_at, source, reference; may lack note
  findings  address, criterion (G1 to G5, S1 to S5, ICP), is_there (yes, no), evidence; may lack value, valid_until
Moments are ISO 8601, in the zone of the installation unless they name one; days like 2026-12-24. A signal is known by
source and reference, a finding when it says what the standing one says.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import is_naive, make_aware
from django.utils.translation import gettext_lazy as _

from compliance.addresses import Address, AddressError, parse
from compliance.principals import Principal, System
from compliance.refusals import Refusal, Refused
from handoff import criteria, judging
from handoff.judging import Heard, Judgement
from handoff.models import Finding
from sequences.imports import reading
from sequences.imports.cells import ImportFileError, cleaned, original_cell
from sequences.imports.known import contacts_of
from sequences.imports.presets import normal
from sequences.imports.reading import Row, Table
from sequences.models import Contact

Cells = Mapping[str, str]
Store = Callable[[Contact, Cells, Principal, datetime], bool]
_CHUNK = 500
_ADDRESS = "address"
_CALLED: Mapping[str, str] = {"email": _ADDRESS, "e mail": _ADDRESS, "email address": _ADDRESS}
_YES, _NO = frozenset({"yes", "y", "true", "1", "ja"}), frozenset({"no", "n", "false", "0", "nein"})
_LONGEST: Mapping[str, int] = {"source": 80, "reference": 200, "note": 500, "value": 200, "evidence": 500}


_NO_ADDRESS = Refusal("no_address", _("This is not exactly one plain address."), _ADDRESS)


class Verdict(StrEnum):
    """What became of a row."""

    RECORDED = "recorded"
    KNOWN = "known"
    REFUSED = "refused"


@dataclass(frozen=True)
class Answer:
    """One row of a file, by the line where it starts, counted from 1, and what became of it; why, if it was refused."""

    row: int
    verdict: Verdict
    refusals: tuple[Refusal, ...] = ()


def signals(path: Path | BinaryIO, *, name: str, by: Principal, at: datetime) -> Iterator[Answer]:
    """Store each signal of a file. Raises Refused before the first row, ImportFileError also between rows."""
    _assert_may(by, judging.HEAR)
    table = _opened(path, name, (_ADDRESS, "signal", "happened_at", "source", "reference"))
    return _answers(table, _hear, by, at)


def findings(path: Path | BinaryIO, *, name: str, by: Principal, at: datetime) -> Iterator[Answer]:
    """Store each finding of a file. Raises Refused before the first row, ImportFileError also between rows."""
    _assert_may(by, judging.JUDGE)
    table = _opened(path, name, (_ADDRESS, "criterion", "is_there", "evidence"))
    return _answers(table, _judge, by, at)


def _assert_may(by: Principal, permission: str) -> None:
    if not isinstance(by, System) and not (by.is_active and by.has_perm(permission)):
        raise Refused([Refusal("not_permitted", _("Your roles do not include this."))])


def _opened(path: Path | BinaryIO, name: str, required: Sequence[str]) -> Table:
    table = reading.read(path, name=name)
    there = {_column(header) for header in table.header}
    if missing := [column for column in required if column not in there]:
        raise ImportFileError("missing_columns", name, ", ".join(missing))
    return table


def _column(header: str) -> str:
    plain = normal(header)
    return _CALLED.get(plain, plain.replace(" ", "_"))


def _answers(table: Table, store: Store, by: Principal, at: datetime) -> Iterator[Answer]:
    for batch in _batches(table.rows):
        rows = [(row.number, _tidied(row)) for row in batch]
        addresses = [found for _number, cells in rows if (found := _address(cells))]
        contacts = contacts_of(addresses)
        for number, cells in rows:
            yield _answered(number, cells, contacts, lambda contact, told: store(contact, told, by, at))
    # Lines in which next to nothing stands, and no address.
    yield from (Answer(number, Verdict.REFUSED, (_NO_ADDRESS,)) for number in table.skipped.numbers)


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """What was read before the file turned out to be broken is handed on first."""
    batch: list[Row] = []
    try:
        for row in rows:
            batch.append(row)
            if len(batch) == _CHUNK:
                yield batch
                batch = []
    except ImportFileError:
        yield batch
        raise
    yield batch


def _tidied(row: Row) -> Cells:
    return {_column(header): cleaned(original_cell(cell)) for header, cell in row.cells.items()}


def _address(cells: Cells) -> Address | None:
    try:
        return parse(cells[_ADDRESS])
    except AddressError:
        return None


def _answered(
    number: int, cells: Cells, contacts: Mapping[str, Contact], store: Callable[[Contact, Cells], bool]
) -> Answer:
    try:
        _assert_short(cells)
        stored = store(_whose(cells, contacts), cells)
    except Refused as refused:
        return Answer(number, Verdict.REFUSED, refused.refusals)
    return Answer(number, Verdict.RECORDED if stored else Verdict.KNOWN)


def _assert_short(cells: Cells) -> None:
    """Nothing is cut in a file: two long references may differ where they end."""
    found = [
        Refusal("too_long", _("Please be shorter: %(count)d characters at the most.") % {"count": longest}, name)
        for name, longest in _LONGEST.items()
        if len(cells.get(name, "")) > longest
    ]
    if found:
        raise Refused(found)


def _whose(cells: Cells, contacts: Mapping[str, Contact]) -> Contact:
    address = _address(cells)
    if address is None:
        raise Refused([_NO_ADDRESS])
    found = contacts.get(address.canonical)
    contact = found.merged_into or found if found else None
    if contact is None or contact.erased_at:
        raise Refused([Refusal("unknown_address", _("There is nobody of that address."), _ADDRESS)])
    return contact


def _hear(contact: Contact, cells: Cells, by: Principal, at: datetime) -> bool:
    said = Heard(
        kind=cells["signal"].upper(),
        happened_at=_moment(cells["happened_at"], "happened_at"),
        source=cells["source"],
        reference=cells["reference"],
        note=cells.get("note", ""),
    )
    return judging.hear(contact, said, by=by, at=at) is not None


def _judge(contact: Contact, cells: Cells, by: Principal, at: datetime) -> bool:
    said = Judgement(
        criterion=cells["criterion"].upper(),
        holds=_yes_or_no(cells["is_there"]),
        evidence=cells["evidence"],
        value=cells.get("value", ""),
        valid_until=_day(cells.get("valid_until", "")),
    )
    if refusals := judging.against_judging(contact, said, by):
        raise Refused(refusals)
    if _stands(contact, said, at):
        return False
    judging.judge(contact, said, by=by, at=at)
    return True


def _stands(contact: Contact, said: Judgement, at: datetime) -> bool:
    """Whether the latest finding says the very same, and holds."""
    of_contact = criteria.criterion(said.criterion).of_contact
    theirs = Finding.objects.filter(contact=contact) if of_contact else Finding.objects.filter(account=contact.account)
    last = theirs.filter(criterion=said.criterion).order_by("-pk").first()
    if last is None or last.valid_until < at.date() or said.valid_until not in (None, last.valid_until):
        return False
    return (last.holds, last.value, last.evidence) == (said.holds, said.value, said.evidence)


def _moment(text: str, where: str) -> datetime:
    try:
        found = parse_datetime(text) or _midnight(parse_date(text))
        aware = make_aware(found) if found and is_naive(found) else found
    except (ValueError, OverflowError):
        aware = None
    if aware is None:
        raise Refused([Refusal("no_moment", _("This is no moment; write it like 2026-12-24 10:30."), where)])
    return aware


def _midnight(day: date | None) -> datetime | None:
    # The zone is that of the installation, which is added to whatever names none.
    return datetime.combine(day, time()) if day else None


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        found = parse_date(text)
    except ValueError:
        found = None
    if found is None:
        text_of = _("This is no date; write it like 2026-12-24.")
        raise Refused([Refusal("no_date", text_of, "valid_until")])
    return found


def _yes_or_no(text: str) -> bool:
    word = normal(text)
    if word not in _YES | _NO:
        raise Refused([Refusal("no_answer", _("Say yes or no."), "is_there")])
    return word in _YES
