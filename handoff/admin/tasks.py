"""What is asked of people: mine and my roles' first, by when it is due."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Case, F, Q, QuerySet, When
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from compliance import clock
from compliance.admin_acts import ActsAdmin
from compliance.admin_pages import NOTHING, Panel, Record, badge, link, person
from handoff import dashboard_ladder, todo, waits
from handoff.admin import standing
from handoff.models import Task

State = Task.State


class Whose(admin.SimpleListFilter):
    """Mine unless asked otherwise."""

    title = _("whose")
    parameter_name = "whose"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("mine", _("Mine and my roles', open")), ("open", _("All open ones")), ("all", _("Everything"))]

    def value(self) -> str:
        asked = super().value()
        return asked if asked in dict(self.lookup_choices) else "mine"

    def choices(self, changelist: Any) -> Iterator[Any]:
        for key, title in self.lookup_choices:
            link_to = changelist.get_query_string({self.parameter_name: key})
            yield {"selected": self.value() == key, "query_string": link_to, "display": title}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        if self.value() == "all":
            return queryset
        mine = dashboard_ladder.asked_of(person(request)) if self.value() == "mine" else Q()
        return queryset.filter(mine, state=State.OPEN)


@admin.register(Task)
class TaskAdmin(Record, ActsAdmin):
    """Tasks."""

    personal = True
    acts = todo.ACTS
    means = {
        "finish": _("You did what it asks for. A task about a stage closes by itself when the lead gets there."),
        "drop": _("It need not be done any more."),
    }
    tones = {State.OPEN: "info", State.DONE: "good", State.DROPPED: "plain"}
    list_display = (
        "what_shown",
        "lead_shown",
        "stage_shown",
        "whose_shown",
        "clock_shown",
        "note_shown",
    )
    list_filter = (Whose, "kind", "role")
    list_select_related = ("lead__contact__account", "person")
    search_fields = ("lead__contact__last_name", "lead__contact__address", "lead__contact__account__name")
    search_help_text = _("Name, address or company")
    ordering = (Case(When(state=State.OPEN, then=F("due_at"))).asc(nulls_last=True), "-pk")
    fields = (
        ("what_shown", "lead_link"),
        ("whose_shown", "stage_shown"),
        ("opened_at", "due_at"),
        ("closed_at", "clock_shown"),
        "note_shown",
    )
    readonly_fields = ("what_shown", "lead_link", "whose_shown", "stage_shown", "clock_shown", "note_shown")
    help_when_empty = _("Nothing is asked of anybody yet. Tasks come with signals, stages, offers and briefings.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Task]:
        rows: QuerySet[Task] = super().get_queryset(request)
        return rows.select_related("lead__contact__account", "person")

    def panels(self, request: HttpRequest, row: Task, at: datetime) -> list[Panel]:
        told = {"row": row, "next": standing.next_step(row.lead, at)}
        lacks = Panel(_("What the lead lacks"), "handoff/desk/next.html", told, first=True)
        return [*super().panels(request, row, at), *([lacks] if row.state == State.OPEN else [])]

    @admin.display(description=_("what"), ordering="kind")
    def what_shown(self, row: Task) -> str:
        return capfirst(row.get_kind_display())

    @admin.display(description=_("lead"), ordering="lead__contact__last_name")
    def lead_shown(self, row: Task) -> str:
        return waits.named(row.lead)

    @admin.display(description=_("lead"))
    def lead_link(self, row: Task) -> Any:
        return link(row.lead)

    @admin.display(description=_("stage"), ordering="lead__stage")
    def stage_shown(self, row: Task) -> str:
        return badge(row.lead.get_stage_display(), standing.tone(row.lead.stage))

    @admin.display(description=_("asked of"))
    def whose_shown(self, row: Task) -> str:
        return waits.whose(row)

    @admin.display(description=_("why"))
    def note_shown(self, row: Task) -> str:
        return waits.note_of(row) or NOTHING

    @admin.display(description=_("clock"), ordering="due_at")
    def clock_shown(self, row: Task) -> Any:
        return waits.clock_of(row.due_at, None, clock.now()) if row.state == State.OPEN else NOTHING
