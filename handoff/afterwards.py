"""Decides what follows when a sequence has run to its end and nobody answered (spec SQ1, H9; SOP 5.2, 5.6).

After activation the CRO writes in person; after re-engagement, thirty days on, the lead is archived.
"""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from compliance.principals import SYSTEM
from compliance.refusals import Refused
from handoff import clocks, ladder, todo
from handoff.ladder import Said
from handoff.models import Lead, Signal, Stage, Task
from sequences.models import Enrollment, ExitReason, SequenceType

_CHUNK = 200
_AFTER_RE_ENGAGEMENT = timedelta(days=30)
_WRITTEN_WITHIN = "1 business day"


def afterwards_round(at: datetime) -> dict[str, int]:
    """Ask the CRO to write, and archive whom nothing brought back."""
    asked = Task.objects.filter(
        kind=Task.Kind.WRITE, lead__contact=OuterRef("contact"), opened_at__gte=OuterRef("ended_at")
    )
    unanswered = _through(SequenceType.ACTIVATION, Stage.SQL).exclude(Exists(asked))
    signals = Signal.objects.filter(contact=OuterRef("contact"), happened_at__gt=OuterRef("entered_at"))
    again = Enrollment.objects.filter(contact=OuterRef("contact"), state=Enrollment.State.ACTIVE)
    silent = _through(SequenceType.RE_ENGAGEMENT, Stage.MQL).filter(ended_at__lte=at - _AFTER_RE_ENGAGEMENT)
    silent = silent.exclude(Exists(signals)).exclude(Exists(again))
    return {
        "asked": sum(_write(row, at) for row in unanswered[:_CHUNK]),
        "archived": sum(_archive(row, at) for row in silent[:_CHUNK]),
    }


def _through(type_: SequenceType, stage: Stage) -> QuerySet[Enrollment]:
    """Passages of this type that ran to their end since their lead came to this stage."""
    here = Lead.objects.filter(contact=OuterRef("contact"), stage=stage, stage_since__lt=OuterRef("ended_at"))
    rows = Enrollment.objects.filter(
        Exists(here),
        state=Enrollment.State.FINISHED,
        exit_reason=ExitReason.FINISHED,
        version__sequence__type=type_,
    )
    return rows.order_by("pk")


def _write(row: Enrollment, at: datetime) -> bool:
    lead = Lead.objects.get(contact=row.contact_id)
    due = clocks.deadline(_WRITTEN_WITHIN, at, clocks.hours_of(clocks.first_of("cro")))
    made = todo.ask(Task.Kind.WRITE, lead, cause=f"enrollment:{row.pk}", role="cro", due_at=due, at=at)
    return made is not None


def _archive(row: Enrollment, at: datetime) -> bool:
    lead = Lead.objects.select_related("contact").get(contact=row.contact_id)
    try:
        ladder.take(lead, "archive", by=SYSTEM, at=at, said=Said("ended"))
    except Refused:
        # Somebody has moved it at this moment.
        return False
    return True
