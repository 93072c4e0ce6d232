"""What stands still, and the button that stops everything: one press from any page, with no further question.

Narrower stops are offered on the pages of what they stop, with a reason. Starting again takes two people.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case, Value, When
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from compliance import admin_words as words
from compliance import audit, clock, halts
from compliance.admin_acts import ActsAdmin
from compliance.admin_pages import NOTHING, Panel, Record, link, page_of, person
from compliance.models import Halt

State = Halt.State
Tells = Callable[[HttpRequest, Halt], Panel]
_REASON = "compliance_halt_place"


@dataclass(frozen=True)
class KillSwitch:
    """What the header of every page shows: a button, or what stands."""

    halt: Halt | None
    may_press: bool


def kill_switch(request: HttpRequest) -> dict[str, Any]:
    """For templates: `kill_switch`, read only where it is shown."""
    return {"kill_switch": SimpleLazyObject(lambda: _switch(request))}


def _switch(request: HttpRequest) -> KillSwitch:
    by = getattr(request, "user", None)
    if by is None or not by.is_staff:
        return KillSwitch(None, may_press=False)
    return KillSwitch(halts.standing([halts.EVERYTHING]).get(halts.EVERYTHING), halts.may_place(by))


def stop_panel(request: HttpRequest, scopes: Sequence[str], *, first: bool = False) -> Panel:
    """For the page of something that can be stopped: what stands, and a button with a reason for what does not."""
    stands, may = halts.standing(scopes), halts.may_place(person(request))
    shown = [
        {
            "scope": scope,
            "said": words.say_scope(scope),
            "key": scope.replace(":", "-").replace(".", "-"),
            "halt": stands.get(scope),
            "page": page_of(audit.reference(stands[scope])) if scope in stands else "",
        }
        for scope in scopes
    ]
    return Panel(_("Stop"), "admin/pages/stop.html", {"scopes": shown, "may": may}, first=first)


@admin.register(Halt)
class HaltAdmin(ActsAdmin, Record):
    """Halts. They are placed and lifted by acts, never edited."""

    tells: ClassVar[list[Tells]] = []
    """What upper floors show beside a halt."""

    acts = halts.ACTS
    means = {
        "ask_start": _("You say why it may go on. Nothing starts yet: another person has to confirm it."),
        "confirm_start": _("You are the second person. What waits is sent in its order, within the caps."),
        "decline_start": _("It stays stopped. Whoever thinks that it may go on can ask again."),
    }
    tones = {State.STANDING: "bad", State.START_ASKED: "wait", State.LIFTED: "good"}
    list_display = ("at", "what", "state_shown", "kind", "reason", "placed")
    list_display_links = ("at", "what")
    list_filter = ("state", "kind")
    search_fields = ("scope", "reason")
    search_help_text = _("Reason, or a domain")
    list_select_related = ("incident",)
    # What stands comes first.
    ordering = (Case(When(state=State.LIFTED, then=Value(1)), default=Value(0)), "-order_no")
    help_when_empty = _("Nothing has been stopped.")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        about = ("scope_shown", "at", "placed", "reason", "kind", "code_shown", "incident_shown", "order_no")
        parts: list[Any] = [(None, {"fields": about})]
        if obj and obj.asked_at:
            asked = ("asked_at", "asked", *(("lifted_at", "confirmed") if obj.lifted_at else ()))
            parts.append((_("Starting again"), {"fields": asked}))
        return parts

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("scope_shown", "placed", "code_shown", "incident_shown", "asked", "confirmed")

    def get_urls(self) -> list[URLPattern]:
        stop = require_POST(self.admin_site.admin_view(self.stop_view))
        place = require_http_methods(["GET", "POST"])(self.admin_site.admin_view(self.place_view))
        ours = [path("stop/", stop, name="compliance_halt_stop"), path("place/", place, name=_REASON)]
        return [*ours, *super().get_urls()]

    def stop_view(self, request: HttpRequest) -> HttpResponse:
        """Stop everything, at once."""
        return self._place(request, halts.EVERYTHING, _now("The button “Stop all sending” was pressed."))

    def place_view(self, request: HttpRequest) -> HttpResponse:
        """GET asks why one thing is to be stopped, POST stops it."""
        scope = (request.POST if request.method == "POST" else request.GET).get("scope", "")
        found = words.find_scope(scope)
        if found is None:
            raise Http404
        if not halts.may_place(person(request)):
            raise PermissionDenied
        reason = request.POST.get("comment", "").strip()
        if request.method == "POST" and reason:
            return self._place(request, scope, reason)
        if request.method == "POST":
            messages.error(request, _now("Please say why; the comment is kept in the log."))
        title = _now("Stop: %(what)s") % {"what": found.said}
        back = page_of(found.subject) or reverse("admin:compliance_halt_changelist")
        asked = {**self.admin_site.each_context(request), "title": title, "opts": self.opts}
        return TemplateResponse(
            request,
            "admin/pages/stop_why.html",
            {**asked, "scope": scope, "said": found.said, "back": back},
            status=409 if request.method == "POST" else 200,
        )

    def _place(self, request: HttpRequest, scope: str, reason: str) -> HttpResponse:
        row = halts.place(scope, Halt.Kind.KILL_SWITCH, reason, by=person(request), at=clock.now())
        return HttpResponseRedirect(page_of(audit.reference(row)))

    def panels(self, request: HttpRequest, row: Halt, at: datetime) -> list[Panel]:
        told = [tell(request, row) for tell in self.tells]
        first = {"row": row, "said": words.say_scope(row.scope), "asked_by": self.asked(row)}
        return [
            Panel(_("What this means"), "admin/pages/halt.html", first, first=True),
            *super().panels(request, row, at),
            *told,
        ]

    @admin.display(description=_("what stands still"), ordering="scope")
    def what(self, row: Halt) -> str:
        return words.say_scope(row.scope)

    @admin.display(description=_("what stands still"))
    def scope_shown(self, row: Halt) -> Any:
        found = words.find_scope(row.scope)
        url = page_of(found.subject) if found else ""
        said = found.said if found else row.scope
        return format_html('<a class="ho-link" href="{}">{}</a>', url, said) if url else said

    @admin.display(description=_("placed by"))
    def placed(self, row: Halt) -> str:
        return _name(row.placed_by)

    @admin.display(description=_("start asked for by"))
    def asked(self, row: Halt) -> str:
        return _name(row.asked_by)

    @admin.display(description=_("start confirmed by"))
    def confirmed(self, row: Halt) -> str:
        return _name(row.confirmed_by)

    @admin.display(description=_("code"))
    def code_shown(self, row: Halt) -> str:
        return words.say(row.code) or NOTHING

    @admin.display(description=_("incident"))
    def incident_shown(self, row: Halt) -> Any:
        return link(row.incident)


def _name(actor: str) -> str:
    return words.name_actors([actor])[actor] if actor else NOTHING
