"""What a rule says, and what the chain says: the answers of the door as values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from compliance import audit
from compliance.asking import Ask
from compliance.models import Outcome

_PLAIN = (str, int, bool)
Stored = str | Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What one rule says. `why` is what it looked at, in codes, numbers and dates; never an address or a text."""

    outcome: Outcome = Outcome.PERMIT
    code: str = ""
    until: datetime | None = None
    ends: bool = False
    why: Mapping[str, Any] = field(default_factory=dict)
    rule: str = ""


NOTHING_AGAINST_IT = Verdict()


def permit(**why: Any) -> Verdict:
    """Nothing against it."""
    return Verdict(why=why) if why else NOTHING_AGAINST_IT


def defer(code: str, until: datetime, **why: Any) -> Verdict:
    """Not yet; ask again at `until`."""
    return Verdict(Outcome.DEFER, code, until=until, why=why)


def refuse(code: str, *, ends: bool = True, **why: Any) -> Verdict:
    """No. `ends` says that the person's passage through the sequence ends with it."""
    return Verdict(Outcome.REFUSE, code, ends=ends, why=why)


@dataclass(frozen=True)
class Ruling:
    """The answer to one ask: what each of `rules` said, in order. Rules may share what they say word for word."""

    ask: Ask
    said: tuple[Verdict, ...]
    rules: tuple[str, ...]
    playbook: int = 0
    order_no: int = 0

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Every verdict under the name of its rule."""
        return tuple(replace(said, rule=rule) for rule, said in zip(self.rules, self.said, strict=True))

    @cached_property
    def decisive(self) -> Verdict:
        """A refusal before a deferral before a permission, with its rule; the first refusal, the latest deferral."""
        against = [said for said in self.said if said.outcome is not Outcome.PERMIT]
        if not against:
            return NOTHING_AGAINST_IT
        refusals = [said for said in against if said.outcome is Outcome.REFUSE]
        chosen = refusals[0] if refusals else max(against, key=_until)
        return replace(
            chosen, rule=next(rule for rule, said in zip(self.rules, self.said, strict=True) if said is chosen)
        )

    @property
    def outcome(self) -> Outcome:
        return self.decisive.outcome

    @property
    def code(self) -> str:
        return self.decisive.code

    @property
    def permitted(self) -> bool:
        return self.outcome is Outcome.PERMIT


def as_data(verdict: Verdict) -> dict[str, Any]:
    """A verdict as it is shown: rule, outcome, code, until, and what the rule looked at."""
    return {"outcome": str(verdict.outcome), "why": {}, **_as_mapping(as_stored(verdict.rule, verdict))}


def as_stored(rule: str, said: Verdict) -> Stored:
    """A verdict without what goes without saying: of a rule that permits and looked at nothing, its name alone."""
    if said == NOTHING_AGAINST_IT:
        return rule
    data: dict[str, Any] = {"rule": rule}
    if said.outcome is not Outcome.PERMIT:
        data["outcome"] = str(said.outcome)
    if said.why:
        data["why"] = _plain(said.why)
    if said.code:
        data["code"] = said.code
    if said.until:
        data["until"] = said.until.isoformat()
    return data


def read(stored: Iterable[Stored]) -> list[Mapping[str, Any]]:
    """Verdicts as they are stored, each as a mapping; one without an outcome is a permission."""
    return [_as_mapping(one) for one in stored]


def _as_mapping(stored: Stored) -> Mapping[str, Any]:
    return {"rule": stored} if isinstance(stored, str) else stored


def _plain(why: Mapping[str, Any]) -> dict[str, Any]:
    # Texts and whole numbers come back from any database as they went in.
    return dict(why) if all(type(value) in _PLAIN for value in why.values()) else audit.plain(why)


def _until(verdict: Verdict) -> float:
    return verdict.until.timestamp() if verdict.until else 0.0
