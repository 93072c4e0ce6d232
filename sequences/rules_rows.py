"""Decides whether what was signed of a person's row is what it says now, and what the message is written from."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from compliance import addresses, cards
from compliance.asking import Ask, Batch
from compliance.clearance import Rule, Verdict, defer, permit
from sequences import batches, treatments, validity, wording
from sequences.batches import Passage
from sequences.models import RecipientList
from sequences.models.people import company_key

# A person has to decide; the message asks again tomorrow, and its step's expiry bounds the waiting.
_UNTIL_SOMEBODY_DECIDES = timedelta(days=1)
_AT_ONCE_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True)
class RowFacts:
    """A row, what it says now, and what stands against the signature of it."""

    row: Passage
    leaf: str
    code: str = ""


class RowIsSigned(Rule):
    """What the CRO signed of this row is what it says now, lately, and who signed it may still sign lists.

    A changed row is held alone (spec I4, LAW APR-03). A signature ages (LAW APR-05). What the playbook says of every
    message is part of what was signed, and so are who writes (LAW APR-01) and what is done with the country: after
    another legal name, postal address, other hours, another sender or treatment the lists are signed again.
    """

    def load(self, asks: Batch, at: datetime) -> dict[int, RowFacts]:
        rows = asks.once(batches.passages)
        given = asks.once(batches.signatures)
        known = _Known(
            variables={
                pk: wording.signed_variables(version.steps) for pk, version in asks.once(batches.versions).items()
            },
            standing={pk: given.moments(RecipientList(pk=pk)) for pk in {row.recipient_list for row in rows.values()}},
            aged=at - validity.valid_for(),
            house=wording.signed_house(),
        )
        return {pk: _row_facts(row, known) for pk, row in rows.items()}

    def judge(self, ask: Ask, facts: Mapping[int, RowFacts], at: datetime) -> Verdict:
        if ask.enrollment is None:
            return permit()
        found = facts[ask.enrollment]
        row = found.row
        if found.code in {"row_changed", "playbook_changed", "rules_changed"}:
            return defer(found.code, at + _UNTIL_SOMEBODY_DECIDES, signed=row.signed_leaf, now=found.leaf)
        if found.code:
            return defer(found.code, at + _UNTIL_SOMEBODY_DECIDES, signed_at=row.signed_at)
        if ask.sender != row.signed_sender:
            # Of the message as it was written, so that nothing has to be read: the bytes name that sender.
            return defer("sender_changed", at + _UNTIL_SOMEBODY_DECIDES, signed=row.signed_sender, now=ask.sender)
        return _as_written(ask, found, at)


@dataclass(frozen=True)
class _Known:
    variables: Mapping[int, tuple[str, ...]]
    standing: Mapping[int, Collection[datetime]]
    aged: datetime
    house: Sequence[wording.House]


def _row_facts(row: Passage, known: _Known) -> RowFacts:
    leaf = _leaf_now(row, known)
    if row.list_state != RecipientList.State.RUNNING or not row.signed_leaf:
        return RowFacts(row, leaf, "row_not_signed")
    if leaf != row.signed_leaf:
        return RowFacts(row, leaf, _what_changed(row, known))
    if row.signed_at is None or row.signed_at <= known.aged:
        return RowFacts(row, leaf, "signature_aged")
    stands = row.signed_at in known.standing[row.recipient_list]
    return RowFacts(row, leaf, "" if stands else "signer_gone")


def _what_changed(row: Passage, known: _Known) -> str:
    """What is different from when the row was signed: what is done with its country, our house, or the row itself."""
    houses = wording.earlier_houses()
    if row.signed_leaf in (_leaf(row, known, house) for house in houses):
        return "playbook_changed"
    before = range(treatments.FIRST, treatments.treatment(row.country))
    treated = (_leaf(row, known, house, treatment) for house in houses for treatment in before)
    return "rules_changed" if row.signed_leaf in treated else "row_changed"


def _leaf_now(row: Passage, known: _Known) -> str:
    """What the row says now, in the form in which it was signed; in the newest, if it says something else."""
    newest, *earlier = known.house
    leaf = _leaf(row, known, newest)
    if leaf == row.signed_leaf:
        return leaf
    return next((one for one in (_leaf(row, known, house) for house in earlier) if one == row.signed_leaf), leaf)


def _leaf(row: Passage, known: _Known, house: wording.House, treatment: int | None = None) -> str:
    values = {name: row.values[name] for name in known.variables[row.version]}
    said = {"country": row.country, "basis": row.basis, "source": row.source}
    return wording.leaf_of(row.address, values, **said, house=house, treatment=treatment)


def _as_written(ask: Ask, found: RowFacts, at: datetime) -> Verdict:
    """What the message was written from, a moment ago, is what the signature was compared with."""
    row = found.row
    # What has been read once reads the same again, and reading is most of the work.
    same = ask.address.text == row.address
    address = ask.address if same else addresses.parse(row.address)
    if row.card_digest not in (ask.card_digests if same else cards.canonical_digests(address)):
        # Stops are found by the card: an address with somebody else's would walk past its own (LAW SUP-01).
        return defer("address_without_card", at + _UNTIL_SOMEBODY_DECIDES)
    company = company_key(row.account, row.merged_into) if row.account else ""
    if (ask.address, ask.account, ask.values) != (address, company, row.values):
        return defer("changed_meanwhile", at + _AT_ONCE_AGAIN)
    return permit(leaf=found.leaf)
