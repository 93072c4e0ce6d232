"""Decides the verdict on every row of a recipient file before anything is stored, by the same rules as sending.

What the file says of itself is judged first; whoever is left is put to the door, with the values that the sequence's
texts would use, as they would be after the import.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from compliance import clearance, lookalikes, playbook, stopped
from compliance.asking import Ask
from compliance.clearance import Ruling
from compliance.models import Outcome
from compliance.stopped import IMITATES, Alike
from sequences import asks, wording
from sequences.imports import bases, judging
from sequences.imports.drafts import Draft, drafted, too_long
from sequences.imports.files import RecipientFile, Survey, asks_to_be_left_alone
from sequences.imports.judging import Flag, Judge, Judged
from sequences.imports.known import Companies, Merged, contacts_of, merged
from sequences.imports.presets import Field
from sequences.imports.verdicts import Entry, RowVerdict, Verdict
from sequences.models import Contact, ListRow, RecipientList, SequenceVersion

CHUNK = 500
_MISSING = "missing_value"
# The door's refusals in the words of an import; one that is missing here is told by its own code.
_REFUSALS: Mapping[str, Verdict] = {
    "suppressed": Verdict.SUPPRESSED,
    IMITATES: Verdict.LOOK_ALIKE,
    "role_address": Verdict.ROLE_ADDRESS,
    "address_guessed": Verdict.ADDRESS_GUESSED,
    "no_legal_basis": Verdict.NO_LEGAL_BASIS,
}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """For which sequence version a file is read, onto which list once there is one, and the basis of silent rows."""

    version: SequenceVersion
    recipients: RecipientList | None = None
    basis: str = bases.LEGITIMATE_INTEREST


@dataclass(frozen=True)
class OwnNames:
    """What the organisation itself counts as free-mail and role addresses: the playbook's section `recipients`."""

    free_mail: frozenset[str]
    roles: frozenset[str]


def preview(file: RecipientFile, survey: Survey, plan: Plan, *, at: datetime) -> Iterator[RowVerdict]:
    """One verdict per person of the file, in order; nothing is stored. Raises ImportFileError."""
    judge, previewer = Judge(), _Previewer(file, survey, plan, at)
    rows = file.table().rows
    while chunk := [judge.judge(row, file.mapping) for row in islice(rows, CHUNK)]:
        yield from previewer.verdicts(chunk)


@dataclass(frozen=True, slots=True)
class _Question:
    """A row on its way to the door: what it states, whom it speaks of, how they would be after it."""

    judged: Judged
    draft: Draft
    contact: Contact | None
    after: Merged
    ask: Ask


class _Previewer:
    def __init__(self, file: RecipientFile, survey: Survey, plan: Plan, at: datetime) -> None:
        self._file, self._survey, self._plan, self._at = file, survey, plan, at
        self._companies, self._own = Companies(), _own_names()

    def verdicts(self, chunk: Sequence[Judged]) -> list[RowVerdict]:
        drafts = [self._drafted(judged) for judged in chunk]
        early = [self._by_itself(judged, draft) for judged, draft in zip(chunk, drafts, strict=True)]
        open_ones = zip(chunk, drafts, early, strict=True)
        late = self._by_the_door([(judged, draft) for judged, draft, said in open_ones if draft and not said])
        return self._read([said or next(late) for said in early])

    def _read(self, verdicts: Sequence[RowVerdict]) -> list[RowVerdict]:
        """The same verdicts; those on addresses that imitate others say whom, and whether a stop holds for them."""
        column = self._file.mapping[Field.ADDRESS]
        cells = {one.judged.row.number: one.judged.row.cells.get(column, "") for one in verdicts if _may_imitate(one)}
        alike = stopped.looks_stopped(cells.values())
        return [_imitating(one, cells.get(one.judged.row.number, ""), alike) for one in verdicts]

    def _drafted(self, judged: Judged) -> Draft | None:
        if judged.verdict is not judging.Verdict.NEW or not judged.person:
            return None
        return drafted(judged, judged.person, names_companies=Field.ACCOUNT in self._file.mapping)

    def _by_itself(self, judged: Judged, draft: Draft | None) -> RowVerdict | None:
        """The verdict that needs nobody else, if there is one."""
        stop = asks_to_be_left_alone(judged, self._file.mapping)
        found = self._against(judged, draft) if draft else (Verdict(judged.verdict.value), judged.code, judged.where)
        return RowVerdict(judged, found[0], str(found[1]), str(found[2]), stop=stop) if found else None

    def _against(self, judged: Judged, draft: Draft) -> tuple[Verdict, str, str] | None:
        if Flag.OPTED_OUT in judged.flags:
            return Verdict.OPTED_OUT, "opted_out", Field.OPTED_OUT
        if draft.address.canonical in self._survey.stopped:
            return Verdict.OPTED_OUT, "opted_out_in_another_row", Field.OPTED_OUT
        if draft.address.base_local in self._own.roles:
            return Verdict.ROLE_ADDRESS, "role", Field.ADDRESS
        if draft.address.domain in self._own.free_mail:
            return Verdict.FREE_MAIL, "free_mail", Field.ADDRESS
        field = too_long(draft)
        return (Verdict.INVALID, "too_long", field) if field else None

    def _by_the_door(self, drafts: Sequence[tuple[Judged, Draft]]) -> Iterator[RowVerdict]:
        known = contacts_of([draft.address for _judged, draft in drafts])
        at_domains = {row.account.domain for row in known.values() if row.account}
        self._companies.learn({draft.domain for _judged, draft in drafts} | at_domains)
        questions = [self._question(judged, draft, known.get(draft.address.canonical)) for judged, draft in drafts]
        facts = clearance.load_facts([one.ask for one in questions], self._at)
        rulings = clearance.decide([one.ask for one in questions], facts, self._at)
        for one, ruling in zip(questions, rulings, strict=True):
            if one.after.domain and not _against_taking(ruling):
                self._companies.fill(one.after.domain, one.draft.company)
        for one, ruling in zip(questions, rulings, strict=True):
            yield _found(one, self._again(one, facts) if ruling.code == _MISSING else ruling)

    def _again(self, one: _Question, facts: Sequence[Any]) -> Ruling:
        """Other rows of the chunk may have told what was missing about the company."""
        values = wording.personal_values(merged(one.draft, one.contact, self._companies).contact)
        (ruling,) = clearance.decide([replace(one.ask, values=values)], facts, self._at)
        return ruling

    def _question(self, judged: Judged, draft: Draft, contact: Contact | None) -> _Question:
        after = merged(draft, contact, self._companies)
        source, basis = (contact.source, contact.basis) if contact else ("", "")
        row = ListRow(
            recipient_list=self._plan.recipients or RecipientList(),
            contact=after.contact,
            source=draft.source or source or self._file.origin,
            basis=draft.basis if draft.basis is not None else basis or self._plan.basis,
        )
        current = contact.company if contact else ""
        account = self._companies.key_of(after.domain) or current
        ask = replace(asks.for_row(row, self._plan.version), ref=f"import/{judged.row.number}", account=account)
        return _Question(judged, draft, contact, after, ask)


