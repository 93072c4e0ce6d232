"""Books a briefing, and says what became of it (spec H10, first form)."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compliance import audit
from compliance.acts import Act, Asked, Consent, Field
from compliance.factor import Kind
from compliance.principals import Principal, actor
from compliance.refusals import Refusal, Refused
from compliance.transitions import move
from handoff import clocks, ladder, todo
from handoff.ladder import Said
from handoff.models import Briefing, Lead, Stage, Task
from sequences.approval import only

_DECIDED_WITHIN = "20 business days"
_STARTS_AT = "starts_at"
_WHEN = Field(_STARTS_AT, _("When the briefing is"), asked=Asked.MOMENT, longest=40)


def book(lead: Lead, starts_at: datetime, *, by: Principal, at: datetime, notes: str = "") -> Lead:
    """The lead has agreed to a briefing at that moment. Raises Refused."""
    if refusals := _against_past(starts_at, at):
        raise Refused(refusals)
    with transaction.atomic():
        moved = ladder.take(
            lead, "book", by=by, at=at, said=Said(notes=notes, more={"starts_at": starts_at.isoformat()})
        )
        row = Briefing.objects.create(lead=moved, starts_at=starts_at, booked_at=at, booked_by=actor(by))
        audit.record("handoff.briefing.booked", audit.reference(row), by=by, at=at, starts_at=starts_at.isoformat())
    return moved


def hold(row: Briefing, *, by: Principal, at: datetime, consent: Consent) -> Briefing:
    """They came. What follows is written by the CRO in person, never from a template (SOP 5.2)."""
    with transaction.atomic():
        moved = only(move(row, "hold", by=by, at=at, reason=consent.comment, set={"closed_at": at}))
        due = clocks.deadline(_DECIDED_WITHIN, at, clocks.hours_of(clocks.first_of("cro")))
        todo.ask(Task.Kind.POST_BRIEFING, row.lead, cause=f"briefing:{row.pk}", role="cro", due_at=due, at=at)
    return moved


def miss(row: Briefing, *, by: Principal, at: datetime, consent: Consent) -> Briefing:
    """They did not come; the CRO is asked to find another date."""
    return _closed(row, "miss", by, at, consent)


def cancel(row: Briefing, *, by: Principal, at: datetime, consent: Consent) -> Briefing:
    """It was called off; the CRO is asked to find another date."""
    return _closed(row, "cancel", by, at, consent)


def rebook(row: Briefing, *, by: Principal, at: datetime, consent: Consent) -> Briefing:
    """They agreed to another date; the question for one is answered. Raises Refused."""
    starts_at = consent.moment(_STARTS_AT)
    if refusals := [*against_rebooking(row, by), *_against_past(starts_at or at, at)]:
        raise Refused(refusals)
    columns = {"starts_at": starts_at, "booked_at": at, "booked_by": actor(by), "closed_at": None}
    told = {"starts_at": str(starts_at)}
    with transaction.atomic():
        moved = only(move(row, "rebook", by=by, at=at, reason=consent.comment, set=columns, data=told))
        todo.answer(row.lead, Task.Kind.FOLLOW_UP, f"briefing:{row.pk}:", at=at)
    return moved


def against_rebooking(row: Briefing, by: Principal) -> list[Refusal]:
    """What keeps this briefing from getting another date."""
    if row.lead.stage != Stage.BRIEFING_READY:
        return [Refusal("lead_elsewhere", _("The lead does not wait for a briefing any more."))]
    if Briefing.objects.filter(lead=row.lead_id, state=Briefing.State.BOOKED).exists():
        return [Refusal("booked_already", _("Another briefing with them is booked."))]
    return []


def _against_past(starts_at: datetime, at: datetime) -> list[Refusal]:
    if starts_at > at:
        return []
    return [Refusal("in_the_past", _("The briefing lies in the past."), str(_("when the briefing is")))]


def against_holding(row: Briefing, at: datetime) -> list[Refusal]:
    """Nothing was held before it began."""
    if row.starts_at > at:
        return [Refusal("not_yet", _("It has not begun yet."))]
    return []


def _closed(row: Briefing, arrow: str, by: Principal, at: datetime, consent: Consent) -> Briefing:
    with transaction.atomic():
        moved = only(move(row, arrow, by=by, at=at, reason=consent.comment, set={"closed_at": at}))
        due = clocks.deadline("1 business day", at, clocks.hours_of(clocks.first_of("cro")))
        # It may be called off and booked again more than once.
        cause = f"briefing:{row.pk}:{moved.move_token}"
        todo.ask(Task.Kind.FOLLOW_UP, row.lead, cause=cause, role="cro", due_at=due, at=at)
    return moved


ACTS = (
    Act("hold", hold, due=against_holding, kind=Kind.WRITES),
    Act("miss", miss, due=against_holding, comment_required=True, kind=Kind.WRITES),
    Act("cancel", cancel, comment_required=True, danger=True, kind=Kind.WRITES),
    Act("rebook", rebook, against_rebooking, fields=(_WHEN,), kind=Kind.WRITES),
)
