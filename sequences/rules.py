"""The reasons of this floor why a message may not go: sender, passage, signed texts, values, hours."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from django.conf import settings

from compliance import audit
from compliance.asking import Ask
from compliance.calendar import Window
from compliance.clearance import Rule, Verdict, defer, permit, refuse
from sequences import approval, validity, wording
from sequences.models import (
    Enrollment,
    Mailbox,
    RecipientList,
    SequenceVersion,
    Signature,
    Step,
    TemplateVersion,
)
from sequences.timetable import next_slot
from sequences.zones import hours, windows

# A person has to decide; the message asks again tomorrow, and its step's expiry bounds the waiting.
_UNTIL_SOMEBODY_DECIDES = timedelta(days=1)


class MailboxRuns(Rule):
    """The sending mailbox has not been stopped."""

    def load(self, asks: Sequence[Ask], at: datetime) -> set[str]:
        return {mailbox.key for mailbox in Mailbox.objects.filter(state=Mailbox.State.ACTIVE)}

    def judge(self, ask: Ask, facts: set[str], at: datetime) -> Verdict:
        if not ask.mailbox or ask.mailbox in facts:
            return permit()
        return defer("mailbox_stopped", at + timedelta(hours=1), mailbox=ask.mailbox)


class Passage(NamedTuple):
    """Where a person stands in a sequence, and their list."""

    state: str
    exit_reason: str
    next_step: int
    removed_at: datetime | None
    list_state: str


class EnrollmentIsOpen(Rule):
    """The passage is open, this is its next step, and its list has not been withdrawn."""

    def load(self, asks: Sequence[Ask], at: datetime) -> dict[int, Passage]:
        rows = Enrollment.objects.filter(pk__among={ask.enrollment for ask in asks if ask.enrollment})
        columns = ("state", "exit_reason", "next_step", "row__removed_at", "row__recipient_list__state")
        return {pk: Passage(*told) for pk, *told in rows.values_list("pk", *columns)}

    def judge(self, ask: Ask, facts: Mapping[int, Passage], at: datetime) -> Verdict:
        if ask.enrollment is None:
            return permit()
        row = facts[ask.enrollment]
        if row.list_state == RecipientList.State.WITHDRAWN:
            return refuse("list_withdrawn", recipient_list=ask.recipient_list)
        if row.removed_at:
            return refuse("removed_from_list", since=row.removed_at.isoformat())
        if row.state != Enrollment.State.ACTIVE:
            return refuse("enrollment_ended", ends=False, reason=row.exit_reason)
        if row.next_step != ask.step:
            return refuse("not_the_next_step", ends=False, next_step=row.next_step)
        return _at_step(row.next_step)


@lru_cache(maxsize=64)
def _at_step(number: int) -> Verdict:
    return permit(next_step=number)


@dataclass(frozen=True)
class Signed:
    """The state of one signed thing: what was signed, what it says now, who signed."""

    code: str = ""
    digest: str = ""


class WordingIsSigned(Rule):
    """The text of this step is loaded, all three signatures are on what it says now, and those who gave them may
    still give them (spec T3; LAW APR-01, APR-05)."""

    def load(self, asks: Sequence[Ask], at: datetime) -> dict[tuple[int, int], Verdict]:
        wanted = {(ask.version, ask.step) for ask in asks if ask.step is not None}
        steps = Step.objects.filter(version__in={version for version, _step in wanted})
        chosen = [row for row in steps.select_related("template_version") if (row.version_id, row.position) in wanted]
        given = _given([row.template_version for row in chosen])
        states = {(row.version_id, row.position): _text_state(row.template_version, given) for row in chosen}
        return {key: _as_verdict(state, at) for key, state in states.items()}

    def judge(self, ask: Ask, facts: Mapping[tuple[int, int], Verdict], at: datetime) -> Verdict:
        if ask.step is None or ask.version is None:
            return permit()
        return facts[(ask.version, ask.step)]


class SequenceIsSigned(Rule):
    """The sequence version is approved, and the signature of somebody who is CRO is on what it says now."""

    def load(self, asks: Sequence[Ask], at: datetime) -> dict[int, Verdict]:
        versions = SequenceVersion.objects.filter(pk__in={ask.version for ask in asks if ask.version})
        rows = list(versions.select_related("sequence"))
        given = _given(rows)
        return {row.pk: _as_verdict(_sequence_state(row, given), at) for row in rows}

    def judge(self, ask: Ask, facts: Mapping[int, Verdict], at: datetime) -> Verdict:
        return permit() if ask.version is None else facts[ask.version]


class Used(NamedTuple):
    """The values that a sequence cannot do without, and what is said when all are there."""

    names: tuple[str, ...]
    there: Verdict


def _used(names: tuple[str, ...]) -> Used:
    return Used(names, permit(used=list(names)))


_NOTHING_USED = _used(())


class ValuesPresent(Rule):
    """Every value that a text of the sequence uses is there; a blank never goes out (spec T1, LAW MSG-06)."""

    def load(self, asks: Sequence[Ask], at: datetime) -> dict[int | None, Used]:
        versions = SequenceVersion.objects.filter(pk__in={ask.version for ask in asks if ask.version})
        return {row.pk: _used(wording.personal_variables(row)) for row in versions}

    def judge(self, ask: Ask, facts: Mapping[int | None, Used], at: datetime) -> Verdict:
        wanted = facts.get(ask.version, _NOTHING_USED)
        missing = [name for name in wanted.names if not ask.values.get(name, "").strip()]
        return refuse("missing_value", missing=missing) if missing else wanted.there


@dataclass(frozen=True)
class Opening:
    """When mail may leave anywhere, and what was said of each place: a batch is of few places."""

    windows: Sequence[Window]
    said: dict[tuple[str, str], Verdict] = field(default_factory=dict)


class WithinWindow(Rule):
    """It is a working hour where the recipient is (spec SQ2, LAW TIM-06)."""

    def load(self, asks: Sequence[Ask], at: datetime) -> Opening:
        return Opening(windows())

    def judge(self, ask: Ask, facts: Opening, at: datetime) -> Verdict:
        if ask.step is None:
            return permit()
        place = ask.zone, ask.country
        if place not in facts.said:
            facts.said[place] = _in_hours(*place, facts.windows, at)
        return facts.said[place]


def _in_hours(zone: str, country: str, opening: Sequence[Window], at: datetime) -> Verdict:
    slot, seen = next_slot(at, hours(zone, country, opening)), {"zone": zone, "country": country}
    if slot is None:
        return defer("no_open_hour", at + _UNTIL_SOMEBODY_DECIDES, **seen)
    return permit(**seen) if slot <= at else defer("outside_window", slot, **seen)


def _as_verdict(found: Signed, at: datetime) -> Verdict:
    if found.code:
        return defer(found.code, at + _UNTIL_SOMEBODY_DECIDES, digest=found.digest)
    return permit(digest=found.digest)


@dataclass(frozen=True)
class _Given:
    """Signatures by subject, and which of all of them stand."""

    by_subject: Mapping[str, Sequence[Signature]]
    standing: Collection[int]

    def on(self, row: TemplateVersion | SequenceVersion, digest: str) -> list[Signature]:
        return [one for one in self.by_subject.get(audit.reference(row), ()) if one.digest == digest]

    def stand(self, signatures: Sequence[Signature]) -> list[Signature]:
        return [one for one in signatures if one.pk in self.standing]


def _given(rows: Sequence[TemplateVersion | SequenceVersion]) -> _Given:
    signatures = list(Signature.objects.filter(subject__in={audit.reference(row) for row in rows}))
    by_subject: dict[str, list[Signature]] = {}
    for one in signatures:
        by_subject.setdefault(one.subject, []).append(one)
    return _Given(by_subject, validity.standing(signatures))


def _text_state(version: TemplateVersion, given: _Given) -> Signed:
    digest = wording.digest_of(version)
    if version.state != TemplateVersion.State.LOADED:
        return Signed("text_not_loaded", digest)
    if digest != version.digest:
        return Signed("text_changed", digest)
    signatures = given.on(version, digest)
    if code := _against_signatures(version, signatures):
        return Signed(code, digest)
    return Signed("signer_gone" if _against_signatures(version, given.stand(signatures)) else "", digest)


def _against_signatures(version: TemplateVersion, signatures: Sequence[Signature]) -> str:
    if {signature.step for signature in signatures} != set(approval.TEXT_STEPS):
        return "text_not_signed"
    people = {signature.signer_id for signature in signatures}
    if version.author_id in people:
        return "text_signed_by_author"
    return "" if len(people) >= (2 if settings.SMALL_TEAM else 3) else "text_signed_by_too_few"


def _sequence_state(version: SequenceVersion, given: _Given) -> Signed:
    digest = wording.sequence_digest(version)
    if version.state != SequenceVersion.State.APPROVED:
        return Signed("sequence_not_approved", digest)
    signed = [one for one in given.on(version, digest) if one.signer_id != version.author_id]
    if not signed:
        return Signed("sequence_changed", digest)
    return Signed("" if given.stand(signed) else "signer_gone", digest)
