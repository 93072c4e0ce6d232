"""Decides what a lead lacks to be an MQL or an SQL. Pure: every missing criterion, not only the first (spec L5).

MQL is part of SQL: one guard calls the other, so the two can never contradict each other (spec L2, L3; SOP 3.4).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.translation import gettext_lazy as _

from compliance.refusals import Refusal
from handoff.criteria import Criterion, Limits
from handoff.models import Intent


@dataclass(frozen=True)
class Judged:
    """The latest finding about one criterion."""

    key: int
    criterion: str
    holds: bool
    valid_until: date
    value: str = ""


@dataclass(frozen=True)
class Heard:
    """One signal; `discounted` says why it does not count, empty when it does."""

    key: int
    kind: str
    intent: Intent
    happened_at: datetime
    discounted: str = ""


@dataclass(frozen=True)
class Facts:
    """All that the guards look at: what is asked, what was judged, what was heard (the latest first)."""

    gates: Sequence[Criterion]
    indicators: Sequence[Criterion]
    limits: Limits
    findings: Mapping[str, Judged]
    signals: Sequence[Heard]

    def valid(self, criteria: Iterable[Criterion], at: datetime) -> list[Judged]:
        """The findings by which these criteria are met now."""
        found = (self.findings.get(criterion.key) for criterion in criteria)
        return [finding for finding in found if finding and finding.holds and finding.valid_until >= at.date()]

    def counting(self, at: datetime) -> list[Heard]:
        """The signals that count and lie within the trailing days (at their start and end included)."""
        since = at - timedelta(days=self.limits.signal_days)
        return [signal for signal in self.signals if not signal.discounted and since <= signal.happened_at <= at]

    def all_gates_are_judged(self, at: datetime) -> bool:
        """Whether each gate has a finding that still holds, for or against."""
        found = [self.findings.get(gate.key) for gate in self.gates]
        return all(finding is not None and finding.valid_until >= at.date() for finding in found)


def missing_for_mql(facts: Facts, at: datetime) -> list[Refusal]:
    """Every gate that does not pass now, and the signal, if none counts. Unknown counts as failed."""
    found = [refusal for gate in facts.gates for refusal in _against_gate(gate, facts.findings.get(gate.key), at)]
    return [*found, *_against_signals(facts, at)]


def missing_for_sql(facts: Facts, at: datetime) -> list[Refusal]:
    """What an MQL lacks, and besides the indicators that are not there."""
    return [*missing_for_mql(facts, at), *_against_indicators(facts, at)]


def is_stale(facts: Facts, at: datetime) -> bool:
    """Whether the last signal that counts is older than the playbook's days: a target of re-engagement."""
    last = max((signal.happened_at for signal in facts.signals if not signal.discounted), default=None)
    return last is None or last < at - timedelta(days=facts.limits.stale_days)


def _against_gate(gate: Criterion, finding: Judged | None, at: datetime) -> list[Refusal]:
    if finding is None:
        return [Refusal("gate_unknown", _("Nobody has judged this yet."), str(gate))]
    if finding.valid_until < at.date():
        text = _("Judged too long ago: it held until %(day)s.") % {"day": finding.valid_until.isoformat()}
        return [Refusal("gate_lapsed", text, str(gate))]
    return [] if finding.holds else [Refusal("gate_failed", _("Does not pass."), str(gate))]


def _against_signals(facts: Facts, at: datetime) -> list[Refusal]:
    if facts.counting(at):
        return []
    before = [signal.happened_at for signal in facts.signals if not signal.discounted and signal.happened_at <= at]
    if before:
        told = {"day": max(before).date().isoformat(), "days": facts.limits.signal_days}
        text = _("The last signal is of %(day)s; one of the last %(days)d days is needed.") % told
        return [Refusal("signal_lapsed", text)]
    if any(signal.discounted for signal in facts.signals):
        return [Refusal("signal_discounted", _("The only signals came from free-mail or role addresses."))]
    return [Refusal("no_signal", _("No signal of theirs is known."))]


def _against_indicators(facts: Facts, at: datetime) -> list[Refusal]:
    there = {finding.criterion for finding in facts.valid(facts.indicators, at)}
    lacking = facts.limits.indicators - len(there)
    if lacking <= 0:
        return []
    missing = ", ".join(str(one) for one in facts.indicators if one.key not in there)
    told = {"count": len(there), "needed": facts.limits.indicators, "missing": missing}
    text = _("%(count)d of %(needed)d indicators are there; not, or no longer: %(missing)s.") % told
    return [Refusal("indicators_missing", text)]
