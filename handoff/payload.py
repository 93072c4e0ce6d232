"""Decides what whoever is offered a lead is told: frozen at the offer, with its gaps named (spec H1).

Form 1: {"form", "source", "company", "title", "touchpoints": [{"what", "at"}], "signals": [{"kind", "name", "intent",
"at", "source"}], "ruled_out": [names of gates that pass], "indicators": [those that are there], "open_questions": [what
nobody has judged], "tier", "due_at", "gaps": [names of required fields that say nothing]}. No address is in it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from compliance import playbook
from handoff import criteria
from handoff.gates import Facts
from handoff.models import Lead, Signal
from sequences.models import InboundMessage, OutboundMessage

FORM = 1
_REQUIRED = ("source", "touchpoints", "signals", "ruled_out", "open_questions", "tier")
# Here none is an answer: nobody wrote to them yet, nothing is left to ask.
_MAY_BE_NONE = frozenset({"touchpoints", "open_questions", "indicators"})
_SHOWN = 20


def of(lead: Lead, facts: Facts, *, tier: str, due_at: datetime, at: datetime) -> dict[str, Any]:
    """The payload of an offer made now. Raises NoPlaybook."""
    contact = lead.contact
    told: dict[str, Any] = {
        "form": FORM,
        "source": contact.source,
        "company": contact.account.name if contact.account else "",
        "title": contact.title,
        "touchpoints": _touchpoints(lead),
        "signals": _signals(facts, at),
        "ruled_out": [str(gate) for gate in facts.gates if _holds(facts, gate.key, at)],
        "indicators": [str(one) for one in facts.indicators if _holds(facts, one.key, at)],
        "open_questions": _open_questions(facts),
        "tier": tier,
        "due_at": due_at.isoformat(),
    }
    return {**told, "gaps": gaps(told)}


def gaps(told: Mapping[str, Any]) -> list[str]:
    """Which required fields say nothing."""
    required: Sequence[str] = playbook.section("payload").get("required", _REQUIRED)
    return [name for name in required if name in told and not told[name] and name not in _MAY_BE_NONE]


def _touchpoints(lead: Lead) -> list[dict[str, str]]:
    sent = OutboundMessage.objects.filter(enrollment__contact=lead.contact, state=OutboundMessage.State.ACCEPTED)
    came = InboundMessage.objects.filter(contact=lead.contact).exclude(verdict=InboundMessage.Verdict.BOUNCE)
    found = [(row.settled_at or row.planned_at, f"message {row.ref}") for row in sent.defer("content")]
    found += [(row.received_at, f"answer: {row.get_verdict_display()}") for row in came.defer("raw")]
    return [{"at": at.isoformat(), "what": what} for at, what in sorted(found)[-_SHOWN:]]


def _signals(facts: Facts, at: datetime) -> list[dict[str, str]]:
    kinds = criteria.signal_kinds()
    rows = Signal.objects.filter(pk__in=[signal.key for signal in facts.counting(at)]).order_by("-happened_at")
    return [
        {
            "kind": row.kind,
            "name": kinds[row.kind].name if row.kind in kinds else "",
            "intent": row.intent,
            "at": row.happened_at.isoformat(),
            "source": row.source,
        }
        for row in rows[:_SHOWN]
    ]


def _holds(facts: Facts, key: str, at: datetime) -> bool:
    finding = facts.findings.get(key)
    return bool(finding and finding.holds and finding.valid_until >= at.date())


def _open_questions(facts: Facts) -> list[str]:
    return [str(one) for one in (*facts.gates, *facts.indicators) if one.key not in facts.findings]
