"""The ledger as people read it: clearances, audit log and playbook; stops stand beside it. All of it is evidence."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from compliance import admin_words as words
from compliance.admin_pages import NOTHING, Panel, Record, Rows, badge, page_of, pretty
from compliance.admin_stops import SuppressionAdmin
from compliance.models import AuditEntry, Decision, PlaybookVersion

__all__ = ["AuditEntryAdmin", "DecisionAdmin", "PlaybookVersionAdmin", "SuppressionAdmin", "unsealed"]


def unsealed() -> int:
    """How many entries have no place in the chain yet."""
    return AuditEntry.objects.filter(seal__isnull=True).count()


class Named(Rows):
    """A list whose actors are named with one query for the whole page."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list: list[Any] = list(self.result_list)
        names = words.name_actors({row.actor for row in self.result_list})
        for row in self.result_list:
            row.actor_name = names[row.actor]


@admin.register(Decision)
class DecisionAdmin(Record):
    """What the door said, attempt by attempt."""

    list_display = ("at", "ref", "attempt", "answer", "because", "mailbox")
    list_display_links = ("at", "ref")
    list_filter = ("outcome",)
    search_fields = ("=ref", "=mailbox", "=code")
    search_help_text = _("Reference of a message, 12/1")
    ordering = ("-order_no",)
    fields = ("at", "ref", "attempt", "answer", "because", "not_before", "mailbox", "playbook", "order_no", "person")
    readonly_fields = ("answer", "because")
    help_when_empty = _("Nothing has been sent yet, so nothing had to be decided.")

    def panels(self, request: HttpRequest, row: Decision, at: datetime) -> list[Panel]:
        verdicts = {"verdicts": words.verdict_rows(row.verdicts)}
        return [Panel(_("What every rule said"), "admin/pages/verdicts.html", verdicts, first=True)]

    @admin.display(description=_("answer"), ordering="outcome")
    def answer(self, row: Decision) -> str:
        return badge(row.get_outcome_display(), words.tone(row.outcome))

    @admin.display(description=_("because"), ordering="code")
    def because(self, row: Decision) -> str:
        return words.say(row.code) or NOTHING


class Sealed(admin.SimpleListFilter):
    """Whether an entry has its place in the chain."""

    title = _("seal")
    parameter_name = "sealed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("sealed")), ("no", _("not yet sealed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        return queryset.filter(seal__isnull=self.value() == "no") if self.value() else queryset


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


@admin.register(AuditEntry)
class AuditEntryAdmin(Record):
    """Every change, by whom, to what, why, and its place in the chain."""

    list_display = ("at", "who", "what", "subject_shown", "reason", "place")
    list_filter = (Actor, Sealed)
    search_fields = ("=subject", "=verb", "=actor")
    search_help_text = _("Subject, sequences.contact:12")
    ordering = ("-pk",)
    list_select_related = ("seal",)
    fields = ("at", "who", "what", "verb", "subject_shown", "reason", "details", "digest", "place", "chain")
    readonly_fields = ("who", "what", "subject_shown", "details", "place", "chain")
    help_when_empty = _("Nothing has happened yet.")

    def get_changelist(self, request: HttpRequest, **rest: Any) -> type[Rows]:
        return Named

    def panels(self, request: HttpRequest, row: AuditEntry, at: datetime) -> list[Panel]:
        return []

    @admin.display(description=_("by"), ordering="actor")
    def who(self, row: AuditEntry) -> str:
        return getattr(row, "actor_name", "") or words.name_actors([row.actor])[row.actor]

    @admin.display(description=_("what"), ordering="verb")
    def what(self, row: AuditEntry) -> str:
        return words.say_verb(row.verb)

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


@admin.register(PlaybookVersion)
class PlaybookVersionAdmin(Record):
    """The organisation's definitions, version by version; the highest number is in force."""

    list_display = ("number", "title", "created_at")
    list_display_links = ("number", "title")
    ordering = ("-number",)
    fields = ("number", "title", "created_at", "digest", "whole")
    readonly_fields = ("whole",)
    help_when_empty = _("No playbook is loaded. Run “manage.py setup”, or load one with it.")

    @admin.display(description=_("document"))
    def whole(self, row: PlaybookVersion) -> str:
        return pretty(row.document)
