"""Incidents as people read and close them: the gravest open one first, with all that happened around it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Case, Value, When
from django.http import HttpRequest
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from compliance import admin_words as words
from compliance import clock, incidents, timeline
from compliance.admin_acts import ActsAdmin
from compliance.admin_pages import NOTHING, Panel, Record, badge, page_of, person
from compliance.audit import reference
from compliance.models import Halt, Incident
from compliance.timeline import Moment

State = Incident.State
_BY_HAND = (Incident.Kind.BRAND, Incident.Kind.OTHER)
_SEVERITIES = {Incident.Severity.SEV1: "bad", Incident.Severity.SEV2: "bad", Incident.Severity.SEV3: "wait"}


class IncidentForm(forms.ModelForm):  # type: ignore[type-arg]
    """What somebody saw."""

    class Meta:
        model = Incident
        fields = ("title", "kind", "severity")
        widgets = {
            "title": UnfoldAdminTextInputWidget(),
            "kind": UnfoldAdminSelectWidget(),
            "severity": UnfoldAdminSelectWidget(),
        }
        help_texts = {
            "title": _("In one sentence, without names or addresses: it is kept in the log for good."),
            "severity": _("SEV1: it goes on. SEV2: it happened, somebody was harmed. SEV3: it nearly happened."),
        }

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.initial.setdefault("severity", Incident.Severity.SEV2)
        if kind := self.fields.get("kind"):
            kind.choices = [(one.value, one.label) for one in _BY_HAND]  # type: ignore[attr-defined]


@admin.register(Incident)
class IncidentAdmin(ActsAdmin, Record):
    """Incidents. They are opened, reviewed and closed by verbs, never edited."""

    form = IncidentForm
    acts = incidents.ACTS
    means = {
        "record_review": _("You say what the law asks for. The incident cannot be closed without it."),
        "close": _("The incident ends. What it stopped stays stopped until two people start it again."),
    }
    tones = {State.OPEN: "bad", State.REVIEWED: "wait", State.CLOSED: "good"}
    list_display = ("severity_shown", "what", "state_shown", "kind", "age", "assigned")
    list_display_links = ("severity_shown", "what")
    list_filter = ("state", "severity", "kind")
    search_fields = ("title", "=cause_key")
    search_help_text = _("Words of the title")
    # What is open comes first, the gravest and then the oldest of it.
    ordering = (Case(When(state=State.CLOSED, then=Value(1)), default=Value(0)), "severity", "opened_at", "pk")
    help_when_empty = _("Nothing has happened that must not.")

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:
        return bool(person(request).has_perm(incidents.OPEN))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return [(None, {"fields": ("title", "kind", "severity")})]
        parts: list[Any] = [(None, {"fields": ("severity_shown", "kind", "opened_at", "opened", "assigned")})]
        if obj.review:
            parts.append((_("Legal review"), {"fields": ("review", "reviewed", "reviewed_at")}))
        if obj.state == State.CLOSED:
            parts.append((_("Cause and remedy"), {"fields": ("cause", "remedy", "closed", "closed_at")}))
        return parts

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        shown = ("severity_shown", "opened", "assigned", "reviewed", "closed")
        return (*shown, "review", "reviewed_at", "cause", "remedy", "closed_at")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        given = form.cleaned_data
        kind, severity = Incident.Kind(given["kind"]), Incident.Severity(given["severity"])
        row = incidents.open_by_hand(kind, severity, given["title"], by=person(request), at=clock.now())
        obj.pk, obj.opened_at = row.pk, row.opened_at

    def panels(self, request: HttpRequest, row: Incident, at: datetime) -> list[Panel]:
        happened = Panel(_("The incident"), "admin/incidents/happened.html", _happened(row), first=True)
        moments = timeline.of_incident(row)
        shown = {"moments": _told(moments)}
        return [
            happened,
            *super().panels(request, row, at),
            Panel(_("Timeline"), "admin/incidents/timeline.html", shown, first=True),
        ]

    @admin.display(description=_("severity"), ordering="severity")
    def severity_shown(self, row: Incident) -> str:
        return badge(row.get_severity_display(), _SEVERITIES[Incident.Severity(row.severity)])

    @admin.display(description=_("what happened"), ordering="title")
    def what(self, row: Incident) -> str:
        return told(row)

    @admin.display(description=_("open for"), ordering="opened_at")
    def age(self, row: Incident) -> str:
        return timesince(row.opened_at, row.closed_at or clock.now(), depth=1)

    @admin.display(description=_("assigned to"), ordering="assigned_to")
    def assigned(self, row: Incident) -> str:
        return words.say(row.assigned_to)

    @admin.display(description=_("opened by"))
    def opened(self, row: Incident) -> str:
        return _name(row.opened_by)

    @admin.display(description=_("reviewed by"))
    def reviewed(self, row: Incident) -> str:
        return _name(row.reviewed_by)

    @admin.display(description=_("closed by"))
    def closed(self, row: Incident) -> str:
        return _name(row.closed_by)


def _name(actor: str) -> str:
    return words.name_actors([actor])[actor] if actor else NOTHING


def _happened(row: Incident) -> dict[str, Any]:
    """What the incident says of itself, and what stands still because of it."""
    halts = [
        {"said": words.say_scope(halt.scope), "url": page_of(reference(halt)), "state": halt.get_state_display()}
        for halt in Halt.objects.filter(incident=row).order_by("order_no")
    ]
    about = [{"said": words.say_subject(one), "url": page_of(one)} for one in row.facts.get("subjects", [])]
    shown = [(name, _plain(key, row.facts[key])) for key, name in _FACTS.items() if row.facts.get(key)]
    return {
        "row": row,
        "told": told(row),
        "halts": halts,
        "about": about,
        "facts": shown,
        "open": row.state != State.CLOSED,
    }


_FACTS: Mapping[str, Any] = {
    "scope": _("Where"),
    "ref": _("Reference of the message"),
    "stopped": _("Stopped under number"),
    "permitted": _("Passed the door under number"),
    "code": _("Limit"),
    "bad": _("Counted"),
    "of": _("Out of"),
    "in_doubt": _("In doubt"),
    "mail_of_day": _("Mail of that day"),
    "guarantee": _("Guarantee"),
    "invariant": _("Promise"),
    "count": _("Broken how often"),
    "first": _("Broken by"),
}


def _plain(key: str, value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    if key == "scope":
        return words.say_scope(str(value))
    return words.say(value) if key == "code" else str(value)


def told(row: Incident) -> str:
    """An incident in one line: what happened, and where if it knows."""
    return f"{words.say_scope(str(row.facts['scope']))}: {row.title}" if "scope" in row.facts else row.title


def _told(moments: list[Moment]) -> list[dict[str, Any]]:
    names: Mapping[str, str] = words.name_actors({moment.by for moment in moments if moment.by})
    return [
        {
            "at": moment.at,
            "order": moment.order,
            "what": words.say_verb(moment.verb),
            "tone": "bad" if moment.detail.get("late") else _TONES.get(moment.verb, ""),
            "because": words.say(moment.code),
            "about": words.say_scope(str(moment.detail["scope"])) if "scope" in moment.detail else _about(moment),
            "url": page_of(moment.subject) if moment.subject else "",
            "who": names.get(moment.by, ""),
        }
        for moment in moments
    ]


_TONES = {
    "door.stop": "wait",
    "door.permit": "good",
    "door.refuse": "plain",
    "door.defer": "plain",
    "door.lift": "info",
    "incident.opened": "bad",
    "halt.placed": "bad",
    "halt.lifted": "good",
}


def _about(moment: Moment) -> str:
    said = words.say_subject(moment.subject) if moment.subject else ""
    return f"{said} #{moment.detail['attempt']}" if "attempt" in moment.detail else said
