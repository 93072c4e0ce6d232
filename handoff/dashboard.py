"""Decides what the first page shows: what waits for this person, what stands still, how to begin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from compliance import admin_words as words
from compliance import agreeing, clock, halts, host_stop, incidents, installation, lifting, playbook
from compliance.acts import Act, Offer, offers
from compliance.admin_incidents import told
from compliance.admin_pages import page_of
from compliance.audit import reference
from compliance.models import Halt, Incident, LiftRequest, PlaybookVersion, Purpose, Strength, Suppression
from compliance.models import Halt, Incident, LiftRequest, Purpose
from compliance.playbook import NoPlaybook
from compliance.principals import Staff
from compliance.transitions import arrows
from handoff.first_steps import first_steps
from handoff.roles import roles_of
from sequences import approval, countersigning, lists
from sequences.admin import inbox
from sequences.admin.outbox import TONES
from sequences.models import (
    Enrollment,
    InboundMessage,
    Mailbox,
    OutboundMessage,
    RecipientList,
    SequenceVersion,
    TemplateVersion,
)
from handoff.dashboard_ladder import rungs, turns
from handoff.dashboard_numbers import numbers, standing, why_not
from handoff.roles import roles_of
from sequences import approval, countersigning, lists
from sequences.models import Mailbox, RecipientList, SequenceVersion, TemplateVersion

_WORK: tuple[tuple[type[Model], Sequence[Act]], ...] = (
    (TemplateVersion, approval.TEXT_ACTS + countersigning.TEXT_ACTS),
    (SequenceVersion, approval.SEQUENCE_ACTS + countersigning.SEQUENCE_ACTS),
    (RecipientList, lists.ACTS),
    (Incident, incidents.ACTS),
    (LiftRequest, lifting.ACTS),
    (PlaybookVersion, agreeing.ACTS),
)
_CONFIRM = [act for act in halts.ACTS if act.arrow == "confirm_start"]
_ROWS_LOOKED_AT = 50
# Reading every row of a longer list would make the first page slow; its own page says what may be done with it.
_PEOPLE_LOOKED_AT = 1000
_BADGES: Mapping[Purpose | None, tuple[Any, str]] = {
    None: (_("Not set up"), "danger"),
    Purpose.STAGING: (_("Staging"), "info"),
    Purpose.DEMO: (_("Demo"), "warning"),
    Purpose.TEST: (_("Test"), "warning"),
}


@dataclass(frozen=True)
class Waiting:
    """One row on which this person has an open act."""

    kind: Any
    title: str
    url: str
    can: tuple[str, ...]
    since: datetime


@dataclass(frozen=True)
class Halted:
    """One thing that stands still until two people start it again."""

    said: str
    reason: str
    since: datetime
    url: str


def installation_badge(request: HttpRequest) -> list[str] | None:
    """That it may not send, or what this database is for, beside the title; nothing in production."""
    found = (_("Disarmed"), "danger") if installation.disarmed() else _BADGES.get(installation.purpose())
    return [str(found[0]), found[1]] if found else None


def first_page(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the signed-in person should look at first."""
    by, at = request.user, clock.now()
    may_see_mail = by.has_perm("sequences.view_outboundmessage")
    context["roles"] = roles_of(list(by.groups.values_list("name", flat=True))) if by.pk else []
    context["disarmed"] = installation.disarmed()
    context["halted"] = halted()
    context["host_stopped"] = host_stop.stands()
    context["no_factor"] = not settings.REQUIRE_MFA
    context["not_agreed"] = playbook.is_example()
    context["incidents"] = open_incidents(by)
    context["now"] = at
    context["turns"] = turns(by, at) if by.pk else []
    context["rungs"] = rungs(by)
    context["waiting"] = waiting_for(by, at)
    context["waiting_count"] = len(context["turns"]) + len(context["waiting"])
    context["steps"] = first_steps(by)
    context["standing"] = standing(by)
    context["numbers"] = numbers(at) if may_see_mail else []
    context["why_not"] = why_not(at) if may_see_mail else []
    return context


def waiting_for(by: Any, at: datetime) -> list[Waiting]:
    """What this person has an open act on, the longest waiting first."""
    found = [*_starts(by), *_answers(by), *(one for model, acts in _WORK for one in _waiting(model, acts, by, at))]
    return sorted(found, key=lambda one: one.since)


