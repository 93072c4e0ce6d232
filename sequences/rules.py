"""The reasons of this floor why a message may not go: sender, passage, signatures, values, hours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from compliance import addresses, audit, cards
from compliance.asking import Ask
from compliance.calendar import Window
from compliance.clearance import Rule, Verdict, defer, permit, refuse
from sequences import approval, wording
from sequences.models import (
    Contact,
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
_AT_ONCE_AGAIN = timedelta(minutes=1)


def _enrollments(asks: Sequence[Ask]) -> dict[int, Enrollment]:
    rows = Enrollment.objects.filter(pk__in={ask.enrollment for ask in asks if ask.enrollment})
    rows = rows.select_related("row__recipient_list", "contact__account", "contact__card", "version__sequence")
    return {row.pk: row for row in rows}


class MailboxRuns(Rule):
    """The sending mailbox has not been stopped."""

    def load(self, asks: Sequence[Ask], at: datetime) -> set[str]:
        return {mailbox.key for mailbox in Mailbox.objects.filter(state=Mailbox.State.ACTIVE)}

    def judge(self, ask: Ask, facts: set[str], at: datetime) -> Verdict:
        if not ask.mailbox or ask.mailbox in facts:
            return permit()
        return defer("mailbox_stopped", at + timedelta(hours=1), mailbox=ask.mailbox)


class EnrollmentIsOpen(Rule):
    """The passage is open, this is its next step, and its list has not been withdrawn."""

    def load(self, asks: Sequence[Ask], at: datetime) -> dict[int, Enrollment]:
        return _enrollments(asks)

    def judge(self, ask: Ask, facts: Mapping[int, Enrollment], at: datetime) -> Verdict:
        if ask.enrollment is None:
            return permit()
        row = facts[ask.enrollment]
        if row.row.recipient_list.state == RecipientList.State.WITHDRAWN:
            return refuse("list_withdrawn", recipient_list=ask.recipient_list)
        if row.row.removed_at:
            return refuse("removed_from_list", since=row.row.removed_at.isoformat())
        if row.state != Enrollment.State.ACTIVE:
            return refuse("enrollment_ended", ends=False, reason=row.exit_reason)
        if row.next_step != ask.step:
            return refuse("not_the_next_step", ends=False, next_step=row.next_step)
        return permit(next_step=row.next_step)


@dataclass(frozen=True)
class Signed:
    """The state of one signed thing: what was signed, what it says now, who signed."""

    code: str = ""
    digest: str = ""


class WordingIsSigned(Rule):
    """The text of this step is loaded, and all three signatures are on what it says now (spec T3, LAW APR-01)."""

    def load(self, asks: Sequence[Ask], at: datetime) -> dict[tuple[int, int], Signed]:
        wanted = {(ask.version, ask.step) for ask in asks if ask.step is not None}
        steps = Step.objects.filter(version__in={version for version, _step in wanted}).select_related(
            "template_version"
        )
        return {(row.version_id, row.position): _text_state(row.template_version) for row in steps}

    def judge(self, ask: Ask, facts: Mapping[tuple[int, int], Signed], at: datetime) -> Verdict:
        if ask.step is None or ask.version is None:
            return permit()
        return _as_verdict(facts[(ask.version, ask.step)], at)


class SequenceIsSigned(Rule):
    """The sequence version is approved, and the CRO's signature is on what it says now."""

    def load(self, asks: Sequence[Ask], at: datetime) -> dict[int, Signed]:
        versions = SequenceVersion.objects.filter(pk__in={ask.version for ask in asks if ask.version})
        return {row.pk: _sequence_state(row) for row in versions.select_related("sequence")}

    def judge(self, ask: Ask, facts: Mapping[int, Signed], at: datetime) -> Verdict:
        return permit() if ask.version is None else _as_verdict(facts[ask.version], at)


