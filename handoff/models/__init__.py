"""The furniture of the desk."""

from handoff.models.alerts import Alert
from handoff.models.briefings import Briefing
from handoff.models.findings import Finding, Intent, Signal
from handoff.models.handoffs import Handoff, Tier
from handoff.models.leads import OPEN, WORKED, Lead, Stage, StageMove
from handoff.models.owners import Owner
from handoff.models.proposals import Proposal, ProposalDay
from handoff.models.tasks import Task

__all__ = [
    "OPEN",
    "WORKED",
    "Alert",
    "Briefing",
    "Finding",
    "Handoff",
    "Intent",
    "Lead",
    "Owner",
    "Proposal",
    "ProposalDay",
    "Signal",
    "Stage",
    "StageMove",
    "Task",
    "Tier",
]
