"""Pages that load a file onto a recipient list: choose it, see a verdict per row, confirm; and the way out again."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from import_export.admin import ExportMixin
from import_export.formats.base_formats import CSV, XLSX, Format
from unfold.contrib.import_export.forms import ExportForm

from compliance import clock, watching
from compliance.admin_factor import asked
from compliance.admin_pages import Page, person
from compliance.factor import Kind
from compliance.refusals import Refused
from sequences.imports import bases, leftovers, reasons, uploads
from sequences.imports.cells import ImportFileError
from sequences.imports.files import RecipientFile, surveyed
from sequences.imports.presets import PRESETS
from sequences.imports.previewing import Plan, preview
from sequences.imports.resources import JudgedFile, JudgedRow, RecipientResource, to_carry_out
from sequences.imports.storing import PERMISSION, against_importing
from sequences.imports.verdicts import Verdict
from sequences.models import Contact, RecipientList

_PLAIN_SHOWN, _OTHERS_SHOWN = 20, 200
_TONES: Mapping[str, str] = {
    Verdict.NEW: "good",
    Verdict.CHANGED: "info",
    Verdict.UNCHANGED: "plain",
    Verdict.MISSING_VALUE: "wait",
    Verdict.DUPLICATE: "plain",
}
_BASES: Mapping[str, Any] = {
    bases.LEGITIMATE_INTEREST: _("legitimate interest"),
    bases.CONSENT: _("consent"),
    bases.EXISTING_CUSTOMER: _("existing customer"),
    bases.CONTRACT: _("contract"),
    bases.PUBLISHED_ADDRESS: _("published address"),
}


class UploadForm(forms.Form):
    """The file, and what it does not say of itself."""

    file = forms.FileField(label=_("File"), help_text=_("CSV or XLSX, up to 20 MB and 10,000 people."))
    preset = forms.ChoiceField(label=_("Written by"), required=False)
    basis = forms.ChoiceField(
        label=_("Legal basis"), help_text=_("For rows that state none; the CRO signs it with every row.")
    )
    overrides = forms.CharField(
        label=_("Columns"),
        required=False,
        help_text=_("Only where they are not recognised, one a line: first_name = Given"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        tools = [(preset.key, preset.label) for preset in PRESETS.values()]
        self._choose("preset", [("", _("recognise it")), *tools])
        self._choose("basis", list(_BASES.items()))
        self.fields["file"].widget.attrs["accept"] = ".csv,.tsv,.txt,.xlsx"
        for name, field in self.fields.items():
            field.widget.attrs |= {"class": "ho-input"}
            if field.help_text:
                field.widget.attrs["aria-describedby"] = f"id_{name}_helptext"

    def _choose(self, name: str, choices: Sequence[tuple[str, Any]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    def clean_file(self) -> Any:
        upload = self.cleaned_data["file"]
        if upload.size > uploads.MOST_BYTES:
            raise forms.ValidationError(_("The file is larger than 20 MB; the command import_recipients takes it."))
        return upload

    def clean_overrides(self) -> dict[str, str]:
        lines = [line for line in self.cleaned_data["overrides"].splitlines() if line.strip()]
        if wrong := [line for line in lines if "=" not in line]:
            raise forms.ValidationError(_("Write field = column: %(line)s"), params={"line": wrong[0]})
        return {field.strip(): column.strip() for field, _sign, column in (line.partition("=") for line in lines)}

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        if not self.errors:
            try:
                surveyed(uploads.looked_at(told["file"], told))
            except ImportFileError as error:
                self.add_error("file", _file_error(error, told["file"].name))
        return told


class ImportPages(Page):
    """Adds the pages of the import to the admin of recipient lists."""

    def get_urls(self) -> list[URLPattern]:
        views = {"import": self.upload_view, "import_preview": self.preview_view, "import_rows": self.leftovers_view}
        ours = [
            path(f"<path:object_id>/{name.replace('_', '/')}/", self.admin_site.admin_view(view), name=_name(name))
            for name, view in views.items()
        ]
        return [*ours, *super().get_urls()]

    def upload_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """GET shows the form, POST keeps the file and goes on to its preview. Nothing is stored."""
        row = self._list(request, object_id)
        refusals = against_importing(row, person(request))
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and not refusals and form.is_valid():
            told = form.cleaned_data
            uploads.keep(request.session, row.pk, told.pop("file"), told)
            return HttpResponseRedirect(_url("import_preview", row))
        context = self._context(request, row, title=_now("Load people"), form=form, refusals=refusals)
        return TemplateResponse(request, "sequences/imports/upload.html", context)

    def preview_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """GET judges every row and stores nothing, POST stores."""
        row = self._list(request, object_id)
        try:
            file, basis = uploads.kept(request.session, row.pk)
            plan = Plan(version=row.sequence_version, recipients=row, basis=basis)
            if request.method == "POST":
                return self._store(request, row, file, plan)
            result = RecipientResource().import_data(
                file, dry_run=True, plan=plan, at=clock.now(), plain=_PLAIN_SHOWN, others=_OTHERS_SHOWN
            )
        except uploads.NoUpload:
            messages.warning(request, _now("The file is not here any more; please choose it again."))
            return HttpResponseRedirect(_url("import", row))
        watching.viewed(request, row, rows=result.tally.rows)
        context = self._context(request, row, title=_now("What would happen to each row"), **_shown(file, result))
        return TemplateResponse(request, "sequences/imports/preview.html", context)

    def leftovers_view(self, request: HttpRequest, object_id: str) -> HttpResponse | StreamingHttpResponse:
        """The rows that would not be taken, as a file."""
        row = self._list(request, object_id)
        if step := asked(request, Kind.EXPORTS, back=_url("import_preview", row)):
            return step
        try:
            file, basis = uploads.kept(request.session, row.pk)
        except uploads.NoUpload as error:
            raise Http404 from error
        plan = Plan(version=row.sequence_version, recipients=row, basis=basis)
        header, *lines = leftovers.lines(file, preview(file, surveyed(file), plan, at=clock.now()))
        watching.exported(request, Contact, rows=len(lines), kind="csv")
        headers = {"Content-Disposition": 'attachment; filename="rows-not-taken.csv"'}
        return StreamingHttpResponse([header, *lines], content_type="text/csv; charset=utf-8", headers=headers)

    def _store(self, request: HttpRequest, row: RecipientList, file: RecipientFile, plan: Plan) -> HttpResponse:
        try:
            result = RecipientResource().import_data(
                file, plan=plan, recipients=row, by=person(request), at=clock.now()
            )
        except Refused as refused:
            for refusal in refused.refusals:
                messages.error(request, str(refusal))
            return HttpResponseRedirect(_url("import", row))
        uploads.drop(request.session)
        said = _now("%(taken)d of %(rows)d people are on the list.")
        messages.success(request, said % {"taken": result.tally.taken, "rows": result.tally.rows})
        return HttpResponseRedirect(_url("change", row))

    def _list(self, request: HttpRequest, object_id: str) -> RecipientList:
        if not person(request).has_perm(PERMISSION):
            raise PermissionDenied
        rows = RecipientList.objects.select_related("sequence_version__sequence")
        key = unquote(object_id)
        if not key.isdecimal() or not (row := rows.filter(pk=key).first()):
            raise Http404
        return row

    def _context(self, request: HttpRequest, row: RecipientList, **shown: Any) -> dict[str, Any]:
        urls = {name: _url(name, row) for name in ("change", "import", "import_preview", "import_rows")}
        shared = {"opts": self.opts, "original": row, "subtitle": str(row), "urls": urls}
        return {**self.admin_site.each_context(request), **shared, **shown}


class ContactExport(ExportMixin):
    """Adds the export of contacts, as CSV or XLSX whose cells run nothing, to the admin of contacts."""

    resource_classes = (RecipientResource,)
    export_form_class = ExportForm

    def get_export_formats(self) -> list[type[Format]]:
        return [CSV, XLSX]

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Whoever may carry people in may carry them out."""
        return bool(person(request).has_perm(PERMISSION))

    def export_action(self, request: HttpRequest) -> HttpResponse:
        step = asked(request, Kind.EXPORTS) if request.method == "POST" else None
        page: HttpResponse = step or super().export_action(request)
        return page

    def get_export_data(
        self, file_format: Any, request: HttpRequest, queryset: QuerySet[Contact], **told: Any
    ) -> bytes | str:
        rows = to_carry_out(queryset)
        data: bytes | str = super().get_export_data(file_format, request, rows, **told)
        watching.exported(request, Contact, rows=len(rows), kind=file_format.get_extension())
        return data


