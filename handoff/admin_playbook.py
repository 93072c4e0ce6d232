"""The playbook in the admin: what each version says, what it changes, who signed it, and the next one."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminFileFieldWidget

from compliance import admin_words as words
from compliance import agreeing, clock, playbook
from compliance.admin_acts import ActsAdmin
from compliance.admin_lifting import Verb
from compliance.admin_pages import NOTHING, Panel, badge, page_of, person
from compliance.audit import reference
from compliance.models import PlaybookActivation, PlaybookVersion
from compliance.refusals import Refused
from handoff import playbook_changes, playbook_files, playbook_tables
from handoff.playbook_files import LARGEST, PlaybookFile

State = PlaybookVersion.State


class PlaybookForm(forms.ModelForm):  # type: ignore[type-arg]
    """A file that says all that a playbook has to say."""

    file = forms.FileField(
        label=_("File"),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".toml"}),
        help_text=_("A TOML file of 1 MB at the most. Nothing is stored while it has a fault."),
    )

    class Meta:
        model = PlaybookVersion
        fields = ()

    def clean_file(self) -> PlaybookFile:
        upload: UploadedFile[bytes] = self.cleaned_data["file"]
        try:
            return playbook_files.read(upload.read(LARGEST + 1))
        except Refused as refused:
            raise forms.ValidationError([str(one) for one in refused.refusals]) from refused


@admin.register(PlaybookVersion)
class PlaybookVersionAdmin(Verb, ActsAdmin):
    """The organisation's definitions, version by version. A version is loaded, signed twice, and never changed."""

    form = PlaybookForm
    permission = agreeing.LOAD
    acts = agreeing.ACTS
    means = {
        "sign_cmo": _("You have read the whole of it and what changes. The CRO signs next."),
        "sign_cro": _("You have read the whole of it and what changes. It is in force at once, for everything."),
        "reject": _("It will not be agreed upon. The next one is loaded as a version of its own."),
    }
    tones = {
        State.DRAFT: "wait",
        State.CMO_SIGNED: "wait",
        State.IN_FORCE: "good",
        State.FORMER: "plain",
        State.REJECTED: "bad",
    }
    list_display = ("number", "title", "state_shown", "agreed", "created_at", "loaded")
    list_display_links = ("number", "title")
    list_filter = ("state",)
    ordering = ("-number",)
    readonly_fields = ("agreed", "loaded", "digest_shown")
    help_when_empty = _("No playbook is loaded. Run “manage.py setup”, or load one with it.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PlaybookVersion]:
        signed = PlaybookActivation.objects.filter(version=OuterRef("pk"), agreed=True)
        rows: QuerySet[PlaybookVersion] = super().get_queryset(request)
        return rows.annotate(is_agreed=Exists(signed))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            about = _("It waits for the CMO and the CRO, and changes nothing before. Who loads it does not sign it.")
            return [(None, {"fields": ("file",), "description": about})]
        return [(None, {"fields": ("number", "title", "agreed", "created_at", "loaded", "digest_shown")})]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        file: PlaybookFile = form.cleaned_data["file"]
        row = agreeing.propose(file.title, file.document, by=person(request), at=clock.now())
        obj.pk, obj.number, obj.title = row.pk, row.number, row.title

    def response_add(self, request: HttpRequest, obj: Any, *args: Any) -> HttpResponse:
        messages.success(request, _("Loaded. It waits for the signatures of the CMO and the CRO."))
        return HttpResponseRedirect(page_of(reference(obj)))

    def panels(self, request: HttpRequest, row: PlaybookVersion, at: datetime) -> list[Panel]:
        return [*super().panels(request, row, at), _signatures(row), *_changes(row), _document(row)]

    @admin.display(description=_("agreed"))
    def agreed(self, row: Any) -> str:
        if row.is_agreed:
            return badge(_("by CMO and CRO"), "good")
        return badge(_("example, not agreed"), "wait") if row.state == State.IN_FORCE else NOTHING

    @admin.display(description=_("loaded by"))
    def loaded(self, row: PlaybookVersion) -> str:
        return words.name_actors([row.loaded_by])[row.loaded_by] if row.loaded_by else NOTHING

    @admin.display(description=_("digest"))
    def digest_shown(self, row: PlaybookVersion) -> str:
        return row.digest


def _signatures(row: PlaybookVersion) -> Panel:
    rows = list(row.signatures.order_by("pk"))
    names = words.name_actors({one.signed_by for one in rows})
    shown = [
        {
            "step": one.get_role_display(),
            "who": names[one.signed_by],
            "at": one.at,
            "comment": one.comment,
            "digest": one.digest,
            "holds": one.digest == row.digest,
        }
        for one in rows
    ]
    return Panel(_("Signatures"), "sequences/signatures.html", {"signatures": shown}, first=True)


def _changes(row: PlaybookVersion) -> list[Panel]:
    """What it says otherwise than the version in force; nothing for that one itself."""
    if row.state not in playbook.OPEN:
        return []
    try:
        now = playbook.active()
    except playbook.NoPlaybook:
        return []
    data = {"now": now, "changes": playbook_changes.between(now.document, row.document)}
    return [Panel(_("What changes"), "handoff/playbook_changes.html", data, first=True)]


def _document(row: PlaybookVersion) -> Panel:
    data = {"sections": playbook_tables.sections(row.document)}
    return Panel(_("What it says"), "handoff/playbook_document.html", data, first=True)
