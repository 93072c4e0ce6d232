"""Briefings: booked, and what became of them."""

from typing import Any

from django.contrib import admin
from django.db.models import Case, F, QuerySet, When
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from compliance.admin_acts import ActsAdmin
from compliance.admin_pages import Record, badge, link
from handoff import booking
from handoff.admin import standing
from handoff.admin.actors import ByActor
from handoff.models import Briefing

State = Briefing.State
TONES = {State.BOOKED: "info", State.HELD: "good", State.NO_SHOW: "bad", State.CANCELLED: "plain"}


@admin.register(Briefing)
class BriefingAdmin(ByActor, Record, ActsAdmin):
    """Briefings, the next one first."""

    personal = True
    actor_column = "booked_by"
    acts = booking.ACTS
    means = {
        "hold": _("They came. The CRO writes next, in person, and decides about a proposal."),
        "miss": _("The CRO is asked to find another date."),
        "cancel": _("The CRO is asked to find another date."),
        "rebook": _("The lead stays ready for its briefing; the question for another date is answered."),
    }
    tones = TONES
    list_display = ("starts_at", "lead", "stage_shown", "state_shown", "by_shown")
    list_display_links = ("starts_at", "lead")
    list_filter = ("state",)
    list_select_related = ("lead__contact__account",)
    search_fields = ("lead__contact__last_name", "lead__contact__address", "lead__contact__account__name")
    search_help_text = _("Name, address or company")
    ordering = (Case(When(state=State.BOOKED, then=F("starts_at"))).asc(nulls_last=True), "-starts_at", "-pk")
    fields = (("lead_link", "stage_shown"), ("starts_at", "closed_at"), ("booked_at", "by_shown"))
    readonly_fields = ("lead_link", "stage_shown", "by_shown")
    help_when_empty = _("No briefing is booked. Book one on the page of an SQL.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Briefing]:
        rows: QuerySet[Briefing] = super().get_queryset(request)
        return rows.select_related("lead__contact__account")

    @admin.display(description=_("lead"))
    def lead_link(self, row: Briefing) -> Any:
        return link(row.lead)

    @admin.display(description=_("stage"), ordering="lead__stage")
    def stage_shown(self, row: Briefing) -> str:
        return badge(row.lead.get_stage_display(), standing.tone(row.lead.stage))
