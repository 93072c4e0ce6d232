"""Decides what every page of the admin has in common: what is shown beside a row, its history, who wrote on it.

Django's own admin log is not kept: it would store names and addresses a second time. The audit log is the record.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from compliance import admin_words as words
from compliance import audit, clock
from compliance.admin_factor import asked
from compliance.factor import Kind
from compliance.models import AuditEntry
from compliance.playbook import NoPlaybook

_ENTRIES_SHOWN = 30
_LONGEST_KEY = 18
NOTHING = "–"


@dataclass(frozen=True)
class Panel:
    """A part of a row's page: a template and what it shows; `first` puts it above the form."""

    title: Any
    template: str
    data: Mapping[str, Any] = field(default_factory=dict)
    first: bool = False
    badge: str = ""


class Rows(ChangeList):  # type: ignore[misc]
    """A list. Without a filter all rows are the rows it shows, which spares the second count."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.query and not self.has_active_filters:
            self.full_result_count = self.result_count


class Page(ModelAdmin):  # type: ignore[misc]
    """What a person may look at, and change where Django's permissions say so. Evidence is never deleted."""

    actions: Any = None
    list_per_page = 50
    show_full_result_count = False
    warn_unsaved_form = True
    change_form_outer_before_template = "admin/pages/first.html"
    change_form_outer_after_template = "admin/pages/beside.html"
    tones: Mapping[Any, str] = {}
    open_in = ""
    """The one state in which the row may be changed by its form; empty: in all."""
    help_when_empty: Any = ""
    personal = False
    """Whether its lists and pages show who somebody is; then each look at them is recorded (compliance.watching)."""
    kind = Kind.WRITES
    """What adding or changing a row by its form does, as far as the second factor goes."""

    @admin.display(description=_("state"), ordering="state")
    def state_shown(self, row: Any) -> str:
        """The state in words, coloured."""
        return badge(row.get_state_display(), self.tones.get(row.state, "plain"))

    @admin.display(description=_("by"), ordering="author")
    def author_shown(self, row: Any) -> str:
        """Who wrote it, by name."""
        return name_of(row.author)

    def get_changelist(self, request: HttpRequest, **rest: Any) -> type[ChangeList]:
        return Rows

    def panels(self, request: HttpRequest, row: Any, at: datetime) -> list[Panel]:
        """What stands beside the row."""
        return []

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        shut = obj is not None and self.open_in and obj.state != self.open_in
        return not shut and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changeform_view(self, request: HttpRequest, *args: Any, **rest: Any) -> HttpResponse:
        step = asked(request, self.kind) if request.method == "POST" else None
        page: HttpResponse = step or super().changeform_view(request, *args, **rest)
        return page

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **rest: Any) -> HttpResponse:
        context["show_save_and_add_another"] = False
        row = rest.get("obj")
        if row is not None and row.pk:
            shown = [*self._own_panels(request, row), history(request, row)]
            context["panels_first"] = [panel for panel in shown if panel.first]
            context["panels_beside"] = [panel for panel in shown if not panel.first]
        page: HttpResponse = super().render_change_form(request, context, *args, **rest)
        return page

    def _own_panels(self, request: HttpRequest, row: Any) -> list[Panel]:
        try:
            return self.panels(request, row, clock.now())
        except NoPlaybook:
            return [Panel(_("There is no playbook"), "admin/pages/no_playbook.html", first=True)]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            self._update(obj, form.changed_data)
        else:
            super().save_model(request, obj, form, change)
        self.note_change(request, obj, form.changed_data, created=not change)

    def _update(self, obj: Any, changed: Sequence[str]) -> None:
        # Only what the form changed: a state that a verb moved in the meantime is not to be written back.
        columns = {name: getattr(obj, name) for name in changed if name in _columns(type(obj))}
        still = {"state": self.open_in} if self.open_in else {}
        if columns and not type(obj)._default_manager.filter(pk=obj.pk, **still).update(**columns):
            raise PermissionDenied(_("It was closed while you were writing; your changes are not kept."))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        audit.record(f"{obj._meta.label_lower}.deleted", audit.reference(obj), by=person(request), at=clock.now())
        super().delete_model(request, obj)

    def note_change(self, request: HttpRequest, row: models.Model, fields: Sequence[str], *, created: bool) -> None:
        """Record who created or edited a row, and which fields; never what they said."""
        if created or fields:
            verb = f"{row._meta.label_lower}.{'created' if created else 'edited'}"
            audit.record(verb, audit.reference(row), by=person(request), at=clock.now(), fields=sorted(fields))

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Kept in the audit log."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Kept in the audit log."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        """Kept in the audit log."""


class Record(Page):
    """What happened: to be read only."""

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _columns(model: type[models.Model]) -> set[str]:
    return {column.name for column in model._meta.concrete_fields}


def person(request: HttpRequest) -> Any:
    """Who is acting. The admin lets nobody in who has not signed in."""
    return request.user


def key_in(text: str) -> int | None:
    """The key that somebody wrote into an address, if it can be one."""
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_KEY else None


def name_of(user: Any) -> str:
    """A member of staff as colleagues call them."""
    return str(user.get_full_name() or user.get_username())


def badge(text: Any, tone: str) -> SafeString:
    """A short coloured label; tones are good, wait, bad, info, plain."""
    return format_html('<span class="ho-badge ho-{}">{}</span>', tone, text)


def pretty(data: Any) -> SafeString:
    """JSON to be read."""
    text = json.dumps(data, indent=2, ensure_ascii=False, sort_keys=False)
    return format_html('<pre class="ho-pre" tabindex="0">{}</pre>', text)


def page_of(subject: str) -> str:
    """The address of the page of `app.model:pk`; empty when there is none."""
    label, _colon, key = subject.partition(":")
    try:
        return reverse(f"admin:{label.replace('.', '_')}_change", args=[key])
    except NoReverseMatch:
        return ""


def link(row: models.Model | None, text: Any = None) -> Any:
    """A row as a link to its page."""
    if row is None:
        return NOTHING
    return format_html('<a class="ho-link" href="{}">{}</a>', page_of(audit.reference(row)), text or row)


def history(request: HttpRequest, row: models.Model) -> Panel:
    """What happened to a row, the latest first; who looked at it stands in the audit log."""
    rows = AuditEntry.objects.filter(subject=audit.reference(row)).exclude(verb__startswith=audit.LOOKS)
    rows = rows.select_related("seal").order_by("-pk")
    found = list(rows[: _ENTRIES_SHOWN + 1])
    names = words.name_actors({entry.actor for entry in found})
    everything = reverse("admin:compliance_auditentry_changelist") + f"?q={audit.reference(row)}"
    return Panel(
        _("What happened"),
        "admin/pages/history.html",
        {
            "entries": [_told(entry, names) for entry in found[:_ENTRIES_SHOWN]],
            "more": everything if len(found) > _ENTRIES_SHOWN and _may_read_log(request) else "",
        },
    )


def _may_read_log(request: HttpRequest) -> bool:
    return bool(person(request).has_perm("compliance.view_auditentry"))


def _told(entry: AuditEntry, names: Mapping[str, str]) -> dict[str, Any]:
    was, now = (str(entry.data.get(end, "")) for end in ("from", "to"))
    return {
        "at": entry.at,
        "who": names[entry.actor],
        "what": words.say_verb(entry.verb),
        "reason": entry.reason,
        "was": words.say_state(entry.subject, was) if was else "",
        "now": words.say_state(entry.subject, now) if was and was != now else "",
        "code": words.say(str(entry.data.get("code", "")), entry.subject),
        "sealed": hasattr(entry, "seal"),
    }
