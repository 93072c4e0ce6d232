"""Recipient lists: who is loaded for a sequence, what the door says of them, what still waits for a signature."""

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from compliance import admin_words as words
from compliance import clock, watching
from compliance.admin_acts import ActsAdmin
from compliance.admin_halts import stop_panel
from compliance.admin_pages import NOTHING, Panel, Record, badge, person, pretty
from sequences import approval, lists, showing
from sequences.admin import sights, signatures
from sequences.admin.imports import ImportPages
from sequences.imports import reasons
from sequences.models import ImportRun, ListRow, RecipientList, SequenceVersion

State = RecipientList.State
# Asking the door about more people than this takes longer than a page should; it is asked on demand.
_ASKED_AT_ONCE = 1000
_FINDINGS_SHOWN = 200


@admin.register(RecipientList)
class RecipientListAdmin(ImportPages, ActsAdmin):
    """The people loaded for one sequence version."""

    acts = lists.ACTS
    means = {
        "submit": _("The list is handed to the CRO as it stands. Nobody is written to before it is signed."),
        "sign": _("You sign every row as it stands. Everybody whom the door does not refuse starts the sequence."),
        "sign_changes": _("You sign every row as it is now. Who was added starts the sequence, who was held goes on."),
        "reject": _("The list goes back for good; nobody on it is written to."),
        "withdraw": _("Nobody on the list is written to any more. This cannot be undone; a new list can be loaded."),
    }
    tones = {
        State.DRAFT: "plain",
        State.SUBMITTED: "wait",
        State.RUNNING: "good",
        State.REJECTED: "bad",
        State.WITHDRAWN: "bad",
    }
    open_in = State.DRAFT
    list_display = ("name", "sequence_version", "state_shown", "rows_shown", "author_shown", "created_at")
    list_filter = ("state",)
    list_select_related = ("sequence_version__sequence", "author")
    search_fields = ("name", "sequence_version__sequence__name")
    search_help_text = _("Name of the list or its sequence")
    ordering = ("-pk",)
    help_when_empty = _("A list holds the people for one signed sequence. Add one, then load a file into it.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[RecipientList]:
        rows: QuerySet[RecipientList] = super().get_queryset(request)
        return rows.annotate(row_count=Count("rows"))

    def get_fieldsets(self, request: HttpRequest, obj: RecipientList | None = None) -> Any:
        about = ("author_shown", "created_at", "submitted_at", "digest") if obj else ()
        return [(None, {"fields": ("name", "sequence_version", *about)})]

    def get_readonly_fields(self, request: HttpRequest, obj: RecipientList | None = None) -> tuple[str, ...]:
        return ("author_shown", "created_at", "submitted_at", "digest") if obj else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **rest: Any) -> Any:
        if db_field.name == "sequence_version":
            signed = SequenceVersion.objects.filter(state=SequenceVersion.State.APPROVED)
            rest["queryset"] = signed.select_related("sequence").order_by("sequence__name", "-number")
        return super().formfield_for_foreignkey(db_field, request, **rest)

    def save_model(self, request: HttpRequest, obj: RecipientList, form: ModelForm, change: bool) -> None:
        if not change:
            obj.author, obj.created_at = person(request), clock.now()
        super().save_model(request, obj, form, change)

    def note_change(self, request: HttpRequest, row: Any, fields: Any, *, created: bool) -> None:
        if created or fields:
            approval.note_edit(row, by=person(request), at=clock.now(), created=created)

    def has_delete_permission(self, request: HttpRequest, obj: RecipientList | None = None) -> bool:
        empty = obj is not None and obj.state == State.DRAFT and not obj.rows.exists() and not obj.imports.exists()
        return empty and bool(person(request).has_perm("sequences.delete_recipientlist"))

    def shown_digest(self, row: RecipientList) -> str:
        # A running list keeps the digest that was signed last; what would be signed now are the rows as they stand.
        return lists.digest_now(row) if row.state == State.RUNNING else row.digest

    def panels(self, request: HttpRequest, row: RecipientList, at: datetime) -> list[Panel]:
        people = Panel(
            _("People on the list"), "sequences/list_people.html", self._people(request, row, at), first=True
        )
        stop = stop_panel(request, [row.key])
        return [*super().panels(request, row, at), people, stop, signatures.panel(row)]

    def to_be_seen(self, request: HttpRequest, row: RecipientList, at: datetime) -> tuple[list[Panel], str]:
        found = showing.recipients(row, by=person(request), at=at)
        watching.viewed(request, row, rows=len(found.samples))
        return sights.list_panels(found), found.token

    def _people(self, request: HttpRequest, row: RecipientList, at: datetime) -> dict[str, Any]:
        count = row.rows.filter(removed_at=None).count()
        asked = bool(count) and (count <= _ASKED_AT_ONCE or "ask" in request.GET)
        every = reverse("admin:sequences_listrow_changelist") + f"?recipient_list__id__exact={row.pk}"
        shown: dict[str, Any] = {"count": count, "asked": asked, "rows_url": every, "load_url": _load_url(request, row)}
        if asked:
            ahead = lists.look_ahead(row, at)
            shown["permitted"] = len(ahead.permitted)
            shown["refused"] = [(words.say(code), number) for code, number in ahead.refused.most_common()]
            shown["refused_total"] = sum(ahead.refused.values())
            shown["unsigned"] = len(lists.unsigned(row, at)) if row.state == State.RUNNING else 0
        if row.state == State.RUNNING and (ends := lists.signature_ends(row)):
            shown |= {"signature_ends": ends, "signature_ended": ends <= at}
        shown["imports"] = row.imports.select_related("by").order_by("-pk")[:5]
        return shown

    @admin.display(description=_("people"), ordering="row_count")
    def rows_shown(self, row: Any) -> int:
        return int(row.row_count)


