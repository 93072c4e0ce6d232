"""Decides which numbers the first page shows: what was sent and what was not, and why; what stands at this moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from compliance import admin_words as words
from compliance.models import Strength, Suppression
from compliance.sealer import unsealed
from sequences.admin.outbox import TONES
from sequences.models import Enrollment, Mailbox, OutboundMessage

State = OutboundMessage.State


@dataclass(frozen=True)
class Number:
    """One thing counted, today and in the last seven days; `url` shows the rows."""

    name: Any
    today: int
    week: int
    url: str
    tone: str = "plain"


@dataclass(frozen=True)
class Standing:
    """One thing as it stands at this moment; `alarm` when a person should look at it."""

    name: Any
    count: int
    url: str
    alarm: bool = False


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
