"""Decides the verdict on every row of a recipient file before anything is stored, by the same rules as sending.

What the file says of itself is judged first; whoever is left is put to the door, with the values that the sequence's
texts would use, as they would be after the import.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from compliance import clearance, playbook
from compliance.clearance import Ask, Ruling
from compliance.models import Outcome
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
# The door's refusals in the words of an import; one that is missing here is told by its own code.
_REFUSALS: Mapping[str, Verdict] = {
    "suppressed": Verdict.SUPPRESSED,
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
    rows = file.rows()
    while chunk := [judge.judge(row, file.mapping) for row in islice(rows, CHUNK)]:
        yield from previewer.verdicts(chunk)


class _Previewer:
    def __init__(self, file: RecipientFile, survey: Survey, plan: Plan, at: datetime) -> None:
        self._file, self._survey, self._plan, self._at = file, survey, plan, at
        self._companies, self._own = Companies(), _own_names()

    def verdicts(self, chunk: Sequence[Judged]) -> list[RowVerdict]:
        early = [self._by_itself(judged) for judged in chunk]
        drafts = [
            (judged, drafted(judged, judged.person))
            for judged, verdict in zip(chunk, early, strict=True)
            if verdict is None and judged.person
        ]
        late = self._by_the_door(drafts)
        return [verdict or next(late) for verdict in early]

    def _by_itself(self, judged: Judged) -> RowVerdict | None:
        """The verdict that needs nobody else, if there is one."""
        stop = asks_to_be_left_alone(judged, self._file.mapping)
        verdict, code, field = Verdict(judged.verdict.value), judged.code, judged.where
        if judged.verdict is judging.Verdict.NEW and judged.person:
            verdict, code, field = self._sound(judged, judged.person)
        if verdict is Verdict.NEW:
            return None
        return RowVerdict(judged, verdict, str(code), str(field), stop=stop)

    def _sound(self, judged: Judged, person: judging.Person) -> tuple[Verdict, str, str]:
        if Flag.OPTED_OUT in judged.flags:
            return Verdict.OPTED_OUT, "opted_out", Field.OPTED_OUT
        if person.address.canonical in self._survey.stopped:
            return Verdict.OPTED_OUT, "opted_out_in_another_row", Field.OPTED_OUT
        if person.address.base_local in self._own.roles:
            return Verdict.ROLE_ADDRESS, Verdict.ROLE_ADDRESS, Field.ADDRESS
        if person.address.domain in self._own.free_mail:
            return Verdict.FREE_MAIL, Verdict.FREE_MAIL, Field.ADDRESS
        if field := too_long(drafted(judged, person)):
            return Verdict.INVALID, "too_long", field
        return Verdict.NEW, "", ""

    def _by_the_door(self, drafts: Sequence[tuple[Judged, Draft]]) -> Iterator[RowVerdict]:
        known = contacts_of([draft.address for _judged, draft in drafts])
        at_domains = {row.account.domain for row in known.values() if row.account}
        self._companies.learn({draft.domain for _judged, draft in drafts} | at_domains)
        questions = [self._question(judged, draft, known.get(draft.address.canonical)) for judged, draft in drafts]
        facts = clearance.load_facts([ask for ask, _merged in questions], self._at)
        for (judged, draft), (ask, _before) in zip(drafts, questions, strict=True):
            contact = known.get(draft.address.canonical)
            # An earlier row of the same chunk may have told what this one's company is called.
            after = merged(draft, contact, self._companies)
            (ruling,) = clearance.decide([replace(ask, values=wording.personal_values(after.contact))], facts, self._at)
            found = _found(judged, ruling, after, contact)
            entry = Entry(
                address=draft.address,
                known=contact.pk if contact else None,
                values=draft.values,
                company=draft.company,
                domain=after.domain,
                source=ask.source,
                basis=ask.basis,
            )
            if found.taken and after.domain:
                self._companies.fill(after.domain, draft.company)
            yield replace(found, entry=entry if found.taken else None)

    def _question(self, judged: Judged, draft: Draft, contact: Contact | None) -> tuple[Ask, Merged]:
        after = merged(draft, contact, self._companies)
        source, basis = (contact.source, contact.basis) if contact else ("", "")
        row = ListRow(
            recipient_list=self._plan.recipients or RecipientList(),
            contact=after.contact,
            source=draft.source or source or self._file.origin,
            basis=draft.basis if draft.basis is not None else basis or self._plan.basis,
        )
        account = contact.account.key if contact and contact.account else ""
        ask = asks.for_row(row, self._plan.version)
        return replace(ask, ref=f"import/{judged.row.number}", account=account), after


def _found(judged: Judged, ruling: Ruling, after: Merged, contact: Contact | None) -> RowVerdict:
    refusals = [verdict for verdict in ruling.verdicts if verdict.outcome == Outcome.REFUSE]
    for refusal in refusals:
        if refusal.code != Verdict.MISSING_VALUE:
            code, field = _detail(judged, refusal.code)
            return RowVerdict(judged, _REFUSALS.get(refusal.code, Verdict.REFUSED), code, field)
    if refusals:
        missing = ", ".join(refusals[0].why["missing"])
        return RowVerdict(judged, Verdict.MISSING_VALUE, Verdict.MISSING_VALUE.value, missing)
    if contact is None:
        return RowVerdict(judged, Verdict.NEW, Verdict.NEW.value)
    verdict = Verdict.CHANGED if after.changed else Verdict.UNCHANGED
    return RowVerdict(judged, verdict, verdict.value, ", ".join(after.changed))


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
