"""Texts and their versions: written while a draft, frozen from submission, signed step by step."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Count, Max, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from compliance import clock, watching
from compliance.admin_acts import ActsAdmin
from compliance.admin_halts import stop_panel
from compliance.admin_pages import Page, Panel, badge, key_in, person
from sequences import approval, countersigning, differences, showing
from sequences.admin import preview, sights, signatures, versions
from sequences.models import Template, TemplateVersion
from sequences.render import MissingValue, UnsafeValue

State = TemplateVersion.State
TONES = {
    State.DRAFT: "plain",
    State.SUBMITTED: "wait",
    State.MESSAGING_APPROVED: "wait",
    State.NARRATIVE_APPROVED: "wait",
    State.LOADED: "good",
    State.REJECTED: "bad",
}
_COPIED = ("language", "subject", "preview", "body")


@admin.register(Template)
class TemplateAdmin(Page):
    """What versions of one text have in common."""

    list_display = ("name", "sequence_type", "slug", "versions_shown", "last_state")
    list_filter = ("sequence_type",)
    search_fields = ("name", "slug")
    search_help_text = _("Name or key")
    ordering = ("name", "pk")
    fields = ("name", "slug", "sequence_type")
    prepopulated_fields = {"slug": ("name",)}
    help_when_empty = _("A template is one text with all its versions. Add the first, then write its first version.")

    def get_prepopulated_fields(self, request: HttpRequest, obj: Template | None = None) -> dict[str, Any]:
        return {} if obj else self.prepopulated_fields

    def get_readonly_fields(self, request: HttpRequest, obj: Template | None = None) -> tuple[str, ...]:
        # The type belongs to what was signed; the key names files.
        return ("slug", "sequence_type") if obj and obj.versions.exists() else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Template]:
        rows: QuerySet[Template] = super().get_queryset(request)
        return rows.annotate(version_count=Count("versions")).prefetch_related("versions")

    def has_delete_permission(self, request: HttpRequest, obj: Template | None = None) -> bool:
        unused = obj is not None and not obj.versions.exists()
        return unused and bool(person(request).has_perm("sequences.delete_template"))

    def panels(self, request: HttpRequest, row: Template, at: datetime) -> list[Panel]:
        return [versions.panel(request, row, model="templateversion", tones=TONES), stop_panel(request, [row.key])]

    @admin.display(description=_("versions"), ordering="version_count")
    def versions_shown(self, row: Any) -> int:
        return int(row.version_count)

    @admin.display(description=_("latest"))
    def last_state(self, row: Template) -> str:
        last = max(row.versions.all(), key=lambda one: one.number, default=None)
        return badge(last.get_state_display(), TONES[State(last.state)]) if last else "–"


@admin.register(TemplateVersion)
class TemplateVersionAdmin(ActsAdmin):
    """One wording on its way to the readers."""

    acts = approval.TEXT_ACTS + countersigning.TEXT_ACTS
    means = {
        "submit": _("The text is frozen as it stands and handed to the CMO. A later change is a new version."),
        "approve_messaging": _("You sign exactly the text shown here. It goes on to the CRO."),
        "approve_narrative": _("You sign exactly the text shown here. It goes on to sales ops."),
        "load": _("You sign exactly the text shown here. Sequences may use it from now on."),
        "renew_messaging": _("You sign exactly the text shown here, in place of a CMO who is gone; its mail goes on."),
        "renew_narrative": _("You sign exactly the text shown here, in place of a CRO who is gone; its mail goes on."),
        "renew_loading": _("You sign exactly the text shown here, in place of somebody who is gone; its mail goes on."),
        "reject": _("The text goes back for good; its author starts a new version. Signatures given are kept."),
    }
    tones = TONES
    open_in = State.DRAFT
    list_display = ("template", "number", "state_shown", "subject", "author_shown", "created_at")
    list_display_links = ("template", "number")
    list_filter = ("state", "template__sequence_type", "language")
    list_select_related = ("template", "author")
    search_fields = ("template__name", "subject")
    search_help_text = _("Template or subject")
    ordering = ("template__name", "-number", "pk")
    help_when_empty = _("Add a template first, then write its first version.")

    def get_fieldsets(self, request: HttpRequest, obj: TemplateVersion | None = None) -> Any:
        written: tuple[str, ...] = ("subject", "preview", "body", "language", "change_note")
        if obj is None:
            return [(None, {"fields": ("template", *written)})]
        about = ("author_shown", "created_at", "submitted_at", "digest")
        if not self.has_change_permission(request, obj):
            written = tuple("body_shown" if name == "body" else name for name in written)
        return [(None, {"fields": ("template", *written)}), (_("About this version"), {"fields": about})]

    def get_readonly_fields(self, request: HttpRequest, obj: TemplateVersion | None = None) -> tuple[str, ...]:
        return ("template", "body_shown", "author_shown", "created_at", "submitted_at", "digest") if obj else ()

    @admin.display(description=_("text"))
    def body_shown(self, row: TemplateVersion) -> str:
        return format_html('<pre class="ho-pre" tabindex="0">{}</pre>', row.body)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **rest: Any) -> Any:
        if db_field.name == "body":
            rest["widget"] = UnfoldAdminTextareaWidget(attrs={"rows": 18, "class": "ho-wide"})
        return super().formfield_for_dbfield(db_field, request, **rest)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new version begins with the words of the last one."""
        given = super().get_changeform_initial_data(request)
        key = key_in(request.GET.get("template", ""))
        last = TemplateVersion.objects.filter(template_id=key).order_by("-number").first() if key else None
        return {**({name: getattr(last, name) for name in _COPIED} if last else {}), **given}

    def save_model(self, request: HttpRequest, obj: TemplateVersion, form: ModelForm, change: bool) -> None:
        if not change:
            # The template's row is held so that two versions begun at once do not get one number.
            template = Template.objects.select_for_update().get(pk=obj.template_id)
            last = template.versions.aggregate(last=Max("number"))["last"]
            obj.number, obj.author, obj.created_at = (last or 0) + 1, person(request), clock.now()
        super().save_model(request, obj, form, change)

    def note_change(self, request: HttpRequest, row: Any, fields: Any, *, created: bool) -> None:
        if created or fields:
            approval.note_edit(row, by=person(request), at=clock.now(), created=created)

    def has_delete_permission(self, request: HttpRequest, obj: TemplateVersion | None = None) -> bool:
        unsent = obj is not None and obj.state == State.DRAFT and not obj.steps.exists()
        return unsent and bool(person(request).has_perm("sequences.delete_templateversion"))

    def panels(self, request: HttpRequest, row: TemplateVersion, at: datetime) -> list[Panel]:
        panels = [*super().panels(request, row, at), self._preview(request, row, request.GET.get("as", ""))]
        if row.state not in {State.DRAFT, State.LOADED}:
            panels.append(sights.text_panel(differences.of_text(row)))
        return [*panels, signatures.panel(row), stop_panel(request, [row.template.key])]

    def to_be_seen(self, request: HttpRequest, row: TemplateVersion, at: datetime) -> tuple[list[Panel], str]:
        chosen, people = request.GET.get("as", ""), _sees_people(request)
        try:
            found = showing.text(row, by=person(request), at=at, reader=preview.reader(chosen, people=people))
        except (MissingValue, UnsafeValue):
            if chosen:
                # The preview says what is wrong; what somebody could not read they do not sign.
                return [self._preview(request, row, chosen)], ""
            chosen = preview.INVENTED
            found = showing.text(row, by=person(request), at=at)
        panel = self._preview(request, row, chosen)
        return [panel, sights.text_panel(found.difference), sights.writers_panel(found.writers)], found.token

    def _preview(self, request: HttpRequest, row: TemplateVersion, chosen: str) -> Panel:
        panel = preview.panel(row, chosen=chosen, people=_sees_people(request))
        if shown := panel.data.get("contact"):
            watching.viewed(request, shown)
        return panel


def _sees_people(request: HttpRequest) -> bool:
    return bool(person(request).has_perm("sequences.view_contact"))