def _starts(by: Staff) -> list[Waiting]:
    """Halts that somebody else has asked to start again, and that this person may confirm."""
    label = arrows(Halt)["confirm_start"].label
    found = []
    for row in Halt.objects.filter(state=Halt.State.START_ASKED).order_by("pk")[:_ROWS_LOOKED_AT]:
        if all(offer.open for offer in offers(row, _CONFIRM, by)):
            said = words.say_scope(row.scope)
            found.append(Waiting(_("start again"), said, page_of(reference(row)), (label,), row.asked_at or row.at))
    return found


def _answers(by: Staff) -> list[Waiting]:
    """The mails that wait for somebody to say what they are, together; they are worked off one after the other."""
    route = arrows(InboundMessage)["route"]
    rows = InboundMessage.objects.filter(state=InboundMessage.State.WAITING, looked_at__isnull=False)
    oldest = rows.order_by("received_at").first() if route.open_to(by) else None
    if oldest is None:
        return []
    count = rows.count()
    said = ngettext("%(count)d reply that waits for a person", "%(count)d replies that wait for a person", count)
    return [Waiting(_("incoming mail"), said % {"count": count}, inbox.queue(), (route.label,), oldest.received_at)]


def open_incidents(by: Any) -> list[dict[str, Any]]:
    """Incidents that nobody has closed yet, the gravest first, for who may see them."""
    may = by.has_perm("compliance.view_incident")
    return [{"row": row, "told": told(row)} for row in (incidents.still_open() if may else [])]


def halted() -> list[Halted]:
    """What stands still because somebody, or a breaker, stopped it; the latest first."""
    rows = Halt.objects.exclude(state=Halt.State.LIFTED).order_by("-order_no")[:_ROWS_LOOKED_AT]
    return [Halted(words.say_scope(row.scope), row.reason, row.at, page_of(reference(row))) for row in rows]


def _waiting(model: type[Model], acts: Sequence[Act], by: Staff, at: datetime) -> list[Waiting]:
    declared = arrows(model)
    mine = [act for act in acts if not act.danger and declared[act.arrow].open_to(by)]
    states = {state for act in mine for state in declared[act.arrow].sources}
    rows = model._default_manager.filter(state__in=states).order_by("-pk")[:_ROWS_LOOKED_AT] if states else []
    found = []
    for row in rows:
        if can := tuple(offer.label for offer in _offers(row, mine, by, at) if offer.open):
            found.append(Waiting(model._meta.verbose_name, str(row), page_of(reference(row)), can, _since(row)))
    return found


def _since(row: Any) -> datetime:
    moments = (getattr(row, name, None) for name in ("submitted_at", "asked_at", "opened_at", "created_at"))
    return next(moment for moment in moments if isinstance(moment, datetime))


def _offers(row: Any, acts: Sequence[Act], by: Staff, at: datetime) -> list[Offer]:
    if isinstance(row, RecipientList) and row.rows.count() > _PEOPLE_LOOKED_AT:
        label = arrows(RecipientList)["sign"].label
        return [Offer(act, label, ()) for act in acts if act.arrow == "sign" and row.state == row.State.SUBMITTED]
    try:
        return offers(row, acts, by, at)
    except NoPlaybook:
        return []


def numbers(at: datetime) -> list[Number]:
    """What came of messages, and how many people opted out, today and in the last seven days."""
    week, today = at - timedelta(days=7), timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    settled = OutboundMessage.objects.filter(settled_at__gt=week)
    rows = settled.values("state").annotate(week=Count("pk"), today=Count("pk", filter=Q(settled_at__gte=today)))
    by_state: Mapping[str, Mapping[str, Any]] = {row["state"]: row for row in rows}
    nothing: Mapping[str, Any] = {"today": 0, "week": 0}
    ended = (State.ACCEPTED, State.REFUSED, State.REJECTED, State.EXPIRED, State.CANCELLED)
    shown = [
        Number(
            state.label,
            by_state.get(state, nothing)["today"],
            by_state.get(state, nothing)["week"],
            _messages(state__exact=state.value),
            TONES[state],
        )
        for state in ended
    ]
    stops = Suppression.objects.filter(strength=Strength.OPT_OUT, at__gt=week)
    recorded = stops.aggregate(week=Count("pk"), today=Count("pk", filter=Q(at__gte=today)))
    stopped = reverse("admin:compliance_suppression_changelist") + f"?strength__exact={Strength.OPT_OUT}"
    return [*shown, Number(_("opt-outs"), recorded["today"], recorded["week"], stopped)]