def _load_url(request: HttpRequest, row: RecipientList) -> str:
    if row.state not in {State.DRAFT, State.RUNNING} or not person(request).has_perm("sequences.import_contact"):
        return ""
    try:
        return reverse("admin:sequences_recipientlist_import", args=[row.pk])
    except NoReverseMatch:
        return ""


class Signed(admin.SimpleListFilter):
    """Whether the CRO has signed a row."""

    title = _("signature")
    parameter_name = "signed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("signed")), ("no", _("waits for a signature"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ListRow]) -> QuerySet[ListRow]:
        if self.value() == "yes":
            return queryset.exclude(signed_leaf="")
        return queryset.filter(signed_leaf="") if self.value() else queryset


@admin.register(ListRow)
class ListRowAdmin(Record):
    """People on lists."""

    personal = True
    list_display = ("contact", "recipient_list", "source", "basis", "signed", "removed_at")
    list_filter = ("recipient_list", Signed)
    list_select_related = ("contact__account", "recipient_list")
    search_fields = ("contact__address", "contact__last_name")
    search_help_text = _("Address or name")
    ordering = ("recipient_list", "pk")
    fields = ("contact", "recipient_list", "source", "basis", "signed", "signed_at", "signed_leaf", "removed_at")
    readonly_fields = ("signed",)
    help_when_empty = _("Nobody has been loaded yet.")
    actions = ("take_off",)

    def has_take_off_permission(self, request: HttpRequest) -> bool:
        return bool(person(request).has_perm("sequences.withdraw_recipientlist"))

    @admin.action(description=_("Take these people off their list"), permissions=["take_off"])
    def take_off(self, request: HttpRequest, queryset: QuerySet[ListRow]) -> None:
        chosen = list(queryset.select_related("recipient_list"))
        taken = lists.take_off(chosen, by=person(request), at=clock.now())
        said = ngettext("%(count)d person is off the list.", "%(count)d people are off the list.", taken)
        self.message_user(request, said % {"count": taken}, messages.SUCCESS)

    @admin.display(description=_("signature"), ordering="signed_leaf")
    def signed(self, row: ListRow) -> str:
        return badge(_("signed"), "good") if row.signed_leaf else badge(_("waits for a signature"), "wait")


@admin.register(ImportRun)
class ImportRunAdmin(Record):
    """Files that were loaded, and what was said of each row."""

    list_display = ("at", "file_name", "recipient_list", "preset", "by", "summary")
    list_display_links = ("at", "file_name")
    list_select_related = ("recipient_list", "by")
    search_fields = ("file_name", "recipient_list__name")
    search_help_text = _("File or list")
    ordering = ("-pk",)
    fields = ("at", "file_name", "recipient_list", "preset", "by", "file_digest", "counts_shown")
    readonly_fields = ("counts_shown",)
    help_when_empty = _("No file has been loaded yet.")

    def panels(self, request: HttpRequest, row: ImportRun, at: datetime) -> list[Panel]:
        found = [
            {**one, "verdict": reasons.label(str(one["verdict"])), "code": reasons.reason(str(one["code"]))}
            for one in row.findings[:_FINDINGS_SHOWN]
        ]
        shown = {"findings": found, "more": max(0, len(row.findings) - _FINDINGS_SHOWN)}
        return [Panel(_("Row by row"), "sequences/findings.html", shown)]

    @admin.display(description=_("verdicts"))
    def summary(self, row: ImportRun) -> str:
        said = [f"{number} {reasons.label(verdict)}" for verdict, number in row.counts.items() if number]
        return ", ".join(said) or NOTHING

    @admin.display(description=_("counts"))
    def counts_shown(self, row: ImportRun) -> str:
        return pretty({reasons.label(verdict): number for verdict, number in row.counts.items()})
