"""The arrows of the ladder as a page, a command or an interface offers them: what each asks for, what is missing."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from compliance.acts import Act, Asked, Consent, Field
from compliance.factor import Kind
from compliance.principals import Principal
from compliance.refusals import Refusal, Refused
from handoff import booking, handover, ladder, reasons
from handoff.ladder import NEEDS, Said
from handoff.models import Handoff, Lead

_STARTS_AT = "starts_at"


def _reason(of: str) -> Field:
    return Field("reason", _("Reason"), asked=Asked.CHOICE, choices=lambda: reasons.choices(of), longest=40)


def _need(arrow: str, asked: Asked = Asked.WORDS) -> tuple[Field, ...]:
    return tuple(Field(name, label, asked=asked, longest=400) for name, label in NEEDS[arrow].items())


def _take(arrow: str) -> Callable[..., Lead]:
    def taken(row: Lead, *, by: Principal, at: datetime, consent: Consent) -> Lead:
        return ladder.take(row, arrow, by=by, at=at, said=_said(consent))

    return taken


def _said(consent: Consent) -> Said:
    more = {name: value for name, value in consent.more.items() if name != "reason"}
    return Said(consent.said("reason"), consent.comment, more)


def _accept(row: Lead, *, by: Principal, at: datetime, consent: Consent) -> Lead:
    offered = Handoff.objects.filter(lead=row, state=Handoff.State.OPEN).select_related("to").first()
    if offered is None:
        raise Refused(ladder.not_theirs(row, "accept", by))
    handover.accept(offered, by=by, at=at, consent=consent)
    return Lead.objects.get(pk=row.pk)


def _book(row: Lead, *, by: Principal, at: datetime, consent: Consent) -> Lead:
    starts_at = consent.moment(_STARTS_AT)
    if starts_at is None:
        raise Refused([Refusal("no_moment", _("This is no moment; write it like 2026-12-24 10:30."))])
    return booking.book(row, starts_at, by=by, at=at, notes=consent.comment)


def _recycle(row: Lead, *, by: Principal, at: datetime, consent: Consent) -> Lead:
    back = ladder.returns_on(consent.said("reason"), consent.date("return_on"), at)
    return ladder.take(row, "recycle", by=by, at=at, said=_said(consent), set={"return_on": back, "owner": None})


def _reject(row: Lead, *, by: Principal, at: datetime, consent: Consent) -> Lead:
    return ladder.take(row, "reject", by=by, at=at, said=_said(consent), set={"owner": None})


def _missing(arrow: str) -> Callable[[Any, datetime], list[Refusal]]:
    """What the guard misses, whoever asks; who may take an arrow is asked apart."""

    def found(row: Lead, at: datetime) -> list[Refusal]:
        return ladder.missing(row, arrow, at=at)

    return found


def _whose(arrow: str) -> Callable[[Any, Principal], list[Refusal]]:
    def found(row: Lead, by: Principal) -> list[Refusal]:
        return ladder.not_theirs(row, arrow, by)

    return found


_BACK = Field("return_on", _("Comes back on"), asked=Asked.DATE, required=False, help=_("Else by the playbook."))


def _act(arrow: str, do: Callable[..., Lead] | None = None, **more: Any) -> Act:
    return Act(arrow, do or _take(arrow), _whose(arrow), _missing(arrow), kind=Kind.WRITES, **more)


ACTS: Sequence[Act] = (
    _act("qualify"),
    _act("accept", _accept),
    _act("confirm", comment_required=True),
    _act("book", _book, fields=_need("book", Asked.MOMENT)),
    _act("qualify_assessment", fields=_need("qualify_assessment")),
    _act("propose", fields=_need("propose", Asked.DATE)),
    _act("win", fields=_need("win", Asked.DATE)),
    _act("lose", fields=(_reason("lost"),), comment_required=True, danger=True),
    _act("reject", _reject, fields=(_reason("rejected"),), comment_required=True, danger=True),
    _act("recycle", _recycle, fields=(_reason("recycled"), _BACK), danger=True),
    _act("disqualify", fields=(_reason("disqualified"),), comment_required=True, danger=True),
    _act("archive", fields=(_reason("archived"),), comment_required=True, danger=True),
    _act("revive"),
    _act("reopen", comment_required=True),
    _act("reopen_as_prospect", comment_required=True),
)