def _shown(file: RecipientFile, result: JudgedFile) -> dict[str, Any]:
    tally = result.tally
    counts = [(reasons.label(key), count, _tone(key)) for key, count in tally.all_verdicts().items() if count]
    fields = [(reasons.fields(field), column) for field, column in file.mapping.items()]
    return {
        "file": file,
        "tally": tally,
        "counts": counts,
        "columns": fields,
        "rows": [_told(row) for row in result],
        "more": tally.rows - len(result.rows),
        "skipped": result.skipped,
        "left": tally.rows - tally.taken,
    }


def _told(row: JudgedRow) -> dict[str, Any]:
    judged, one = row.judged.judged, row.judged
    return {
        "number": judged.row.number,
        "verdict": one.verdict.label,
        "tone": _tone(one.verdict),
        "address": judged.person.address.text if judged.person else "",
        "name": f"{judged.person.first_name} {judged.person.last_name}".strip() if judged.person else "",
        "about": reasons.fields(one.field),
        "reason": reasons.told(one),
    }


def _tone(verdict: str) -> str:
    return _TONES.get(verdict, "bad")


def _file_error(error: ImportFileError, name: str) -> str:
    if error.code == "too_many_rows":
        return _now("More than 10,000 people; the command import_recipients takes larger files.")
    return reasons.file_error(error, name)


def _name(view: str) -> str:
    return f"sequences_recipientlist_{view}"


def _url(view: str, row: RecipientList) -> str:
    return reverse(f"admin:{_name(view)}", args=[row.pk])
