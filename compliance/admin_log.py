"""The audit log as people read it: changes first, looks and refusals a click away. All of it is evidence."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from compliance import admin_words as words
from compliance import audit
from compliance.admin_pages import NOTHING, Panel, Record, Rows, badge, page_of, pretty
from compliance.models import AuditEntry


class Log(Rows):
    """A list whose actors are named with one query for the whole page, with its kinds in sight above it."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list: list[Any] = list(self.result_list)
        names = words.name_actors({row.actor for row in self.result_list})
        for row in self.result_list:
            row.actor_name = names[row.actor]
        self.kinds = [kind for row in self.filter_specs if isinstance(row, Kind) for kind in row.choices(self)]


class Sealed(admin.SimpleListFilter):
    """Whether an entry has its place in the chain."""

    title = _("seal")
    parameter_name = "sealed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("sealed")), ("no", _("not yet sealed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        return queryset.filter(sealed=self.value() == "yes") if self.value() else queryset


class Actor(admin.SimpleListFilter):
    """Whether a person acted or the installation by itself."""

    title = _("who acted")
    parameter_name = "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("people", _("people")), ("system", _("Handoff itself"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        if self.value() == "people":
            return queryset.filter(actor__startswith="user:")
        return queryset.filter(actor="system") if self.value() else queryset


class When(admin.DateFieldListFilter):
    """Today, this week, this month, this year."""

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.title = _("when")


class Kind(admin.SimpleListFilter):
    """What sort of thing happened. Changes unless asked otherwise: looks are so many that they would bury them."""

    title = _("what happened")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("changes", _("Changes")),
            ("refused", _("Refused, and failed sign-ins")),
            ("signed", _("Signed in and out")),
            ("looks", _("Looks at personal data")),
            ("all", _("Everything")),
        ]

    def value(self) -> str:
        asked = super().value()
        return asked if asked in dict(self.lookup_choices) else "changes"

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        for key, title in self.lookup_choices:
            link = changelist.get_query_string({self.parameter_name: key})
            yield {"selected": self.value() == key, "query_string": link, "display": title}

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        looks, access = Q(verb__startswith=audit.LOOKS), Q(verb__startswith=audit.ACCESS)
        refused = Q(verb__in=("access.denied", "access.sign_in_failed", "access.factor_failed"))
        chosen = {"changes": ~looks & ~access, "looks": looks, "refused": refused, "signed": access & ~refused}
        return queryset.filter(chosen.get(self.value(), Q()))


@admin.register(AuditEntry)
class AuditEntryAdmin(Record):
    """What happened, by whom, to what, why, and its place in the chain."""

    list_display = ("at", "who", "what", "subject_shown", "because", "place")
    list_before_template = "admin/pages/log_kinds.html"
    list_filter = (Kind, Actor, ("at", When), Sealed)
    search_fields = ("=subject", "=verb", "=actor")
    search_help_text = _("Subject, sequences.contact:12")
    ordering = ("-pk",)
    list_select_related = ("seal",)
    fields = ("at", "who", "what", "verb", "subject_shown", "reason", "details", "digest", "place", "chain")
    readonly_fields = ("who", "what", "subject_shown", "details", "place", "chain")
    help_when_empty = _("Nothing has happened yet.")

    def get_changelist(self, request: HttpRequest, **rest: Any) -> type[Rows]:
        return Log

    def panels(self, request: HttpRequest, row: AuditEntry, at: datetime) -> list[Panel]:
        return []

    @admin.display(description=_("by"), ordering="actor")
    def who(self, row: AuditEntry) -> str:
        if row.verb == "access.sign_in_failed":
            return str(_("Somebody not signed in"))
        return getattr(row, "actor_name", "") or words.name_actors([row.actor])[row.actor]

    @admin.display(description=_("what"), ordering="verb")
    def what(self, row: AuditEntry) -> str:
        return words.say_verb(row.verb)

    @admin.display(description=_("reason"), ordering="reason")
    def because(self, row: AuditEntry) -> str:
        return row.reason or _in_short(row.verb, row.data) or NOTHING

    @admin.display(description=_("subject"), ordering="subject")
    def subject_shown(self, row: AuditEntry) -> Any:
        url, said = page_of(row.subject), words.say_subject(row.subject)
        return format_html('<a class="ho-link" href="{}">{}</a>', url, said) if url else said

    @admin.display(description=_("details"))
    def details(self, row: AuditEntry) -> str:
        return pretty(row.data)

    @admin.display(description=_("place in the chain"))
    def place(self, row: AuditEntry) -> str:
        return str(row.seal.position) if hasattr(row, "seal") else badge(_("not yet sealed"), "wait")

    @admin.display(description=_("chain"))
    def chain(self, row: AuditEntry) -> str:
        return row.seal.chain if hasattr(row, "seal") else NOTHING


def _in_short(verb: str, data: Mapping[str, Any]) -> str:
    """What an entry without a reason says of a look or a refusal."""
    if verb.startswith(audit.LOOKS) and "rows" in data:
        shown = ngettext("%(count)d row", "%(count)d rows", data["rows"]) % {"count": data["rows"]}
        return f"{shown}, {_('searched for')}" if data.get("search") else shown
    if "act" in data:
        return str(_("tried “%(act)s”") % {"act": data["act"].replace("_", " ")})
    return ""