def standing(by: Any) -> list[Standing]:
    """What stands still or goes on at this moment, as far as this person may see it."""
    found: list[Standing] = []
    if by.has_perm("sequences.view_outboundmessage"):
        waiting = OutboundMessage.objects.filter(state=State.PLANNED).count()
        doubt = OutboundMessage.objects.filter(state=State.IN_DOUBT).count()
        found.append(Standing(_("messages waiting"), waiting, _messages(state__exact=State.PLANNED.value)))
        found.append(Standing(_("in doubt"), doubt, _messages(state__exact=State.IN_DOUBT.value), alarm=doubt > 0))
    if by.has_perm("sequences.view_enrollment"):
        found.extend(_passages())
    if by.has_perm("sequences.view_mailbox"):
        stopped = Mailbox.objects.filter(state=Mailbox.State.STOPPED).count()
        url = reverse("admin:sequences_mailbox_changelist") + "?state__exact=stopped"
        found.append(Standing(_("mailboxes stopped"), stopped, url, alarm=stopped > 0))
    if by.has_perm("compliance.view_auditentry"):
        found.append(
            Standing(_("entries not yet sealed"), unsealed(), reverse("admin:compliance_auditentry_changelist"))
        )
    return found


def _passages() -> list[Standing]:
    counted = dict(Enrollment.objects.values_list("state").annotate(Count("pk")))
    url = reverse("admin:sequences_enrollment_changelist")
    names = {
        Enrollment.State.ACTIVE: _("people in a sequence"),
        Enrollment.State.FINISHED: _("finished"),
        Enrollment.State.EXITED: _("ended early"),
    }
    return [Standing(name, counted.get(state, 0), f"{url}?state__exact={state}") for state, name in names.items()]


def why_not(at: datetime) -> list[dict[str, Any]]:
    """Why mail did not go in the last seven days, or waits: state, reason, how many, where to see them."""
    held = Q(state=State.PLANNED) | Q(state=State.IN_DOUBT)
    ended = Q(state__in=[State.REFUSED, State.REJECTED, State.EXPIRED, State.CANCELLED])
    rows = OutboundMessage.objects.exclude(reason="").filter(held | (ended & Q(settled_at__gt=at - timedelta(days=7))))
    counted = rows.values("state", "reason").annotate(count=Count("pk")).order_by("-count", "state", "reason")[:12]
    return [
        {
            "state": State(row["state"]).label,
            "tone": TONES[State(row["state"])],
            "because": words.say(row["reason"]),
            "count": row["count"],
            "url": _messages(state__exact=row["state"], because=row["reason"]),
        }
        for row in counted
    ]


def _messages(**wanted: str) -> str:
    return f"{reverse('admin:sequences_outboundmessage_changelist')}?{urlencode(wanted)}"
def first_steps(by: Any) -> list[Step]:
    """The way from an empty installation to the first message; nothing once it has been gone."""
    steps = [
        _step(by, _("A mailbox"), _("Where mail leaves from."), "mailbox", Mailbox.objects.exists()),
        _step(
            by,
            _("A text"),
            _("Written by content, signed by CMO and CRO, loaded by sales ops."),
            "template",
            TemplateVersion.objects.filter(state=TemplateVersion.State.LOADED).exists(),
        ),
        _step(
            by,
            _("A sequence"),
            _("Signed texts with waits between them, approved by the CRO."),
            "sequence",
            SequenceVersion.objects.filter(state=SequenceVersion.State.APPROVED).exists(),
        ),
        _step(
            by,
            _("A recipient list"),
            _("The people for one sequence, signed by the CRO. Then the first messages are planned."),
            "recipientlist",
            RecipientList.objects.filter(state=RecipientList.State.RUNNING).exists(),
        ),
    ]
    return [] if all(step.done for step in steps) else steps


def _step(by: Any, name: Any, why: Any, model: str, done: bool) -> Step:
    if by.has_perm(f"sequences.add_{model}") and not done:
        return Step(name, why, done, reverse(f"admin:sequences_{model}_add"))
    seen = by.has_perm(f"sequences.view_{model}")
    return Step(name, why, done, reverse(f"admin:sequences_{model}_changelist") if seen else "")
