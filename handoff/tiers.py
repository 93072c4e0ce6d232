"""Decides how hot a lead is: A, B or C, from the company's ICP tier and the strongest signal (spec L9). Pure.

Three downloads within 30 days from one company count as high intent, as the playbook's table then reads it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from handoff.criteria import ICP
from handoff.gates import Facts
from handoff.models import Intent, Tier

_TABLE: Mapping[str, Mapping[Intent, Tier]] = {
    "1": {Intent.HIGH: Tier.A, Intent.MEDIUM: Tier.B, Intent.LOW: Tier.C},
    "2": {Intent.HIGH: Tier.B, Intent.MEDIUM: Tier.B, Intent.LOW: Tier.C},
    "3": {Intent.HIGH: Tier.C, Intent.MEDIUM: Tier.C, Intent.LOW: Tier.C},
}
_LEAST_FITTING = "3"
_RANK = {Intent.LOW: 0, Intent.MEDIUM: 1, Intent.HIGH: 2}
_DOWNLOAD, _DOWNLOADS, _WITHIN = "E5", 3, timedelta(days=30)


def tier_of(facts: Facts, at: datetime, stated: Mapping[str, Any] | None = None) -> Tier:
    """The tier now. `stated` is the playbook's section `tiers`; a company of no known ICP tier fits least."""
    finding = facts.findings.get(ICP)
    fits = finding.value if finding and finding.holds and finding.valid_until >= at.date() else _LEAST_FITTING
    fits = fits if fits in _TABLE else _LEAST_FITTING
    intent = intent_of(facts, at)
    said = (stated or {}).get(fits, {})
    return Tier(said.get(str(intent), _TABLE[fits][intent]))


def intent_of(facts: Facts, at: datetime) -> Intent:
    """The strongest intent among the signals that count; low when there is none."""
    counting = facts.counting(at)
    downloads = [signal for signal in counting if signal.kind == _DOWNLOAD and signal.happened_at > at - _WITHIN]
    if len(downloads) >= _DOWNLOADS:
        return Intent.HIGH
    return max((signal.intent for signal in counting), key=_RANK.__getitem__, default=Intent.LOW)