def _against_taking(ruling: Ruling) -> clearance.Verdict | None:
    """The first refusal but for a missing value, which holds a row that is on the list."""
    refusals = (verdict for verdict in ruling.said if verdict.outcome is Outcome.REFUSE)
    return next((refusal for refusal in refusals if refusal.code != _MISSING), None)


def _found(one: _Question, ruling: Ruling) -> RowVerdict:
    if refusal := _against_taking(ruling):
        code, field = _detail(one.judged, refusal.code)
        verdict = _REFUSALS.get(refusal.code, Verdict.REFUSED)
        return RowVerdict(one.judged, verdict, code, field, held_by=refusal.why.get("stop"))
    verdict, field = _taken_as(one, ruling)
    return RowVerdict(one.judged, verdict, verdict.value, field, entry=_entry(one))


def _may_imitate(one: RowVerdict) -> bool:
    return one.verdict in {Verdict.LOOK_ALIKE, Verdict.INVALID}


def _imitating(one: RowVerdict, cell: str, alike: Mapping[str, Alike]) -> RowVerdict:
    if found := alike.get(cell):
        held = replace(one, verdict=Verdict.LOOK_ALIKE, code=IMITATES, held_by=found.stop.pk)
        return replace(held, reading=found.reading)
    return replace(one, reading=lookalikes.imitated(cell)) if one.verdict is Verdict.LOOK_ALIKE else one


def _taken_as(one: _Question, ruling: Ruling) -> tuple[Verdict, str]:
    if ruling.outcome == Outcome.REFUSE:
        return Verdict.MISSING_VALUE, ", ".join(ruling.decisive.why["missing"])
    if one.contact is None:
        return Verdict.NEW, ""
    return (Verdict.CHANGED if one.after.changed else Verdict.UNCHANGED), ", ".join(one.after.changed)


def _entry(one: _Question) -> Entry:
    return Entry(
        address=one.draft.address,
        known=one.contact.pk if one.contact else None,
        values=one.draft.values,
        company=one.draft.company,
        domain=one.after.domain,
        source=one.ask.source,
        basis=one.ask.basis,
    )


def _detail(judged: Judged, code: str) -> tuple[str, str]:
    if code != "no_legal_basis":
        return code, {"address_guessed": Field.GUESSED, "no_source": Field.SOURCE}.get(code, Field.ADDRESS)
    if Flag.NO_CONSENT in judged.flags:
        return "no_consent", Field.NO_CONSENT
    return "unknown_basis", Field.BASIS


def _own_names() -> OwnNames:
    try:
        section: Mapping[str, Any] = playbook.section("recipients")
    except playbook.NoPlaybook:
        section = {}
    return OwnNames(frozenset(section.get("free_mail", ())), frozenset(section.get("role_names", ())))
