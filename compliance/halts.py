"""Decides what stands still: one person stops it, two different people start it again (LAW G9, PIP-13; spec X8).

A halt names a scope that every clearance locks shared, and is placed while that lock is held alone: whatever passed
the door before it has a lower order number, and nothing passes after it.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from compliance import audit, cards, identities, journaling, locks
from compliance.acts import Act, Consent
from compliance.factor import Kind
from compliance.models import Halt, Incident
from compliance.principals import Principal, System, actor
from compliance.refusals import Refusal, Refused, unless_said
from compliance.transitions import NotPermitted, move

EVERYTHING = locks.EVERYTHING
PLACE = "compliance.place_halt"
_REASON = 500
_DOMAIN = "recipient-domain:"


def place(
    scope: str,
    kind: Halt.Kind,
    reason: str,
    *,
    by: Principal,
    at: datetime,
    code: str = "",
    incident: Incident | None = None,
) -> Halt:
    """Nothing in `scope` passes the door from now on. What stands already for the same kind and code is returned.

    Whoever stops what somebody has just asked to start says no to that as well. Inside a transaction of the caller
    it must come before any card or budget is locked. Raises NotPermitted for a person without `place_halt`.
    """
    if not may_place(by):
        raise NotPermitted(f"{actor(by)} may not stop sending")
    with transaction.atomic(durable=not connection.in_atomic_block):
        locks.own_scopes([scope])
        known = Halt.objects.filter(scope=scope, kind=kind, code=code).exclude(state=Halt.State.LIFTED).first()
        if known is not None:
            return _kept(known, reason, by, at)
        return _insert(Halt(scope=scope, kind=kind, reason=reason[:_REASON], code=code, incident=incident), by, at)


def place_again(row: Halt, *, by: Principal, at: datetime) -> None:
    """What a restored database had forgotten stands still again; under the caller's lock on everything.

    Raises IntegrityError when somebody has placed the same meanwhile.
    """
    _insert(row, by, at)


def may_place(by: Principal) -> bool:
    """Every member of staff may stop, and so may the installation itself (LAW APR-08)."""
    return isinstance(by, System) or (by.is_active and by.has_perm(PLACE))


def standing(scopes: Collection[str] | None = None) -> dict[str, Halt]:
    """{scope: the first halt that stands on it}, for these scopes or, without any named, for all."""
    rows = Halt.objects.exclude(state=Halt.State.LIFTED).order_by("-order_no")
    return {row.scope: row for row in (rows if scopes is None else rows.filter(scope__in=set(scopes)))}


def lifted_since(moment: datetime) -> bool:
    """Whether anything was started again after `moment`."""
    return Halt.objects.filter(state=Halt.State.LIFTED, lifted_at__gt=moment).exists()


def opaque(scope: str) -> str:
    """The scope as logs and verdicts may keep it: a recipient's domain may be somebody's name."""
    return scope.partition(":")[0] if scope.startswith(_DOMAIN) else scope


def ask_start(row: Halt, *, by: Principal, at: datetime, consent: Consent) -> Halt:
    """The first of two people says why it may go on. Raises Refused."""
    asked = {"asked_by": actor(by), "asked_person": identities.digest_of(by), "asked_at": at}
    return _taken(row, "ask_start", against_asking(row, by), asked, by=by, at=at, consent=consent)


def confirm_start(row: Halt, *, by: Principal, at: datetime, consent: Consent) -> Halt:
    """The second of two, another person, starts it. Raises Refused."""
    with transaction.atomic(durable=not connection.in_atomic_block):
        # The same lock as a stop: it is either before this start, and undoes the asking, or a new halt after it.
        locks.own_scopes([row.scope])
        current = Halt.objects.get(pk=row.pk)
        done = {"confirmed_by": actor(by), "confirmed_person": identities.digest_of(by), "lifted_at": at}
        taken = _taken(current, "confirm_start", against_confirming(current, by), done, by=by, at=at, consent=consent)
        journaling.start_recorded(taken, at)
    return taken


def decline_start(row: Halt, *, by: Principal, at: datetime, consent: Consent) -> Halt:
    """Anybody who may stop says that it stays stopped. Raises Refused."""
    return _taken(row, "decline_start", [], _NOBODY_ASKED, by=by, at=at, consent=consent)


def against_asking(row: Halt, by: Principal) -> list[Refusal]:
    """Who is not known by an address cannot be told apart from the second person."""
    if row.state == Halt.State.START_ASKED and _asked_by(row, by):
        return [Refusal("already_asked", _("You have asked for it already; a second person confirms."))]
    return _unknown(by)


def against_confirming(row: Halt, by: Principal) -> list[Refusal]:
    """The second person is another than the first, also when the first has two accounts."""
    if row.state == Halt.State.START_ASKED and _asked_by(row, by):
        return [Refusal("same_person", _("You asked for the start yourself; a second person confirms it."))]
    return _unknown(by)


_NOBODY_ASKED = {"asked_by": "", "asked_person": "", "asked_at": None}


def _kept(known: Halt, reason: str, by: Principal, at: datetime) -> Halt:
    if known.state != Halt.State.START_ASKED or isinstance(by, System):
        return known
    return _taken(known, "decline_start", [], _NOBODY_ASKED, by=by, at=at, consent=Consent(reason))


def _insert(row: Halt, by: Principal, at: datetime) -> Halt:
    (row.order_no,) = locks.draw_order(1)
    row.at, row.placed_by = at, actor(by)
    row.domain = cards.domain_digest(row.scope.removeprefix(_DOMAIN)) if row.scope.startswith(_DOMAIN) else ""
    row.save(force_insert=True)
    about = {"scope": opaque(row.scope), "kind": row.kind, "order": row.order_no, "incident": row.incident_id}
    coded = {"code": row.code} if row.code else {}
    audit.record("halt.placed", audit.reference(row), by=by, at=at, reason=row.reason, **about, **coded)
    journaling.halt_recorded(row)
    return row


def _taken(
    row: Halt,
    arrow: str,
    refusals: list[Refusal],
    columns: Mapping[str, object],
    *,
    by: Principal,
    at: datetime,
    consent: Consent,
) -> Halt:
    """The compare-and-set names who asked for the start, so that nobody confirms what another has asked meanwhile."""
    if refusals := [*refusals, *unless_said(consent.comment)]:
        raise Refused(refusals)
    shown = {"asked_by": row.asked_by}
    moved = move(row, arrow, by=by, at=at, reason=consent.comment, set=columns, where=shown)
    if not moved:
        raise Refused([Refusal("changed_meanwhile", _("Somebody else was faster; look again."))])
    return moved[0]


def _asked_by(row: Halt, by: Principal) -> bool:
    return row.asked_by == actor(by) or row.asked_person == identities.digest_of(by)


def _unknown(by: Principal) -> list[Refusal]:
    if identities.digest_of(by):
        return []
    why = _("Your account has no e-mail address, so nobody can tell you from the other person. Have one entered first.")
    return [Refusal("no_address", why)]


ACTS = (
    Act("ask_start", ask_start, against_asking, comment_required=True, kind=Kind.STARTS),
    Act("confirm_start", confirm_start, against_confirming, comment_required=True, kind=Kind.STARTS),
    Act("decline_start", decline_start, comment_required=True, danger=True, kind=Kind.STOPS),
)
