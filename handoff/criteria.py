"""Decides what is asked of a lead: the gates, signals, indicators and limits of the playbook (spec L2, L3; SOP 3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compliance import playbook
from handoff.models import Intent

GATES = ("G1", "G2", "G3", "G4", "G5")
INDICATORS = ("S1", "S2", "S3", "S4", "S5")
SIGNALS: Mapping[str, Intent] = {
    "E1": Intent.LOW,
    "E2": Intent.LOW,
    "E3": Intent.MEDIUM,
    "E4": Intent.HIGH,
    "E5": Intent.MEDIUM,
    "E6": Intent.MEDIUM,
    "E7": Intent.HIGH,
}
ICP = "ICP"
"""The tier of a company among those that pass all gates: 1, 2 or 3."""
_OF_CONTACT = frozenset({"S5"})
_VALID_DAYS = 365


@dataclass(frozen=True)
class Criterion:
    """One gate or indicator. `of_contact`: it is judged of the person, not of the company. A finding holds so long."""

    key: str
    name: str
    says: str = ""
    evidence: str = ""
    valid_days: int = _VALID_DAYS
    of_contact: bool = False

    def __str__(self) -> str:
        return f"{self.key} {self.name}".strip()


@dataclass(frozen=True)
class SignalKind:
    """One thing that a person may do, and what it says about wanting to buy."""

    key: str
    name: str
    intent: Intent
    counts: str = ""

    def __str__(self) -> str:
        return f"{self.key} {self.name}".strip()


@dataclass(frozen=True)
class Limits:
    """How long a signal counts, when a lead is stale (days), and how many indicators make an SQL."""

    signal_days: int = 90
    stale_days: int = 60
    indicators: int = 3


def gates() -> tuple[Criterion, ...]:
    """The five gates, in order. Raises NoPlaybook."""
    return _criteria("gates", GATES, "passes_when")


def indicators() -> tuple[Criterion, ...]:
    """The five indicators, in order. Raises NoPlaybook."""
    return _criteria("indicators", INDICATORS, "there_when")


def criterion(key: str) -> Criterion:
    """One gate or indicator, or the ICP tier. Raises KeyError."""
    known = {one.key: one for one in (*gates(), *indicators())}
    return {**known, ICP: Criterion(ICP, "tier")}[key]


def signal_kinds() -> Mapping[str, SignalKind]:
    """The seven signals, by key. Raises NoPlaybook."""
    stated = playbook.section("signals")
    return {key: _signal_kind(key, intent, stated.get(key, {})) for key, intent in SIGNALS.items()}


def limits() -> Limits:
    """The numbers of the guards. Raises NoPlaybook."""
    mql, sql = playbook.section("mql"), playbook.section("sql")
    return Limits(
        signal_days=int(mql.get("signal_days", Limits.signal_days)),
        stale_days=int(mql.get("stale_days", Limits.stale_days)),
        indicators=int(sql.get("indicators", Limits.indicators)),
    )


def _criteria(section: str, keys: tuple[str, ...], says: str) -> tuple[Criterion, ...]:
    stated = playbook.section(section)
    return tuple(_criterion(key, stated.get(key, {}), says) for key in keys)


def _criterion(key: str, stated: Mapping[str, Any], says: str) -> Criterion:
    of_contact = stated.get("subject", "contact" if key in _OF_CONTACT else "account") == "contact"
    return Criterion(
        key=key,
        name=str(stated.get("name", "")),
        says=str(stated.get(says, "")),
        evidence=str(stated.get("evidence", "")),
        valid_days=int(stated.get("valid_days", _VALID_DAYS)),
        of_contact=of_contact,
    )


def _signal_kind(key: str, intent: Intent, stated: Mapping[str, Any]) -> SignalKind:
    return SignalKind(
        key, str(stated.get("name", "")), Intent(stated.get("intent", intent)), str(stated.get("counts", ""))
    )
