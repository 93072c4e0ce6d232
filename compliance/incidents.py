"""Opens an incident once for each cause, and closes it only with a legal review, a cause and a remedy (spec CO4).

Whatever opens one stops what it happened in, in the same transaction; two people start that again.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from secrets import token_hex
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from compliance import audit, halts, locks
from compliance.acts import Act, Consent, Field
from compliance.factor import Kind
from compliance.models import Halt, Incident
from compliance.principals import Principal, System, actor
from compliance.refusals import Refusal, Refused
from compliance.transitions import NotPermitted, move

OPEN = "compliance.open_incident"
_TITLE = 200
REVIEW = Field("review", _("Legal review"), _("What the law asks for, and whether somebody has to be told."))
CAUSE = Field("cause", _("Cause"), _("What made it happen; no names or addresses, please."))
REMEDY = Field("remedy", _("Remedy"), _("What was changed so that it does not happen again."))


def open_once(
    cause_key: str,
    kind: Incident.Kind,
    severity: Incident.Severity,
    title: str,
    facts: Mapping[str, Any],
    *,
    by: Principal,
    at: datetime,
    halt_scopes: Collection[str] = (),
    halt_kind: Halt.Kind = Halt.Kind.INCIDENT,
    halt_code: str = "",
) -> Incident:
    """The incident of this cause, opened now unless it ever was; a new one stops `halt_scopes`.

    `facts` holds ids, codes and numbers, never an address. Inside a transaction of the caller it must come before any
    card or budget is locked.
    """
    with transaction.atomic(durable=not connection.in_atomic_block):
        # Also against two workers who find the same cause at the same moment; the scopes in one go, in their order.
        locks.own_scopes([f"incident:{cause_key}", *halt_scopes])
        known = Incident.objects.filter(cause_key=cause_key).first()
        if known is not None:
            return known
        row = Incident(cause_key=cause_key, kind=kind, severity=severity, title=str(title)[:_TITLE])
        row.facts, row.opened_at, row.opened_by = audit.plain(facts), at, actor(by)
        row.save(force_insert=True)
        told = {"kind": kind, "severity": int(severity), "halts": sorted(halt_scopes)}
        audit.record("incident.opened", audit.reference(row), by=by, at=at, reason=row.title, **told)
        for scope in sorted(halt_scopes):
            halts.place(scope, halt_kind, row.title, by=by, at=at, code=halt_code or str(row.pk), incident=row)
    return row


def open_by_hand(
    kind: Incident.Kind, severity: Incident.Severity, title: str, *, by: Principal, at: datetime
) -> Incident:
    """A member of staff says that something happened that must not. Raises NotPermitted and Refused."""
    if isinstance(by, System) or not by.is_active or not by.has_perm(OPEN):
        raise NotPermitted(f"{actor(by)} may not open an incident")
    if not title.strip():
        raise Refused([Refusal("no_title", _("Please say what happened."))])
    return open_once(f"by_hand:{token_hex(8)}", kind, severity, title.strip(), {}, by=by, at=at)


def record_review(row: Incident, *, by: Principal, at: datetime, consent: Consent) -> Incident:
    """Legal writes down what the law asks for; a later review replaces an earlier one, the log keeps both moments."""
    columns = {"review": consent.said("review"), "reviewed_by": actor(by), "reviewed_at": at}
    return _moved(row, "record_review", columns, [REVIEW], by=by, at=at, consent=consent)


def close(row: Incident, *, by: Principal, at: datetime, consent: Consent) -> Incident:
    """Cause and remedy are known. What was stopped stays stopped until two people start it. Raises Refused."""
    said = {name: consent.said(name) for name in ("cause", "remedy")}
    columns = {**said, "closed_by": actor(by), "closed_at": at}
    return _moved(row, "close", columns, [CAUSE, REMEDY], by=by, at=at, consent=consent)


def still_open() -> list[Incident]:
    """Every incident that is not closed, the gravest and then the oldest first."""
    return list(Incident.objects.exclude(state=Incident.State.CLOSED).order_by("severity", "opened_at", "pk"))


def _moved(
    row: Incident,
    arrow: str,
    columns: Mapping[str, Any],
    asked: Collection[Field],
    *,
    by: Principal,
    at: datetime,
    consent: Consent,
) -> Incident:
    missing = [one for one in asked if not consent.said(one.name)]
    if missing:
        raise Refused([Refusal("field_missing", _("Please fill this in."), str(one.label)) for one in missing])
    moved = move(row, arrow, by=by, at=at, reason=consent.comment, set=columns)
    if not moved:
        raise Refused([Refusal("changed_meanwhile", _("Somebody else was faster; look again."))])
    return moved[0]


ACTS = (
    Act("record_review", record_review, fields=(REVIEW,), kind=Kind.WRITES),
    Act("close", close, fields=(CAUSE, REMEDY), kind=Kind.WRITES),
)