class RowIsSigned(Rule):
    """What the CRO signed of this row is what it says now; a changed row is held alone (spec I4, LAW APR-03)."""

    def load(self, asks: Sequence[Ask], at: datetime) -> tuple[dict[int, Enrollment], dict[int, tuple[str, ...]]]:
        rows = _enrollments(asks)
        versions = {row.version_id: row.version for row in rows.values()}
        return rows, {pk: wording.signed_variables(version) for pk, version in versions.items()}

    def judge(
        self, ask: Ask, facts: tuple[Mapping[int, Enrollment], Mapping[int, tuple[str, ...]]], at: datetime
    ) -> Verdict:
        if ask.enrollment is None:
            return permit()
        enrollment = facts[0][ask.enrollment]
        row, variables = enrollment.row, facts[1][enrollment.version_id]
        leaf = wording.leaf_digest(enrollment.contact, source=row.source, basis=row.basis, variables=variables)
        if row.recipient_list.state != RecipientList.State.RUNNING or not row.signed_leaf:
            return defer("row_not_signed", at + _UNTIL_SOMEBODY_DECIDES)
        if leaf != row.signed_leaf:
            return defer("row_changed", at + _UNTIL_SOMEBODY_DECIDES, signed=row.signed_leaf, now=leaf)
        return _as_written(ask, enrollment.contact, leaf, at)


class ValuesPresent(Rule):
    """Every value that a text of the sequence uses is there; a blank never goes out (spec T1, LAW MSG-06)."""

    def load(self, asks: Sequence[Ask], at: datetime) -> dict[int, tuple[str, ...]]:
        versions = SequenceVersion.objects.filter(pk__in={ask.version for ask in asks if ask.version})
        return {row.pk: wording.personal_variables(row) for row in versions}

    def judge(self, ask: Ask, facts: Mapping[int, tuple[str, ...]], at: datetime) -> Verdict:
        wanted = facts.get(ask.version, ()) if ask.version else ()
        missing = [name for name in wanted if not ask.values.get(name, "").strip()]
        return refuse("missing_value", missing=missing) if missing else permit(used=list(wanted))


class WithinWindow(Rule):
    """It is a working hour where the recipient is (spec SQ2, LAW TIM-06)."""

    def load(self, asks: Sequence[Ask], at: datetime) -> Sequence[Window]:
        return windows()

    def judge(self, ask: Ask, facts: Sequence[Window], at: datetime) -> Verdict:
        if ask.step is None:
            return permit()
        slot = next_slot(at, hours(ask.zone, ask.country, facts))
        if slot is None:
            return defer("no_open_hour", at + _UNTIL_SOMEBODY_DECIDES, zone=ask.zone, country=ask.country)
        seen = {"zone": ask.zone, "country": ask.country}
        return permit(**seen) if slot <= at else defer("outside_window", slot, **seen)


def _as_written(ask: Ask, contact: Contact, leaf: str, at: datetime) -> Verdict:
    """What the message was written from, a moment ago, is what the signature was compared with."""
    address = addresses.parse(contact.address)
    if contact.card.digest not in cards.canonical_digests(address):
        # Stops are found by the card: an address with somebody else's would walk past its own (LAW SUP-01).
        return defer("address_without_card", at + _UNTIL_SOMEBODY_DECIDES)
    if ask.address != address or dict(ask.values) != wording.personal_values(contact):
        return defer("changed_meanwhile", at + _AT_ONCE_AGAIN)
    return permit(leaf=leaf)


def _as_verdict(found: Signed, at: datetime) -> Verdict:
    if found.code:
        return defer(found.code, at + _UNTIL_SOMEBODY_DECIDES, digest=found.digest)
    return permit(digest=found.digest)


def _text_state(version: TemplateVersion) -> Signed:
    digest = wording.digest_of(version)
    if version.state != TemplateVersion.State.LOADED:
        return Signed("text_not_loaded", digest)
    if digest != version.digest:
        return Signed("text_changed", digest)
    signatures = list(approval.signers(version).filter(digest=digest))
    return Signed(_against_signatures(version, signatures), digest)


def _against_signatures(version: TemplateVersion, signatures: Sequence[Signature]) -> str:
    if {signature.step for signature in signatures} != set(approval.TEXT_STEPS):
        return "text_not_signed"
    people = {signature.signer_id for signature in signatures}
    if version.author_id in people:
        return "text_signed_by_author"
    return "" if len(people) >= (2 if settings.SMALL_TEAM else 3) else "text_signed_by_too_few"


def _sequence_state(version: SequenceVersion) -> Signed:
    digest = wording.sequence_digest(version)
    if version.state != SequenceVersion.State.APPROVED:
        return Signed("sequence_not_approved", digest)
    signed = Signature.objects.filter(
        subject=audit.reference(version), step=Signature.Step.SEQUENCE, digest=digest
    ).exclude(signer_id=version.author_id)
    return Signed("" if signed.exists() else "sequence_changed", digest)
