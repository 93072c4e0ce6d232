"""Offers of leads: what whoever is offered one is told, how much time is left, and accept or reject."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Case, F, QuerySet, When
from django.http import HttpRequest
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from compliance import admin_words as words
from compliance import clock
from compliance.admin_acts import ActsAdmin
from compliance.admin_pages import NOTHING, Panel, Record, badge, link, name_of, page_of
from handoff import handover, reasons, waits
from handoff.admin.standing import INTENT_TONES
from handoff.models import Handoff, Intent, Tier

State = Handoff.State
TIER_TONES: Mapping[str, str] = {Tier.A: "good", Tier.B: "info", Tier.C: "plain"}


@admin.register(Handoff)
class HandoffAdmin(Record, ActsAdmin):
    """Offers, the open ones first."""

    personal = True
    acts = handover.ACTS
    means = {
        "accept": _("The lead is yours: an MQL becomes SAL, and no sequence writes to the person meanwhile."),
        "reject": _("Your reason decides where the lead goes, and it travels with it."),
    }
    tones = {State.OPEN: "info", State.ACCEPTED: "good", State.REJECTED: "wait", State.REVERTED: "bad"}
    list_display = ("lead_shown", "tier_shown", "state_shown", "clock_shown", "to_shown", "offered_at", "reason_shown")
    list_filter = ("state", "tier", ("to", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("lead__contact__account", "to")
    search_fields = ("lead__contact__last_name", "lead__contact__address", "lead__contact__account__name")
    search_help_text = _("Name, address or company")
    # What is due first at the top, then what is answered, the latest first.
    ordering = (Case(When(state=State.OPEN, then=F("due_at"))).asc(nulls_last=True), "-pk")
    fields = (
        ("lead_link", "company_shown"),
        ("to_shown", "by_shown"),
        ("offered_at", "due_at"),
        ("closed_at", "reason_shown"),
        ("cause_shown", "playbook"),
    )
    readonly_fields = ("lead_link", "company_shown", "to_shown", "by_shown", "reason_shown", "cause_shown")
    help_when_empty = _("Nothing has been offered yet. Offers come with answers, and with hot signals.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Handoff]:
        rows: QuerySet[Handoff] = super().get_queryset(request)
        return rows.select_related("lead__contact__account", "to")

    def panels(self, request: HttpRequest, row: Handoff, at: datetime) -> list[Panel]:
        told = {
            "row": row,
            "tier": badge(row.tier, TIER_TONES.get(row.tier, "plain")),
            "clock": waits.clock_of(row.due_at, row.warn_at, at) if row.state == State.OPEN else "",
            "gaps": [waits.gap(name) for name in _texts(row.payload, "gaps")],
            "company": _text(row.payload, "company"),
            "title": _text(row.payload, "title"),
            "source": _text(row.payload, "source"),
            "touchpoints": [_moment(one) for one in _rows(row.payload, "touchpoints")],
            "signals": [_heard(one) for one in _rows(row.payload, "signals")],
            "ruled_out": _texts(row.payload, "ruled_out"),
            "indicators": _texts(row.payload, "indicators"),
            "open_questions": _texts(row.payload, "open_questions"),
        }
        return [
            *super().panels(request, row, at),
            Panel(_("What you are told"), "handoff/desk/payload.html", told, first=True),
        ]

    @admin.display(description=_("lead"), ordering="lead__contact__last_name")
    def lead_shown(self, row: Handoff) -> str:
        return waits.named(row.lead)

    @admin.display(description=_("lead"))
    def lead_link(self, row: Handoff) -> Any:
        return link(row.lead)

    @admin.display(description=_("company"))
    def company_shown(self, row: Handoff) -> Any:
        return link(row.lead.contact.account)

    @admin.display(description=_("tier"), ordering="tier")
    def tier_shown(self, row: Handoff) -> str:
        return badge(row.tier, TIER_TONES.get(row.tier, "plain"))

    @admin.display(description=_("clock"), ordering="due_at")
    def clock_shown(self, row: Handoff) -> Any:
        return waits.clock_of(row.due_at, row.warn_at, clock.now()) if row.state == State.OPEN else NOTHING

    @admin.display(description=_("offered to"), ordering="to__last_name")
    def to_shown(self, row: Handoff) -> str:
        return name_of(row.to)

    @admin.display(description=_("offered by"))
    def by_shown(self, row: Handoff) -> str:
        return words.name_actors({row.offered_by})[row.offered_by]

    @admin.display(description=_("cause"))
    def cause_shown(self, row: Handoff) -> Any:
        said = words.say_subject(row.cause)
        return format_html('<a class="ho-link" href="{}">{}</a>', page, said) if (page := page_of(row.cause)) else said

    @admin.display(description=_("because"), ordering="reason")
    def reason_shown(self, row: Handoff) -> str:
        return reasons.say(row.reason) if row.reason else NOTHING


def _text(payload: Any, key: str) -> str:
    return str(payload.get(key, "")) if isinstance(payload, dict) else ""


def _texts(payload: Any, key: str) -> list[str]:
    return [str(one) for one in _list(payload, key)]


def _rows(payload: Any, key: str) -> Sequence[Mapping[str, Any]]:
    return [one for one in _list(payload, key) if isinstance(one, dict)]


def _list(payload: Any, key: str) -> Sequence[Any]:
    found = payload.get(key) if isinstance(payload, dict) else None
    return found if isinstance(found, list) else []


def _moment(one: Mapping[str, Any]) -> dict[str, Any]:
    return {"at": _read(one), "what": one.get("what", "")}


def _heard(one: Mapping[str, Any]) -> dict[str, Any]:
    intent = str(one.get("intent", ""))
    label = Intent(intent).label if intent in Intent else intent
    return {**one, "at": _read(one), "intent": label, "tone": INTENT_TONES.get(intent, "plain")}


def _read(one: Mapping[str, Any]) -> datetime | None:
    try:
        return parse_datetime(str(one.get("at", "")))
    except ValueError:
        return None
