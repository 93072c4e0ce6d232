"""The door: may this message go to this address now? Nothing commercial or personal leaves without its yes.

`decide()` is pure and asked by import preview, list signature, planner, rehearsal and the final clearance alike.
`clear()` is the final clearance: its own transaction, fresh reads under the locks, one decision row an attempt,
touches for what may go. It is committed before the first byte of DATA (spec X2, X3; LAW §2.2, PIP-02..04).
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import Error, transaction
from django.utils.module_loading import import_string

from compliance import arming, audit, cards, journaling, locks, playbook
from compliance.asking import Ask
from compliance.models import AddressCard, Decision, Outcome, Touch

_log = logging.getLogger(__name__)
_AFTER_AN_ERROR = timedelta(minutes=15)


@dataclass(frozen=True)
class Verdict:
    """What one rule says. `why` is what it looked at, in codes, numbers and dates; never an address or a text."""

    outcome: Outcome = Outcome.PERMIT
    code: str = ""
    until: datetime | None = None
    ends: bool = False
    why: Mapping[str, Any] = field(default_factory=dict)
    rule: str = ""


_NOTHING_AGAINST_IT = Verdict()


def permit(**why: Any) -> Verdict:
    """Nothing against it."""
    return Verdict(why=why) if why else _NOTHING_AGAINST_IT


def defer(code: str, until: datetime, **why: Any) -> Verdict:
    """Not yet; ask again at `until`."""
    return Verdict(Outcome.DEFER, code, until=until, why=why)


def refuse(code: str, *, ends: bool = True, **why: Any) -> Verdict:
    """No. `ends` says that the person's passage through the sequence ends with it."""
    return Verdict(Outcome.REFUSE, code, ends=ends, why=why)


class Rule(ABC):
    """One reason why a message may not go. Subclasses are listed, in order, in the setting CLEARANCE_RULES."""

    def load(self, asks: Sequence[Ask], at: datetime) -> Any:
        """The facts for a whole batch, read once; live they are read under the locks."""
        return None

    @abstractmethod
    def judge(self, ask: Ask, facts: Any, at: datetime) -> Verdict:
        """Pure: the verdict on one ask."""

    def spend(self, ask: Ask, facts: Any, at: datetime) -> None:  # noqa: B027 - most rules spend nothing
        """Count a permitted ask against the rest of the batch."""


@dataclass(frozen=True)
class Ruling:
    """The answer to one ask, with every rule's verdict in order."""

    ask: Ask
    verdicts: tuple[Verdict, ...]
    playbook: int = 0
    order_no: int = 0

    @cached_property
    def decisive(self) -> Verdict:
        """A refusal before a deferral before a permission; the first of its kind, the latest of the deferrals."""
        refusals = [verdict for verdict in self.verdicts if verdict.outcome == Outcome.REFUSE]
        deferrals = [verdict for verdict in self.verdicts if verdict.outcome == Outcome.DEFER]
        if refusals:
            return refusals[0]
        return max(deferrals, key=_until, default=Verdict())

    @property
    def outcome(self) -> Outcome:
        return self.decisive.outcome

    @property
    def code(self) -> str:
        return self.decisive.code

    @property
    def permitted(self) -> bool:
        return self.outcome == Outcome.PERMIT


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
    return [_loaded_facts(rule, asks, at) for rule in rules()]


def decide(asks: Sequence[Ask], facts: Sequence[Any], at: datetime) -> list[Ruling]:
    """Pure: judge a batch in order; each permitted ask spends budget for the next."""
    rulings = []
    for ask in asks:
        verdicts = tuple(_judged(rule, ask, known, at) for rule, known in zip(rules(), facts, strict=True))
        ruling = Ruling(ask, verdicts)
        if ruling.permitted:
            for rule, known in zip(rules(), facts, strict=True):
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
        _assert_locked(asks, locks.lock_cards(ask.person for ask in asks if ask.person))
        locks.lock_budgets(key for ask in asks for key in budget_keys(ask))
        rulings = decide(asks, load_facts(asks, at), at)
        orders = locks.draw_order(len(rulings))
        version = playbook.active().number
        rulings = [replace(row, playbook=version, order_no=no) for row, no in zip(rulings, orders, strict=True)]
        confirmed = set(confirm([ruling for ruling in rulings if ruling.permitted]))
        final = [_unless_lost(ruling, confirmed) for ruling in rulings]
        Decision.objects.bulk_create([_row(ruling, at) for ruling in final if ruling.permitted])
        # The permission of a life that was lost may stand under this very number; it stays, and this is a no.
        held = [_row(ruling, at) for ruling in final if not ruling.permitted and ruling.code != "lease_lost"]
        Decision.objects.bulk_create(held, ignore_conflicts=True)
        touches = Touch.objects.bulk_create([_touch(ruling, at) for ruling in final if ruling.permitted])
    # After the commit and before a byte of DATA: what the journal tells, the database has known (LAW PIP-14).
    journaling.note_cleared(touches, at)
    return final


