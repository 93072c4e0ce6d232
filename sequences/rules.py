"""The reasons of this floor why a message may not go: sender, passage, signed texts, values, hours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from django.conf import settings

from compliance.asking import Ask, Batch
from compliance.calendar import Window
from compliance.clearance import Rule, Verdict, defer, permit, refuse
from sequences import approval, batches, wording
from sequences.batches import Passage, Version
from sequences.models import (
    Enrollment,
    Mailbox,
    RecipientList,
    SequenceVersion,
    Signature,
    TemplateVersion,
)
from sequences.models.mailboxes import mailbox_key
from sequences.timetable import next_slot
from sequences.validity import Given
from sequences.zones import hours, windows

# A person has to decide; the message asks again tomorrow, and its step's expiry bounds the waiting.
_UNTIL_SOMEBODY_DECIDES = timedelta(days=1)


class MailboxRuns(Rule):
    """The sending mailbox has not been stopped."""

    def load(self, asks: Batch, at: datetime) -> set[str]:
        running = Mailbox.objects.filter(state=Mailbox.State.ACTIVE)
        return {mailbox_key(pk) for pk in running.values_list("pk", flat=True)}

    def judge(self, ask: Ask, facts: set[str], at: datetime) -> Verdict:
        if not ask.mailbox or ask.mailbox in facts:
            return permit()
        return defer("mailbox_stopped", at + timedelta(hours=1), mailbox=ask.mailbox)


class EnrollmentIsOpen(Rule):
    """The passage is open and runs, this is its next step, and its list has not been withdrawn."""

    def load(self, asks: Batch, at: datetime) -> Mapping[int, Passage]:
        return asks.once(batches.passages)

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
        if row.paused_at:
            until = row.paused_until or at + _UNTIL_SOMEBODY_DECIDES
            return defer(row.paused_because, until, since=row.paused_at.isoformat())
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

    def load(self, asks: Batch, at: datetime) -> dict[tuple[int, int], Verdict]:
        wanted = {(ask.version, ask.step) for ask in asks if ask.step is not None}
        steps = [step for version in asks.once(batches.versions).values() for step in version.steps]
        chosen = [step for step in steps if (step.version_id, step.position) in wanted]
        given = asks.once(batches.signatures)
        return {
            (step.version_id, step.position): _as_verdict(_text_state(step.template_version, given), at)
            for step in chosen
        }

    def judge(self, ask: Ask, facts: Mapping[tuple[int, int], Verdict], at: datetime) -> Verdict:
        if ask.step is None or ask.version is None:
            return permit()
        return facts[(ask.version, ask.step)]


class SequenceIsSigned(Rule):
    """The sequence version is approved, and the signature of somebody who is CRO is on what it says now."""

    def load(self, asks: Batch, at: datetime) -> dict[int, Verdict]:
        given = asks.once(batches.signatures)
        return {
            pk: _as_verdict(_sequence_state(version, given), at) for pk, version in asks.once(batches.versions).items()
        }

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

    def load(self, asks: Batch, at: datetime) -> dict[int | None, Used]:
        read = asks.once(batches.versions)
        return {pk: _used(wording.personal_variables(version.steps)) for pk, version in read.items()}

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

    def load(self, asks: Batch, at: datetime) -> Opening:
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


def _text_state(version: TemplateVersion, given: Given) -> Signed:
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


def _sequence_state(version: Version, given: Given) -> Signed:
    row, digest = version.row, wording.sequence_digest(version.row, version.steps)
    if row.state != SequenceVersion.State.APPROVED:
        return Signed("sequence_not_approved", digest)
    signed = [one for one in given.on(row, digest) if one.signer_id != row.author_id]
    if not signed:
        return Signed("sequence_changed", digest)
    return Signed("" if given.stand(signed) else "signer_gone", digest)
