"""Asks a person for what no machine may decide, once each, with a moment by which it is due (spec L2, L3, H9)."""

from collections.abc import Mapping
from datetime import datetime

from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _

from compliance import audit
from compliance.acts import Act, Consent
from compliance.factor import Kind
from compliance.principals import SYSTEM, Principal, System
from compliance.refusals import Refusal
from compliance.transitions import move
from handoff import clocks
from handoff.models import Lead, Stage, Task
from sequences.approval import only

# A task is done when its lead comes to this stage, and no longer needed when it goes anywhere else.
_ANSWERED_BY: Mapping[str, frozenset[str]] = {
    Task.Kind.CLASSIFY: frozenset({Stage.MQL}),
    Task.Kind.DECIDE_SQL: frozenset({Stage.SQL}),
    Task.Kind.WRITE: frozenset({Stage.BRIEFING_READY}),
    Task.Kind.POST_BRIEFING: frozenset({Stage.ASSESSMENT_PROPOSED}),
}
_HOLDS_AT: Mapping[str, frozenset[str]] = {
    Task.Kind.CLASSIFY: frozenset({Stage.PROSPECT}),
    Task.Kind.DECIDE_SQL: frozenset({Stage.MQL, Stage.SAL}),
    Task.Kind.WRITE: frozenset({Stage.SQL}),
    Task.Kind.POST_BRIEFING: frozenset({Stage.BRIEFING_READY, Stage.ASSESSMENT_QUALIFIED}),
}


def ask(
    kind: Task.Kind,
    lead: Lead,
    *,
    cause: str,
    role: str,
    due_at: datetime,
    at: datetime,
    person: User | None = None,
    note: str = "",
) -> Task | None:
    """Ask for it, unless the same cause has asked before; None then."""
    told = {"kind": kind, "lead": lead, "role": role, "person": person, "opened_at": at, "due_at": due_at}
    row, made = Task.objects.get_or_create(key=f"{kind}:{lead.pk}:{cause}"[:120], defaults={**told, "note": note[:300]})
    if made:
        audit.record("handoff.task.opened", audit.reference(row), by=SYSTEM, at=at, code=str(kind), role=role)
    return row if made else None


def decide_sql(lead: Lead, *, cause: str, at: datetime) -> Task | None:
    """Ask the CRO whether an MQL is an SQL, by the clock of that decision."""
    clock = clocks.runs("sql_decided", at, clocks.hours_of(clocks.first_of("cro")))
    return ask(Task.Kind.DECIDE_SQL, lead, cause=cause, role="cro", due_at=clock.due_at, at=at)


def settle(lead: Lead, *, at: datetime) -> None:
    """The lead has moved: what was asked is answered, or no longer needed."""
    for task in Task.objects.filter(lead=lead, state=Task.State.OPEN).order_by("pk"):
        stages = _HOLDS_AT.get(task.kind)
        if stages is None or lead.stage in stages:
            continue
        arrow = "finish" if lead.stage in _ANSWERED_BY[task.kind] else "drop"
        move(task, arrow, by=SYSTEM, at=at, set={"closed_at": at})


def answer(lead: Lead, kind: Task.Kind, cause: str, *, at: datetime) -> None:
    """What was asked for a cause that begins so has been answered."""
    for task in Task.objects.filter(lead=lead, kind=kind, state=Task.State.OPEN):
        if task.key.startswith(f"{kind}:{lead.pk}:{cause}"):
            move(task, "finish", by=SYSTEM, at=at, set={"closed_at": at})


def _finish(row: Task, *, by: Principal, at: datetime, consent: Consent) -> Task:
    return only(move(row, "finish", by=by, at=at, reason=consent.comment, set={"closed_at": at}))


def _drop(row: Task, *, by: Principal, at: datetime, consent: Consent) -> Task:
    return only(move(row, "drop", by=by, at=at, reason=consent.comment, set={"closed_at": at}))


def _against(row: Task, by: Principal) -> list[Refusal]:
    """A task is closed by whoever it is asked of; a role stands for everybody who has it."""
    if isinstance(by, System):
        return []
    if row.person_id is not None and row.person_id != by.pk:
        return [Refusal("not_yours", _("It is asked of somebody else."))]
    user = User.objects.get(pk=by.pk)
    if user.is_superuser or row.person_id or user.groups.filter(name=row.role).exists():
        return []
    return [Refusal("not_your_role", _("It is asked of another role."))]


ACTS = (
    Act("finish", _finish, _against, comment_required=True, kind=Kind.WRITES),
    Act("drop", _drop, _against, comment_required=True, danger=True, kind=Kind.WRITES),
)
