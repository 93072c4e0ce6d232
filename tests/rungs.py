"""Puts many contacts on a rung of the ladder at once, for tests of the floors below that only need them to be there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from handoff.models import Lead, Stage, StageMove, Task
from sequences.models import Contact
from tests.cast import LONG_AGO


def classified(contacts: Sequence[Contact], stage: Stage = Stage.MQL, at: datetime = LONG_AGO) -> None:
    """Give contacts a place on the ladder at once, with its record: what the arrows would do one by one."""
    new = [Lead(contact=contact, stage_since=at, created_at=at) for contact in contacts]
    Lead.objects.bulk_create(new, ignore_conflicts=True)
    leads = list(Lead.objects.filter(contact__in=contacts, stage=Stage.PROSPECT))
    for lead in leads:
        lead.stage, lead.move_token = stage, f"{lead.pk:016x}"
    told: dict[str, Any] = {
        "arrow": "qualify",
        "was": Stage.PROSPECT,
        "became": stage,
        "at": at,
        "by": "system",
        "playbook": 1,
    }
    StageMove.objects.bulk_create([StageMove(lead=lead, token=lead.move_token, seconds=0, **told) for lead in leads])
    Lead.objects.bulk_update(leads, ["stage", "move_token"])
    if stage == Stage.MQL:
        asked = {"kind": Task.Kind.DECIDE_SQL, "role": "cro", "opened_at": at, "due_at": at}
        Task.objects.bulk_create([Task(lead=lead, key=f"decide_sql:{lead.pk}", **asked) for lead in leads])
