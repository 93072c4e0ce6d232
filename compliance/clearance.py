"""The door: may this message go to this address now? Nothing commercial or personal leaves without its yes.

`decide()` is pure and asked by import preview, list signature, planner, rehearsal and the final clearance alike.
`clear()` is the final clearance: its own transaction, fresh reads under the locks, one decision row an attempt,
touches for what may go. It is committed before the first byte of DATA (spec X2, X3; LAW §2.2, PIP-02..04).
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import repeat
from typing import Any

from django.conf import settings
from django.db import Error, transaction
from django.utils.module_loading import import_string

from compliance import arming, journaling, locks, playbook, recording
from compliance.asking import Ask, Batch
from compliance.models import Outcome
from compliance.verdicts import Ruling, Verdict, as_data, defer, permit, refuse

__all__ = ["Rule", "Ruling", "Verdict", "as_data", "clear", "decide", "defer", "permit", "preview", "refuse"]

_log = logging.getLogger(__name__)
_AFTER_AN_ERROR = timedelta(minutes=15)
_ERROR, _LOST = "policy_error", "lease_lost"


class Rule(ABC):
    """One reason why a message may not go. Subclasses are listed, in order, in the setting CLEARANCE_RULES."""

    def load(self, asks: Batch, at: datetime) -> Any:
        """The facts for a whole batch, read once; live they are read under the locks.

        What other rules read as well is asked by `asks.once`.
        """
        return None

    @abstractmethod
    def judge(self, ask: Ask, facts: Any, at: datetime) -> Verdict:
        """Pure: the verdict on one ask."""

    def spend(self, ask: Ask, facts: Any, at: datetime) -> None:  # noqa: B027 - most rules spend nothing
        """Count a permitted ask against the rest of the batch."""


class NoRules(RuntimeError):
    """The setting CLEARANCE_RULES is empty; a door without rules would let everything through."""


@lru_cache(maxsize=8)
def _loaded(paths: tuple[str, ...]) -> tuple[Rule, ...]:
    if not paths:
        raise NoRules("CLEARANCE_RULES is empty")
    return tuple(import_string(path)() for path in paths)


def rules() -> tuple[Rule, ...]:
    """The chain, in order, from the setting."""
    return _loaded(tuple(settings.CLEARANCE_RULES))


def load_facts(asks: Sequence[Ask], at: datetime) -> list[Any]:
    """What each rule needs to know of a batch. A rule that cannot load says no to all of it (G6)."""
    batch = Batch(asks)
    return [_loaded_facts(rule, batch, at) for rule in rules()]


def decide(asks: Sequence[Ask], facts: Sequence[Any], at: datetime) -> list[Ruling]:
    """Pure: judge a batch in order; each permitted ask spends budget for the next."""
    return _decided(asks, facts, at, repeat(0, len(asks)), 0)


def _decided(
    asks: Sequence[Ask], facts: Sequence[Any], at: datetime, orders: Iterable[int], version: int
) -> list[Ruling]:
    chain = list(zip(rules(), facts, strict=True))
    names = tuple(type(rule).__name__ for rule, _known in chain)
    judges = [(name, _judge(rule, known), known) for name, (rule, known) in zip(names, chain, strict=True)]
    spending = [(rule, known) for rule, known in chain if type(rule).spend is not Rule.spend]
    rulings = []
    for ask, order in zip(asks, orders, strict=True):
        ruling = Ruling(ask, _said(judges, ask, at), names, version, order)
        if ruling.permitted:
            for rule, known in spending:
                rule.spend(ask, known, at)
        rulings.append(ruling)
    return rulings


def preview(asks: Sequence[Ask], at: datetime) -> list[Ruling]:
    """What the door would say now. Reserves and records nothing."""
    return decide(asks, load_facts(asks, at), at)


class StrangerError(ValueError):
    """A final clearance was asked for an address without a card of its own and of that person; nothing to lock."""


Confirm = Callable[[Sequence[Ruling]], Collection[str]]


def clear(asks: Sequence[Ask], *, at: datetime, confirm: Confirm) -> list[Ruling]:
    """The final clearance of a batch, committed when it returns.

    `confirm` runs inside the transaction with the permitted rulings: it compares the fencing tokens, marks the
    messages cleared and returns the refs that are still the caller's. What it does not return does not go.

    Raises NotArmed before anything is drawn, and JournalUnavailable when it is committed and yet nothing may go.
    """
    arming.assert_may_send(at)
    with transaction.atomic(durable=True):
        locks.assert_fresh_reads()
        locks.share_scopes(scope for ask in asks for scope in ask.scopes)
        _assert_locked(asks, locks.lock_card_digests(ask.person for ask in asks if ask.person))
        locks.lock_budgets(key for ask in asks for key in budget_keys(ask))
        with playbook.pinned() as version:
            facts = load_facts(asks, at)
            rulings = _decided(asks, facts, at, locks.draw_order(len(asks)), version)
        confirmed = set(confirm([ruling for ruling in rulings if ruling.permitted]))
        final = [_unless_lost(ruling, confirmed) for ruling in rulings]
        recording.decisions([ruling for ruling in final if ruling.code != _LOST], at)
        touches = recording.touches([ruling for ruling in final if ruling.permitted], at)
    # After the commit and before a byte of DATA: what the journal tells, the database has known (LAW PIP-14).
    journaling.note_cleared(touches, at, [_step(ruling.ask) for ruling in final if ruling.permitted])
    return final


def budget_keys(ask: Ask) -> set[str]:
    """The shared caps an ask draws on."""
    return {ask.mailbox, ask.account, f"domain:{ask.recipient_domain}"} - {""}


def _assert_locked(asks: Sequence[Ask], held: Mapping[tuple[Any, Any], str]) -> None:
    # An ask is older than the locks: the card may be gone, somebody else's, or that of another address by now.
    known = ((ask, held.get((ask.card, ask.person))) for ask in asks)
    if strangers := [ask.ref for ask, digest in known if digest not in ask.card_digests]:
        raise StrangerError(", ".join(strangers))


@dataclass(frozen=True)
class _Unknown:
    error: str


def _loaded_facts(rule: Rule, asks: Batch, at: datetime) -> Any:
    try:
        return rule.load(asks, at)
    except Error:
        # The transaction is spoilt: the whole clearance is rolled back and nothing goes.
        raise
    except Exception as error:  # noqa: BLE001 - any error means no (LAW G6, SEC-20)
        _log.exception("clearance rule %s could not load its facts", type(rule).__name__)
        return _Unknown(type(error).__name__)


Judge = Callable[[Ask, Any, datetime], Verdict]


def _judge(rule: Rule, facts: Any) -> Judge:
    return _cannot_judge if isinstance(facts, _Unknown) else rule.judge


def _cannot_judge(ask: Ask, facts: _Unknown, at: datetime) -> Verdict:
    return defer(_ERROR, at + _AFTER_AN_ERROR, error=facts.error)


def _said(judges: Sequence[tuple[str, Judge, Any]], ask: Ask, at: datetime) -> tuple[Verdict, ...]:
    """Every verdict in order. Asked twenty times a message, so it calls nothing but the rules."""
    verdicts = []
    for name, judge, facts in judges:
        try:
            said = judge(ask, facts, at)
            if type(said.outcome) is not Outcome:
                said = replace(said, outcome=Outcome(said.outcome))
        except Exception as error:  # noqa: BLE001 - any error means no (LAW G6, SEC-20)
            _log.exception("clearance rule %s could not judge", name)
            said = defer(_ERROR, at + _AFTER_AN_ERROR, error=type(error).__name__)
        verdicts.append(said)
    return tuple(verdicts)


def _unless_lost(ruling: Ruling, confirmed: Collection[str]) -> Ruling:
    if not ruling.permitted or ruling.ask.ref in confirmed:
        return ruling
    lost = Verdict(Outcome.DEFER, _LOST)
    return replace(ruling, said=(*ruling.said, lost), rules=(*ruling.rules, "Lease"))


def _step(ask: Ask) -> tuple[str, str, int]:
    """By what a restored database knows again whom which step went to, if it has to load them anew."""
    return ask.card_digests[-1], ask.series or ask.sequence, ask.step or 0
