"""Decides what follows when a promise does not hold: an incident, and for the gravest that everything stands still."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from compliance import halts, incidents, invariants
from compliance.invariants import Invariant
from compliance.models import Incident
from compliance.principals import SYSTEM
from sequences import events

_log = logging.getLogger(__name__)
# Mail went that must not have gone, or may go again at any moment (LAW G1 to G3). What pauses by itself: the totals do
# not balance any more (LAW PIP-15).
_GRAVEST = frozenset({"G1", "G2", "G3"})
_NAMED = 100


@dataclass(frozen=True)
class Kept:
    """One promise and how often it is broken; never, if all is well."""

    invariant: Invariant
    count: int

    def as_data(self) -> dict[str, object]:
        """Plain data, for `--json`."""
        said = self.invariant
        return {
            "guarantee": said.guarantee,
            "name": said.name,
            "says": str(said.says),
            "count": self.count,
            "sql": said.sql.strip(),
        }


def check() -> Sequence[Kept]:
    """Ask every promise, in order."""
    return [Kept(invariant, invariant.count()) for invariant in invariants.declared()]


def promises_round(at: datetime) -> dict[str, int]:
    """Ask every promise and open an incident for each that does not hold; how many were opened."""
    opened = 0
    for kept in check():
        if kept.count:
            if kept.invariant is invariants.SENDS_AFTER_STOP:
                events.report(kept.invariant.run(_NAMED), at)
            _log.error("promise %s (%s) is broken %d times", kept.invariant.name, kept.invariant.guarantee, kept.count)
            opened += _opened(kept, at)
    return {"broken": opened}


def _opened(kept: Kept, at: datetime) -> bool:
    """Once for what breaks it. What breaks a promise besides waits while its incident is open, but not the gravest.

    Two people may have started everything again by then, so that each new breach of those stops it anew.
    """
    said, about = kept.invariant, f"promise:{kept.invariant.name}:"
    grave = said.guarantee in _GRAVEST or said.pauses
    earlier = Incident.objects.filter(cause_key__startswith=about)
    if not grave and earlier.exclude(state=Incident.State.CLOSED).exists():
        return False
    first = said.run(_NAMED)
    key = about + hashlib.sha256(f"{kept.count} {first}".encode()).hexdigest()[:16]
    if earlier.filter(cause_key=key).exists():
        return False
    incidents.open_once(
        key,
        Incident.Kind.PROMISE_BROKEN,
        Incident.Severity.SEV1 if grave else Incident.Severity.SEV2,
        f"{said.guarantee}: {said.says}",
        {"invariant": said.name, "guarantee": said.guarantee, "count": kept.count, "first": first},
        by=SYSTEM,
        at=at,
        halt_scopes=[halts.EVERYTHING] if grave else [],
    )
    return True
