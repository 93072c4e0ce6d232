"""Sequences and their versions: steps are put together while a draft and frozen from submission."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.forms import PaginationInlineFormSet

from compliance import clock
from compliance.admin_acts import ActsAdmin
from compliance.admin_halts import stop_panel
from compliance.admin_pages import Page, Panel, person
from sequences import approval, countersigning, policy
from sequences.admin import signatures, versions
from sequences.models import Sequence, SequenceVersion, Step, TemplateVersion

State = SequenceVersion.State
TONES = {State.DRAFT: "plain", State.SUBMITTED: "wait", State.APPROVED: "good", State.REJECTED: "bad"}


@admin.register(Sequence)
class SequenceAdmin(Page):
    """What versions of one sequence have in common."""

    list_display = ("name", "type", "slug", "versions_shown")
    list_filter = ("type",)
    search_fields = ("name", "slug")
    search_help_text = _("Name or key")
    ordering = ("name", "pk")
    fields = ("name", "slug", "type")
    prepopulated_fields = {"slug": ("name",)}
    help_when_empty = _("A sequence is a series of texts with waits between them. Add the first one.")

    def get_prepopulated_fields(self, request: HttpRequest, obj: Sequence | None = None) -> dict[str, Any]:
        return {} if obj else self.prepopulated_fields

    def get_readonly_fields(self, request: HttpRequest, obj: Sequence | None = None) -> tuple[str, ...]:
        return ("slug", "type") if obj and obj.versions.exists() else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Sequence]:
        rows: QuerySet[Sequence] = super().get_queryset(request)
        return rows.annotate(version_count=Count("versions"))

    def has_delete_permission(self, request: HttpRequest, obj: Sequence | None = None) -> bool:
        unused = obj is not None and not obj.versions.exists()
        return unused and bool(person(request).has_perm("sequences.delete_sequence"))

    def panels(self, request: HttpRequest, row: Sequence, at: datetime) -> list[Panel]:
        return [versions.panel(request, row, model="sequenceversion", tones=TONES), stop_panel(request, [row.key])]

    @admin.display(description=_("versions"), ordering="version_count")
    def versions_shown(self, row: Any) -> int:
        return int(row.version_count)


class StepForm(forms.ModelForm):
    """One step of a sequence."""

    class Meta:
        model = Step
        fields = ("position", "template_version", "wait_days", "wait_kind")

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        for field in self.fields.values():
            # The headings of the table are no labels to a screen reader.
            field.widget.attrs["aria-label"] = field.label
        if "position" in self.fields:
            self.fields["position"].required = False
        if "template_version" in self.fields:
            usable = TemplateVersion.objects.exclude(state=TemplateVersion.State.REJECTED)
            self.fields["template_version"].queryset = usable.select_related("template").order_by(  # type: ignore[attr-defined]
                "template__name", "-number"
            )


class StepForms(PaginationInlineFormSet):
    """The steps of a version; one without a number comes last."""

    def clean(self) -> None:
        super().clean()
        steps = [form.instance for form in self.forms if form.has_changed() or form.instance.pk]
        last = max((step.position for step in steps if step.position), default=0)
        for step in steps:
            if not step.position:
                last += 1
                step.position = last


class StepInline(TabularInline):
    """The steps of a version."""

    model = Step
    form = StepForm
    formset = StepForms
    ordering = ("position",)
    verbose_name_plural = _("steps")

    def get_extra(self, request: HttpRequest, obj: SequenceVersion | None = None, **rest: Any) -> int:
        return 0 if obj else 1

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **rest: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **rest)
        if isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field

    def has_add_permission(self, request: HttpRequest, obj: SequenceVersion | None = None) -> bool:
        return _is_open(obj) and bool(super().has_add_permission(request, obj))

    def has_change_permission(self, request: HttpRequest, obj: SequenceVersion | None = None) -> bool:
        return _is_open(obj) and bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: SequenceVersion | None = None) -> bool:
        return _is_open(obj) and bool(super().has_delete_permission(request, obj))


@admin.register(SequenceVersion)
class SequenceVersionAdmin(ActsAdmin):
    """One version of a sequence on its way to the CRO's signature."""

    acts = approval.SEQUENCE_ACTS + countersigning.SEQUENCE_ACTS
    means = {
        "submit": _("The steps are frozen as they stand and handed to the CRO. A later change is a new version."),
        "approve": _("You sign exactly these steps, waits and texts. Lists may use the sequence from now on."),
        "reject": _("The version goes back for good; its author starts a new one."),
        "renew": _("You sign exactly these steps, waits and texts, in place of a CRO who is gone; its mail goes on."),
    }
    tones = TONES
    open_in = State.DRAFT
    inlines = (StepInline,)
    list_display = ("sequence", "number", "state_shown", "steps_shown", "author_shown", "created_at")
    list_display_links = ("sequence", "number")
    list_filter = ("state", "sequence__type")
    list_select_related = ("sequence", "author")
    search_fields = ("sequence__name",)
    search_help_text = _("Name of the sequence")
    ordering = ("sequence__name", "-number", "pk")
    help_when_empty = _("Add a sequence first, then put its first version together.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[SequenceVersion]:
        rows: QuerySet[SequenceVersion] = super().get_queryset(request)
        return rows.annotate(step_count=Count("steps"))

    def get_fieldsets(self, request: HttpRequest, obj: SequenceVersion | None = None) -> Any:
        about = ("number", "author_shown", "created_at", "submitted_at", "digest") if obj else ()
        return [(None, {"fields": ("sequence", *about)})]

    def get_readonly_fields(self, request: HttpRequest, obj: SequenceVersion | None = None) -> tuple[str, ...]:
        about = ("sequence", "number", "author_shown", "created_at", "submitted_at", "digest")
        return about if obj else ()

    def save_model(self, request: HttpRequest, obj: SequenceVersion, form: ModelForm, change: bool) -> None:
        if not change:
            sequence = Sequence.objects.select_for_update().get(pk=obj.sequence_id)
            last = sequence.versions.aggregate(last=Max("number"))["last"]
            obj.number, obj.author, obj.created_at = (last or 0) + 1, person(request), clock.now()
        super().save_model(request, obj, form, change)

    def note_change(self, request: HttpRequest, row: Any, fields: Any, *, created: bool) -> None:
        if created:
            approval.note_edit(row, by=person(request), at=clock.now(), created=True)

    def save_formset(self, request: HttpRequest, form: ModelForm, formset: Any, change: bool) -> None:
        version = form.instance
        # Held until the steps are stored: nobody submits the version in between.
        if not SequenceVersion.objects.select_for_update().filter(pk=version.pk, state=State.DRAFT).exists():
            raise PermissionDenied(_("It was submitted while you were writing; your changes are not kept."))
        super().save_formset(request, form, formset, change)
        if change and formset.has_changed():
            approval.note_edit(version, by=person(request), at=clock.now(), created=False)

    def has_delete_permission(self, request: HttpRequest, obj: SequenceVersion | None = None) -> bool:
        unsigned = obj is not None and obj.state == State.DRAFT and not obj.lists.exists()
        return unsigned and bool(person(request).has_perm("sequences.delete_sequenceversion"))

    def panels(self, request: HttpRequest, row: SequenceVersion, at: datetime) -> list[Panel]:
        steps = row.steps.select_related("template_version__template").order_by("position")
        allowed = {"steps": steps, "policy": policy.policy_of(row.sequence.type), "type": row.sequence}
        plan = Panel(_("What will be sent, and when"), "sequences/plan.html", allowed, first=True)
        return [*super().panels(request, row, at), plan, signatures.panel(row)]

    @admin.display(description=_("steps"), ordering="step_count")
    def steps_shown(self, row: Any) -> int:
        return int(row.step_count)


def _is_open(version: SequenceVersion | None) -> bool:
    return version is None or version.state == State.DRAFT