def budget_keys(ask: Ask) -> set[str]:
    """The shared caps an ask draws on."""
    return {ask.mailbox, ask.account, f"domain:{cards.domain_digest(ask.address.domain)}"} - {""}


def _assert_locked(asks: Sequence[Ask], cards_held: Sequence[AddressCard]) -> None:
    # An ask is older than the locks: the card may be gone, somebody else's, or that of another address by now.
    held: dict[tuple[Any, Any], str] = {(card.pk, card.person_id): card.digest for card in cards_held}
    known = ((ask, held.get((ask.card, ask.person))) for ask in asks)
    if strangers := [ask.ref for ask, digest in known if digest not in cards.canonical_digests(ask.address)]:
        raise StrangerError(", ".join(strangers))


def _until(verdict: Verdict) -> float:
    return verdict.until.timestamp() if verdict.until else 0.0


@dataclass(frozen=True)
class _Unknown:
    error: str


def _loaded_facts(rule: Rule, asks: Sequence[Ask], at: datetime) -> Any:
    try:
        return rule.load(asks, at)
    except Error:
        # The transaction is spoilt: the whole clearance is rolled back and nothing goes.
        raise
    except Exception as error:  # noqa: BLE001 - any error means no (LAW G6, SEC-20)
        _log.exception("clearance rule %s could not load its facts", type(rule).__name__)
        return _Unknown(type(error).__name__)


def _judged(rule: Rule, ask: Ask, facts: Any, at: datetime) -> Verdict:
    name = type(rule).__name__
    if isinstance(facts, _Unknown):
        return replace(defer("policy_error", at + _AFTER_AN_ERROR, error=facts.error), rule=name)
    try:
        said = rule.judge(ask, facts, at)
        if said is _NOTHING_AGAINST_IT:
            return _permitted(name)
        return Verdict(Outcome(said.outcome), said.code, said.until, said.ends, said.why, rule=name)
    except Exception as error:  # noqa: BLE001 - any error means no (LAW G6, SEC-20)
        _log.exception("clearance rule %s could not judge", name)
        return replace(defer("policy_error", at + _AFTER_AN_ERROR, error=type(error).__name__), rule=name)


@lru_cache(maxsize=64)
def _permitted(rule: str) -> Verdict:
    """Most of what is said, twenty times a message: said once."""
    return Verdict(rule=rule)


def _unless_lost(ruling: Ruling, confirmed: Collection[str]) -> Ruling:
    if not ruling.permitted or ruling.ask.ref in confirmed:
        return ruling
    lost = Verdict(Outcome.DEFER, "lease_lost", rule="Lease")
    return replace(ruling, verdicts=(*ruling.verdicts, lost))


def _row(ruling: Ruling, at: datetime) -> Decision:
    ask, decisive = ruling.ask, ruling.decisive
    return Decision(
        order_no=ruling.order_no,
        at=at,
        ref=ask.ref,
        attempt=ask.attempt,
        outcome=decisive.outcome,
        code=decisive.code,
        not_before=decisive.until,
        verdicts=[as_data(verdict) for verdict in ruling.verdicts],
        card=ask.card or 0,
        person=ask.person or UUID(int=0),
        mailbox=ask.mailbox,
        playbook=ruling.playbook,
    )


def as_data(verdict: Verdict) -> dict[str, Any]:
    """A verdict as it is stored and shown: rule, outcome, code, until, and what the rule looked at."""
    why = audit.plain(verdict.why) if verdict.why else {}
    data = {"rule": verdict.rule, "outcome": str(verdict.outcome), "why": why}
    if verdict.code:
        data["code"] = verdict.code
    if verdict.until:
        data["until"] = verdict.until.isoformat()
    return data


def _touch(ruling: Ruling, at: datetime) -> Touch:
    ask = ruling.ask
    return Touch(
        ref=ask.ref,
        attempt=ask.attempt,
        at=at,
        order_no=ruling.order_no,
        person=ask.person or UUID(int=0),
        account=ask.account,
        domain=cards.domain_digest(ask.address.domain),
        mailbox=ask.mailbox,
        opening=ask.opening,
    )
