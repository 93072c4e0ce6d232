"""Decides whether what was signed of a person's row is what it says now, and what the message is written from."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from compliance import addresses, cards
from compliance.asking import Ask
from compliance.clearance import Rule, Verdict, defer, permit
from sequences import lists, validity, wording
from sequences.models import Contact, Enrollment, RecipientList

# A person has to decide; the message asks again tomorrow, and its step's expiry bounds the waiting.
_UNTIL_SOMEBODY_DECIDES = timedelta(days=1)
_AT_ONCE_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True)
class RowFacts:
    """A passage, what its row says now, and what stands against the signature of it."""

    enrollment: Enrollment
    leaf: str
    code: str = ""


class RowIsSigned(Rule):
    """What the CRO signed of this row is what it says now, lately, and who signed it may still sign lists.

    A changed row is held alone (spec I4, LAW APR-03). A signature ages (LAW APR-05). What the playbook puts into every
    message is part of what was signed: after another legal name or postal address the lists are signed again.
    """

    def load(self, asks: Sequence[Ask], at: datetime) -> dict[int, RowFacts]:
        rows = _enrollments(asks)
        versions = {row.version_id: row.version for row in rows.values()}
        variables = {pk: wording.signed_variables(version) for pk, version in versions.items()}
        standing = lists.signed_by_staff({row.row.recipient_list for row in rows.values()})
        aged, house = at - validity.valid_for(), wording.house_values()
        known = _Known(variables, standing, aged, house)
        return {pk: _row_facts(row, known) for pk, row in rows.items()}

    def judge(self, ask: Ask, facts: Mapping[int, RowFacts], at: datetime) -> Verdict:
        if ask.enrollment is None:
            return permit()
        found = facts[ask.enrollment]
        row = found.enrollment.row
        if found.code in {"row_changed", "playbook_changed"}:
            return defer(found.code, at + _UNTIL_SOMEBODY_DECIDES, signed=row.signed_leaf, now=found.leaf)
        if found.code:
            return defer(found.code, at + _UNTIL_SOMEBODY_DECIDES, signed_at=row.signed_at)
        return _as_written(ask, found.enrollment.contact, found.leaf, at)


@dataclass(frozen=True)
class _Known:
    variables: Mapping[int, tuple[str, ...]]
    standing: Collection[tuple[int, datetime]]
    aged: datetime
    house: Mapping[str, str]


def _row_facts(enrollment: Enrollment, known: _Known) -> RowFacts:
    row, variables = enrollment.row, known.variables[enrollment.version_id]
    leaf = _leaf(enrollment, variables, known.house)
    if row.recipient_list.state != RecipientList.State.RUNNING or not row.signed_leaf:
        return RowFacts(enrollment, leaf, "row_not_signed")
    if leaf != row.signed_leaf:
        earlier = (_leaf(enrollment, variables, house) for house in wording.earlier_house_values())
        return RowFacts(enrollment, leaf, "playbook_changed" if row.signed_leaf in earlier else "row_changed")
    if row.signed_at is None or row.signed_at <= known.aged:
        return RowFacts(enrollment, leaf, "signature_aged")
    stands = (row.recipient_list_id, row.signed_at) in known.standing
    return RowFacts(enrollment, leaf, "" if stands else "signer_gone")


def _leaf(enrollment: Enrollment, variables: tuple[str, ...], house: Mapping[str, str]) -> str:
    row = enrollment.row
    return wording.leaf_digest(enrollment.contact, source=row.source, basis=row.basis, variables=variables, house=house)


def _enrollments(asks: Sequence[Ask]) -> dict[int, Enrollment]:
    rows = Enrollment.objects.filter(pk__in={ask.enrollment for ask in asks if ask.enrollment})
    rows = rows.select_related("row__recipient_list", "contact__account", "contact__card", "version__sequence")
    return {row.pk: row for row in rows}


def _as_written(ask: Ask, contact: Contact, leaf: str, at: datetime) -> Verdict:
    """What the message was written from, a moment ago, is what the signature was compared with."""
    address = addresses.parse(contact.address)
    if contact.card.digest not in cards.canonical_digests(address):
        # Stops are found by the card: an address with somebody else's would walk past its own (LAW SUP-01).
        return defer("address_without_card", at + _UNTIL_SOMEBODY_DECIDES)
    if ask.address != address or dict(ask.values) != wording.personal_values(contact):
        return defer("changed_meanwhile", at + _AT_ONCE_AGAIN)
    return permit(leaf=leaf)
