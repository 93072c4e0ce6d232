"""Whom the ladder proposes for which sequence, and the way onto a recipient list: a person loads, the CRO signs."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from compliance import audit, clock
from compliance.admin_factor import asked
from compliance.admin_pages import NOTHING, Record, badge, link, page_of, person
from compliance.factor import Kind
from compliance.refusals import Refused
from handoff import proposing, waits
from handoff.admin import standing
from handoff.admin.evidence import EvidenceForm
from handoff.models import Proposal
from sequences.models import SequenceVersion

_CONFLICT = 409


class LoadForm(EvidenceForm):
    """Onto which list, for which signed sequence; its type says whose proposals are meant."""

    version = forms.ModelChoiceField(SequenceVersion.objects.none(), label=_("Sequence"))
    name = forms.CharField(label=_("Name of the list"), max_length=160)

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        signed = SequenceVersion.objects.filter(state=SequenceVersion.State.APPROVED)
        rows = signed.select_related("sequence").order_by("-pk")
        self.fields["version"].queryset = rows  # type: ignore[attr-defined]


class Standing(admin.SimpleListFilter):
    """Open ones unless asked otherwise."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("Open")), ("all", _("Everything"))]

    def value(self) -> str:
        return "all" if super().value() == "all" else "open"

    def choices(self, changelist: Any) -> Iterator[Any]:
        for key, title in self.lookup_choices:
            link_to = changelist.get_query_string({self.parameter_name: key})
            yield {"selected": self.value() == key, "query_string": link_to, "display": title}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Proposal]) -> QuerySet[Proposal]:
        return queryset if self.value() == "all" else queryset.filter(ended_at__isnull=True)


@admin.register(Proposal)
class ProposalAdmin(Record):
    """Proposals."""

    personal = True
    list_before_template = "handoff/desk/load_link.html"
    list_display = (
        "lead_shown",
        "company_shown",
        "sequence_type",
        "because",
        "stage_shown",
        "proposed_at",
        "list_link",
    )
    list_filter = (Standing, "sequence_type", "because")
    list_select_related = ("lead__contact__account", "recipient_list")
    search_fields = ("lead__contact__last_name", "lead__contact__address", "lead__contact__account__name")
    search_help_text = _("Name, address or company")
    ordering = ("-proposed_at", "pk")
    fields = (("lead_link", "sequence_type"), ("because", "proposed_at"), ("ended_at", "list_link"))
    readonly_fields = ("lead_link", "list_link")
    help_when_empty = _("Each working day the ladder proposes whom to load for which sequence.")

    def get_urls(self) -> list[URLPattern]:
        load = path("load/", self.admin_site.admin_view(self.load_view), name="handoff_proposal_load")
        return [load, *super().get_urls()]

    def load_view(self, request: HttpRequest) -> HttpResponse:
        """GET shows the form, POST makes a list of everybody who is proposed for the type of the chosen sequence."""
        if not (self.has_view_permission(request) and person(request).has_perm(proposing.LOAD)):
            raise PermissionDenied
        back = reverse("admin:handoff_proposal_changelist")
        if request.method == "POST" and (step := asked(request, Kind.WRITES, back=back)):
            return step
        form = LoadForm(request.POST if request.method == "POST" else None)
        try:
            if request.method == "POST" and form.is_valid():
                version = form.cleaned_data["version"]
                rows = list(Proposal.objects.filter(sequence_type=version.sequence.type, ended_at__isnull=True))
                name = form.cleaned_data["name"]
                made = proposing.load(rows, version, name, by=person(request), at=clock.now())
                messages.success(
                    request, _now("%(count)d people are on the list. Submit it next.") % {"count": len(rows)}
                )
                return HttpResponseRedirect(page_of(audit.reference(made)))
        except Refused as refused:
            form.refuse(refused)
        return self._ask(request, form, back)

    def _ask(self, request: HttpRequest, form: LoadForm, back: str) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Load whom the ladder proposes"),
            "opts": self.opts,
            "back_to": _("All proposals"),
            "form": form,
            "button": _("Make the list"),
            "back": back,
        }
        status = _CONFLICT if form.is_bound else 200
        return TemplateResponse(request, "handoff/desk/evidence_page.html", context, status=status)

    @admin.display(description=_("lead"), ordering="lead__contact__last_name")
    def lead_shown(self, row: Proposal) -> str:
        return waits.named(row.lead)

    @admin.display(description=_("lead"))
    def lead_link(self, row: Proposal) -> Any:
        return link(row.lead)

    @admin.display(description=_("company"), ordering="lead__contact__account__name")
    def company_shown(self, row: Proposal) -> Any:
        return row.lead.contact.account or NOTHING

    @admin.display(description=_("stage"), ordering="lead__stage")
    def stage_shown(self, row: Proposal) -> str:
        return badge(row.lead.get_stage_display(), standing.tone(row.lead.stage))

    @admin.display(description=_("loaded onto"))
    def list_link(self, row: Proposal) -> Any:
        return link(row.recipient_list)
