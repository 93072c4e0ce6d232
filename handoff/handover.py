"""The offer of a lead to a person: made once for each cause, answered in time, or taken back (spec H1, H3, H4, H9).

Nothing lies in silence: an offer that nobody answers is reverted and somebody by name is asked to follow it up.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from compliance import audit, playbook
from compliance.acts import Act, Asked, Consent, Field
from compliance.factor import Kind
from compliance.principals import SYSTEM, Principal, System, actor
from compliance.refusals import Refusal, Refused
from compliance.transitions import move
from handoff import alerts, clocks, grounds, ladder, payload, reasons, tiers, todo
from handoff.ladder import Said
from handoff.models import OPEN, Handoff, Lead, Stage, Task
from sequences.approval import only

_SWEEP = 100
_FOLLOWED_UP_BY = "chief_of_staff"
_ROUTES: Mapping[str, str] = {
    "timing": "recycle",
    "too_small": "recycle",
    "no_budget_authority": "recycle",
    "no_real_intent": "nurture",
    "duplicate": "join",
    "bad_data": "mend",
    "bad_contact_data": "mend",
}
_OTHERWISE = "disqualify"


def offer(lead: Lead, to: User, *, cause: str, by: Principal, at: datetime) -> Handoff | None:
    """Offer a lead: payload frozen, clock started, alert made. None when the cause was heard before, or one stands.

    Raises NoPlaybook.
    """
    facts = grounds.of(lead)
    tier = tiers.tier_of(facts, at, playbook.section("tiers"))
    clock = clocks.accept(tier, at, clocks.hours_of(to))
    told = payload.of(lead, facts, tier=tier, due_at=clock.due_at, at=at)
    row = Handoff(
        lead=lead,
        cause=cause[:120],
        move_token=secrets.token_hex(8),
        to=to,
        offered_at=at,
        offered_by=actor(by),
        tier=tier,
        due_at=clock.due_at,
        warn_at=clock.warn_at,
        playbook=playbook.active().number,
        payload_form=payload.FORM,
        payload=told,
    )
    with transaction.atomic():
        made = _made(row)
        if made is None:
            return None
        audit.record("handoff.handoff.offered", audit.reference(made), by=by, at=at, tier=tier, to=f"user:{to.pk}")
        _tell(made, at)
        if told["gaps"]:
            hours = clocks.hours_of(clocks.first_of("sales_ops"))
            due = clocks.runs("mql_classified", at, hours).due_at
            note = ", ".join(told["gaps"])
            todo.ask(
                Task.Kind.COMPLETE, lead, cause=f"handoff:{made.pk}", role="sales_ops", due_at=due, at=at, note=note
            )
    return made


def _made(row: Handoff) -> Handoff | None:
    """The offer, stored; None when the lead is closed, or the database holds another one of this cause or lead."""
    still = Lead.objects.select_for_update(no_key=True).filter(pk=row.lead_id, stage__in=OPEN)
    if not still.exists():
        return None
    Handoff.objects.bulk_create([row], ignore_conflicts=True)
    return Handoff.objects.filter(move_token=row.move_token, cause=row.cause).first()


def accept(row: Handoff, *, by: Principal, at: datetime, consent: Consent) -> Handoff:
    """Whoever it was offered to takes the lead on: an MQL becomes SAL, theirs. Raises Refused."""
    if refusals := against_answering(row, by):
        raise Refused(refusals)
    lead = Lead.objects.select_related("contact__account").get(pk=row.lead_id)
    with transaction.atomic():
        if lead.stage == Stage.MQL:
            ladder.take(lead, "accept", by=by, at=at, said=Said(notes=consent.comment), set={"owner": by})
        else:
            Lead.objects.filter(pk=lead.pk, stage=lead.stage).update(owner=row.to)
        return only(move(row, "accept", by=by, at=at, reason=consent.comment, set={"closed_at": at}))


def reject(row: Handoff, *, by: Principal, at: datetime, consent: Consent) -> Handoff:
    """Whoever it was offered to says why not; where the lead goes, the reason decides (spec H7). Raises Refused."""
    reason = consent.said("reason")
    if refusals := [*against_answering(row, by), *_unknown_reason(reason)]:
        raise Refused(refusals)
    lead = Lead.objects.select_related("contact__account").get(pk=row.lead_id)
    route = str(playbook.section("rejections").get(reason, _ROUTES.get(reason, _OTHERWISE)))
    with transaction.atomic():
        columns = {"closed_at": at, "reason": reason}
        moved = only(move(row, "reject", by=by, at=at, reason=consent.comment, set=columns, data={"code": reason}))
        _send_on(lead, route, reason, moved, by=by, at=at, notes=consent.comment)
    return moved


def revert_round(at: datetime) -> dict[str, int]:
    """Warn of offers whose time runs out, and take back those whose time is over: reverted, flagged, followed up."""
    warned = sum(
        _warn(row, at) for row in _open().filter(warn_at__lte=at, due_at__gt=at, warned_at__isnull=True)[:_SWEEP]
    )
    reverted = sum(_revert(row, at) for row in _open().filter(due_at__lte=at)[:_SWEEP])
    return {"warned": warned, "reverted": reverted}


def against_answering(row: Handoff, by: Principal) -> list[Refusal]:
    """An offer is answered by whoever it was made to."""
    if not isinstance(by, System) and row.to_id == by.pk:
        return []
    who = row.to.get_full_name() or row.to.get_username()
    return [Refusal("offered_to_another", _("It is offered to %(who)s.") % {"who": who})]


def _open() -> QuerySet[Handoff]:
    return Handoff.objects.filter(state=Handoff.State.OPEN).select_related("lead__contact", "to").order_by("due_at")


def _warn(row: Handoff, at: datetime) -> int:
    title = _now("Soon too late: %(lead)s, tier %(tier)s") % {"lead": _name(row), "tier": row.tier}
    text = _now("Please answer by %(due)s.") % {"due": f"{row.due_at:%Y-%m-%d %H:%M} UTC"}
    with transaction.atomic():
        still = Handoff.objects.filter(pk=row.pk, state=Handoff.State.OPEN, warned_at__isnull=True)
        if not still.update(warned_at=at):
            return 0
        alerts.tell(row.to, row, title, text, cause=f"warn:{row.pk}", at=at)
    return 1


def _revert(row: Handoff, at: datetime) -> int:
    with transaction.atomic():
        if not move(row, "revert", by=SYSTEM, at=at, set={"closed_at": at}):
            return 0
        person = clocks.first_of(_FOLLOWED_UP_BY)
        due = clocks.runs("reply_waits", at, clocks.hours_of(person)).due_at
        cause, note = f"reverted:{row.pk}", _now("Nobody answered the offer in time.")
        todo.ask(
            Task.Kind.FOLLOW_UP,
            row.lead,
            cause=cause,
            role=_FOLLOWED_UP_BY,
            person=person,
            due_at=due,
            at=at,
            note=note,
        )
        if person:
            title = _now("Nobody answered: %(lead)s, tier %(tier)s") % {"lead": _name(row), "tier": row.tier}
            alerts.tell(person, row, title, note, cause=cause, at=at)
    return 1


def _tell(row: Handoff, at: datetime) -> None:
    title = _now("A lead for you: %(lead)s, tier %(tier)s") % {"lead": _name(row), "tier": row.tier}
    heard = ", ".join(f"{signal['kind']} {signal['name']}" for signal in row.payload["signals"]) or "–"
    lines = [
        _now("Please accept or reject by %(due)s.") % {"due": f"{row.due_at:%Y-%m-%d %H:%M} UTC"},
        _now("Signals: %(heard)s") % {"heard": heard},
        _now("Open questions: %(asked)s") % {"asked": ", ".join(row.payload["open_questions"]) or "–"},
    ]
    alerts.tell(row.to, row, title, "\n".join(lines), cause=f"handoff:{row.pk}", at=at)


def _name(row: Handoff) -> str:
    """Whom it is about, without an address: mail of staff is kept elsewhere, too."""
    contact = row.lead.contact
    company = contact.account.name if contact.account else ""
    return ", ".join(filter(None, [f"{contact.first_name} {contact.last_name}".strip(), company])) or str(row.lead_id)


def _send_on(lead: Lead, route: str, reason: str, row: Handoff, *, by: Principal, at: datetime, notes: str) -> None:
    # Only an MQL rests or is nurtured; of a lead further up somebody is asked.
    rests = lead.stage == Stage.MQL
    if route == "disqualify" and reason in reasons.DISQUALIFIED:
        ladder.take(lead, "disqualify", by=by, at=at, said=Said(reason, notes))
    elif route == "recycle" and rests:
        Lead.objects.filter(pk=lead.pk).update(return_on=ladder.returns_on(reason, None, at), reason=reason)
    elif route != "nurture" or not rests:
        hours = clocks.hours_of(clocks.first_of("sales_ops"))
        due = clocks.deadline("2 business days", at, hours)
        cause = f"rejected:{row.pk}"
        todo.ask(Task.Kind.FOLLOW_UP, lead, cause=cause, role="sales_ops", due_at=due, at=at, note=reasons.say(reason))


def _unknown_reason(reason: str) -> list[Refusal]:
    known = dict(reasons.choices("rejected"))
    if reason in known:
        return []
    return [Refusal("unknown_reason", _("Choose one of: %(known)s.") % {"known": ", ".join(known)}, str(_("reason")))]


REASON = Field("reason", _("Reason"), asked=Asked.CHOICE, choices=lambda: reasons.choices("rejected"), longest=40)
ACTS = (
    Act("accept", accept, against_answering, kind=Kind.WRITES),
    Act("reject", reject, against_answering, fields=(REASON,), danger=True, kind=Kind.WRITES),
)
