"""Writes down what the door decided: one decision an attempt with every rule's verdict, one touch a permission."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from compliance import builds, bulk
from compliance.journaling import Cleared
from compliance.models import Decision, Touch
from compliance.verdicts import Ruling, as_stored

_NOBODY = UUID(int=0)
_DECISION = (
    *("order_no", "at", "ref", "attempt", "outcome", "code", "not_before", "verdicts", "card", "person", "mailbox"),
    *("playbook", "build"),
)


def decisions(rulings: Sequence[Ruling], at: datetime) -> None:
    """One row an attempt. A no under a number that has its row already leaves that row alone.

    The permission of a life that was lost may stand there. Nobody else decides the same attempt meanwhile: the card
    of its person is locked. Raises IntegrityError when an attempt was permitted before.
    """
    held = [row for row in rulings if not row.permitted]
    taken = set(_taken(held)) if held else set()
    new = [row for row in rulings if row.permitted or (row.ask.ref, row.ask.attempt) not in taken]
    bulk.insert(Decision, _DECISION, _decisions(new, at))


def touches(rulings: Sequence[Ruling], at: datetime) -> list[Cleared]:
    """One row a permission; what caps and stops look for. Returns them."""
    rows = [_cleared(ruling, at) for ruling in rulings]
    bulk.insert(Touch, Cleared._fields, rows)
    return rows


def _taken(rulings: Sequence[Ruling]) -> Iterator[tuple[str, int]]:
    rows = Decision.objects.filter(ref__among={row.ask.ref for row in rulings})
    yield from rows.values_list("ref", "attempt")


def _decisions(rulings: Sequence[Ruling], at: datetime) -> Iterator[Sequence[object]]:
    build = builds.current()
    for ruling, verdicts in zip(rulings, _texts(rulings), strict=True):
        ask, decisive = ruling.ask, ruling.decisive
        yield (
            *(ruling.order_no, at, ask.ref, ask.attempt, str(decisive.outcome), decisive.code, decisive.until),
            *(verdicts, ask.card or 0, ask.person or _NOBODY, ask.mailbox, ruling.playbook, build),
        )


def _texts(rulings: Sequence[Ruling]) -> Iterator[str]:
    """The verdicts of each ruling as JSON; what a rule says to many of a batch is put into words once."""
    known: dict[str, dict[int, str]] = defaultdict(dict)
    for rules, some in groupby(rulings, attrgetter("rules")):
        columns = [(rule, known[rule]) for rule in rules]
        for ruling in some:
            # Told apart by identity: every verdict of the batch is alive as long as its rulings.
            parts = [
                words.get(id(said)) or words.setdefault(id(said), json.dumps(as_stored(rule, said)))
                for (rule, words), said in zip(columns, ruling.said, strict=True)
            ]
            yield f"[{', '.join(parts)}]"


def _cleared(ruling: Ruling, at: datetime) -> Cleared:
    ask = ruling.ask
    return Cleared(
        ref=ask.ref,
        attempt=ask.attempt,
        at=at,
        order_no=ruling.order_no,
        person=ask.person or _NOBODY,
        account=ask.account,
        domain=ask.recipient_domain,
        mailbox=ask.mailbox,
        opening=ask.opening,
    )
