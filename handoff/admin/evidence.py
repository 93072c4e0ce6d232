"""Decides how a lead's page takes evidence: a criterion is judged, a signal noted; refusals stand beside their field.

Whatever was typed stays in the form until it is stored.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from compliance import audit, clock
from compliance.admin_pages import Page, Panel, page_of, person
from compliance.playbook import NoPlaybook
from compliance.refusals import Refused
from handoff import criteria, judging
from handoff.admin.standing import Group, SignalRow
from handoff.judging import Heard, Judgement
from handoff.models import Lead, Signal

_CONFLICT = 409
_YES, _NO = "yes", "no"


class EvidenceForm(forms.Form):
    """A form whose refusals stand beside the fields that they speak of."""

    optional: tuple[str, ...] = ()
    """Fields that may be left empty; what else is not required by the form is asked for by the verb."""

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.label_suffix = ""
        for field in self.fields.values():
            if not isinstance(field.widget, forms.RadioSelect):
                field.widget.attrs["class"] = "ho-input"

    def refuse(self, refused: Refused) -> None:
        """Put every refusal beside its field, or at the top where it speaks of none."""
        for refusal in refused.refusals:
            self.add_error(refusal.where if refusal.where in self.fields else None, str(refusal.text))


class JudgeForm(EvidenceForm):
    """What was found about one criterion."""

    optional = ("value", "valid_until")

    criterion = forms.ChoiceField(label=_("Criterion"))
    holds = forms.ChoiceField(
        label=_("Is it there?"), choices=((_YES, _("Yes")), (_NO, _("No"))), widget=forms.RadioSelect
    )
    value = forms.CharField(
        label=_("Value"),
        required=False,
        max_length=200,
        help_text=_("What was found: 240 people; for the tier 1, 2, 3."),
    )
    evidence = forms.CharField(
        label=_("Evidence"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Where it was found: an address, a document, a call and its day."),
    )
    valid_until = forms.DateField(
        label=_("Holds until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Else, and at the longest, as long as the playbook says."),
    )

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.fields["criterion"].choices = [  # type: ignore[attr-defined]
            ("", "–"),
            (_now("Gates"), [(one.key, _named(one)) for one in criteria.gates()]),
            (_now("Indicators"), [(one.key, _named(one)) for one in criteria.indicators()]),
            (_now("Fit"), [(criteria.ICP, _now("Tier of the company"))]),
        ]

    def clean_valid_until(self) -> date | None:
        """A finding that has lapsed already would say nothing."""
        until: date | None = self.cleaned_data["valid_until"]
        if until and until < clock.now().date():
            raise forms.ValidationError(_("This day is over."))
        return until

    def said(self) -> Judgement:
        """What was typed, for the verb."""
        told = self.cleaned_data
        return Judgement(
            criterion=told["criterion"],
            holds=told["holds"] == _YES,
            evidence=told["evidence"],
            value=told["value"],
            valid_until=told["valid_until"],
        )


class HearForm(EvidenceForm):
    """One thing that a person did."""

    optional = ("note",)

    kind = forms.ChoiceField(label=_("Signal"))
    happened_at = forms.DateTimeField(
        label=_("When"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    source = forms.CharField(
        label=_("Seen where"), max_length=80, required=False, help_text=_("Website, webinar, trade fair, call.")
    )
    reference = forms.CharField(
        label=_("Told from others by"),
        max_length=200,
        required=False,
        help_text=_("A number, a link, a day: the same source and reference count once."),
    )
    note = forms.CharField(label=_("Note"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        kinds = [(kind.key, f"{kind} ({kind.intent.label})") for kind in criteria.signal_kinds().values()]
        self.fields["kind"].choices = [("", "–"), *kinds]  # type: ignore[attr-defined]

    def said(self) -> Heard:
        """What was typed, for the verb."""
        told = self.cleaned_data
        return Heard(told["kind"], told["happened_at"], told["source"], told["reference"], told["note"])


class WithEvidence(Page):
    """The part of a lead's page by which evidence comes in."""

    def get_urls(self) -> list[URLPattern]:
        judge = path("<path:object_id>/judge/", self.admin_site.admin_view(self.judge_view), name="handoff_lead_judge")
        hear = path("<path:object_id>/hear/", self.admin_site.admin_view(self.hear_view), name="handoff_lead_hear")
        return [judge, hear, *super().get_urls()]

    def judged_panel(self, request: HttpRequest, row: Lead, groups: Sequence[Group]) -> Panel:
        """Every criterion with its latest finding, and the way to judge it."""
        may = person(request).has_perm(judging.JUDGE)
        url = reverse("admin:handoff_lead_judge", args=[row.pk]) if may else ""
        return Panel(_("What was judged"), "handoff/desk/judged.html", {"groups": groups, "url": url})

    def heard_panel(self, request: HttpRequest, row: Lead, signals: Sequence[SignalRow]) -> Panel:
        """What they did, and the way to note more."""
        may = person(request).has_perm(judging.HEAR)
        url = reverse("admin:handoff_lead_hear", args=[row.pk]) if may else ""
        return Panel(_("What they did"), "handoff/desk/heard.html", {"signals": signals, "url": url})

    def judge_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """GET shows the form, for one criterion where it is named; POST stores what was found."""
        row = self._lead(request, object_id, judging.JUDGE)
        try:
            form = JudgeForm(_sent(request), initial={"criterion": request.GET.get("criterion", "")})
            if request.method == "POST" and form.is_valid():
                judging.judge(row.contact, form.said(), by=person(request), at=clock.now())
                messages.success(request, _now("Judged. A prospect is looked at again within a minute."))
                return HttpResponseRedirect(page_of(audit.reference(row)))
        except Refused as refused:
            form.refuse(refused)
        except NoPlaybook:
            return self._no_playbook(request, row)
        return self._ask_for(request, row, form, _("Judge a criterion"), _("Store the finding"))

    def hear_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """GET shows the form, POST stores the signal unless it is known."""
        row = self._lead(request, object_id, judging.HEAR)
        at = clock.now()
        try:
            form = HearForm(_sent(request), initial={"happened_at": timezone.localtime(at)})
            if request.method == "POST" and form.is_valid():
                said = form.said()
                if judging.hear(row.contact, said, by=person(request), at=at):
                    messages.success(request, _now("Noted. A prospect is looked at again within a minute."))
                    return HttpResponseRedirect(page_of(audit.reference(row)))
                form.add_error("reference", _known_already(row, said))
        except Refused as refused:
            form.refuse(refused)
        except NoPlaybook:
            return self._no_playbook(request, row)
        return self._ask_for(request, row, form, _("Note a signal"), _("Store the signal"))

    def _lead(self, request: HttpRequest, object_id: str, permission: str) -> Lead:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row) or not person(request).has_perm(permission):
            raise PermissionDenied
        lead: Lead = row
        return lead

    def _no_playbook(self, request: HttpRequest, row: Lead) -> HttpResponse:
        messages.error(request, _now("No playbook is loaded, so nothing can be decided."))
        return HttpResponseRedirect(page_of(audit.reference(row)))

    def _ask_for(
        self, request: HttpRequest, row: Lead, form: EvidenceForm, title: Any, button: Any
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "original": row,
            "form": form,
            "button": button,
            "back": page_of(audit.reference(row)),
        }
        status = _CONFLICT if form.is_bound else 200
        return TemplateResponse(request, "handoff/desk/evidence_page.html", context, status=status)


def _sent(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _named(one: criteria.Criterion) -> str:
    return f"{one} ({_now('of the person')})" if one.of_contact else str(one)


def _known_already(lead: Lead, said: Heard) -> str:
    row = Signal.objects.get(source=said.source[:80], reference=said.reference[:200])
    told = {"when": timezone.localtime(row.happened_at).strftime("%Y-%m-%d %H:%M"), "kind": row.kind}
    if row.contact_id != lead.contact_id:
        return _now("This is known already, of another person: %(kind)s of %(when)s.") % told
    return _now("This is known already: %(kind)s of %(when)s, with this source and reference.") % told
