"""What was judged and what was heard, as lists to be read; both are written on the page of a lead."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from compliance import admin_words as words
from compliance.admin_pages import NOTHING, Record, badge, link
from handoff import criteria, waits
from handoff.admin.actors import ByActor
from handoff.admin.standing import INTENT_TONES
from handoff.models import Finding, Signal


class OfCriterion(admin.SimpleListFilter):
    """One gate, one indicator, or the tier of the company."""

    title = _("criterion")
    parameter_name = "criterion"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(key, key) for key in (*criteria.GATES, *criteria.INDICATORS, criteria.ICP)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(criterion=self.value()) if self.value() else queryset


@admin.register(Finding)
class FindingAdmin(ByActor, Record):
    """Findings about companies and people."""

    personal = True
    list_display = ("criterion", "about_shown", "holds_shown", "value", "by_shown", "at", "valid_until")
    list_filter = (OfCriterion, "holds")
    list_select_related = ("account", "contact__account")
    search_fields = ("account__name", "account__domain", "contact__last_name", "contact__address")
    search_help_text = _("Company, domain, name or address")
    ordering = ("-pk",)
    fields = (
        ("criterion", "about_shown"),
        ("holds_shown", "value"),
        "evidence",
        ("by_shown", "at"),
        ("valid_until", "check_name"),
        "reference",
    )
    readonly_fields = ("about_shown", "holds_shown", "by_shown")
    help_when_empty = _("Nothing has been judged yet. Open a lead and judge its gates.")

    @admin.display(description=_("about"))
    def about_shown(self, row: Finding) -> Any:
        return link(row.account or row.contact)

    @admin.display(description=_("is there"), ordering="holds")
    def holds_shown(self, row: Finding) -> str:
        return badge(_("yes"), "good") if row.holds else badge(_("no"), "bad")


@admin.register(Signal)
class SignalAdmin(ByActor, Record):
    """Signals of contacts."""

    personal = True
    actor_column = "recorded_by"
    list_display = ("happened_at", "kind", "who_shown", "intent_shown", "source", "discounted_shown", "by_shown")
    list_display_links = ("happened_at", "kind")
    list_filter = ("intent", "kind", "source", "discounted")
    list_select_related = ("contact__account",)
    search_fields = ("contact__last_name", "contact__address", "contact__account__name", "=reference")
    search_help_text = _("Name, address, company or reference")
    ordering = ("-happened_at", "-pk")
    fields = (
        ("kind", "contact_shown"),
        ("intent_shown", "discounted_shown"),
        "happened_at",
        ("source", "reference"),
        "note",
        ("by_shown", "recorded_at"),
    )
    readonly_fields = ("contact_shown", "intent_shown", "discounted_shown", "by_shown")
    help_when_empty = _("Nothing has been heard yet. Open a lead and note a signal.")

    @admin.display(description=_("contact"), ordering="contact__last_name")
    def who_shown(self, row: Signal) -> str:
        return waits.who(row.contact)

    @admin.display(description=_("contact"))
    def contact_shown(self, row: Signal) -> Any:
        return link(row.contact)

    @admin.display(description=_("intent"), ordering="intent")
    def intent_shown(self, row: Signal) -> str:
        return badge(row.get_intent_display(), INTENT_TONES[row.intent]) if row.intent else NOTHING

    @admin.display(description=_("does not count"), ordering="discounted")
    def discounted_shown(self, row: Signal) -> str:
        return badge(words.say(row.discounted), "wait") if row.discounted else NOTHING
