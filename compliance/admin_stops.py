"""Stops as people read and record them. They are added through the verb, never changed, never deleted."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from compliance import addresses, cards, clock, lifting, stop_files, suppression
from compliance import admin_words as words
from compliance.addresses import AddressError
from compliance.admin_pages import NOTHING, Panel, Record, badge, person, pretty
from compliance.models import AddressCard, LiftRequest, Strength, Suppression, SuppressionReason
from compliance.refusals import Refusal
from compliance.suppression import Stop

_BY_HAND = (
    SuppressionReason.BY_PHONE,
    SuppressionReason.COMPLAINT,
    SuppressionReason.LEGAL_DEMAND,
    SuppressionReason.BY_HAND,
    SuppressionReason.IMPORTED,
)
_LARGEST, _NAMED = 2 * 1024 * 1024, 10


class StopForm(forms.ModelForm):  # type: ignore[type-arg]
    """Who is to be left in peace, how we were told, and what proves it."""

    who = forms.CharField(
        label=_("Address or domain"),
        max_length=254,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("One whole address, or @example.com for everybody there. It is kept as digests only."),
    )
    whole_domain = forms.BooleanField(
        label=_("Everybody at the domain"),
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
        help_text=_("Tick this when you gave a domain and mean it."),
    )
    note = forms.CharField(
        label=_("Evidence"),
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("Who told whom, when and how; no address, please, it would outlive an erasure."),
    )
    file = forms.FileField(
        label=_("Or a file of addresses"),
        required=False,
        widget=UnfoldAdminFileFieldWidget(),
        help_text=_("One address a line, or a table with a column of addresses: who opted out with another tool."),
    )
    card = forms.ModelChoiceField(AddressCard.objects.all(), required=False, widget=forms.HiddenInput())
    account = forms.RegexField(r"\A[a-z]+:[0-9]+\Z", max_length=40, required=False, widget=forms.HiddenInput())
    domains = forms.CharField(
        label=_("Domains of the company"),
        max_length=1000,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("All that you know of, with commas between them. Everybody at them and below is left in peace."),
    )

    class Meta:
        model = Suppression
        fields = ("reason",)
        widgets = {"reason": UnfoldAdminSelectWidget()}

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        if reason := self.fields.get("reason"):
            reason.choices = [(one.value, one.label) for one in _BY_HAND]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        text = given.get("who", "").strip()
        if given.get("file"):
            given["people"] = self._people(given["file"])
        elif given.get("account"):
            given["domains"] = self._domains(given.get("domains", ""))
        elif text and not text.startswith("@") and "@" in text:
            given["address"] = self._address(text)
        elif text:
            given["domain"] = self._domain(text.lstrip("@"), sure=given.get("whole_domain", False))
        elif not given.get("card"):
            self.add_error("who", _("Whom do you mean?"))
        return given

    def _people(self, file: "UploadedFile[bytes]") -> Sequence[addresses.Address]:
        if (file.size or 0) > _LARGEST:
            self.add_error("file", _("This file is larger than 2 MB. Load it with “manage.py load_opt_outs”."))
            return []
        found = stop_files.read(file.read())
        for flaw in found.flaws[:_NAMED]:
            said = _("Line %(line)d holds no plain address: %(text)s")
            if flaw.imitates:
                said = _("Line %(line)d has letters that only look like others: %(text)s")
            self.add_error("file", said % {"line": flaw.line, "text": flaw.text})
        if len(found.flaws) > _NAMED:
            self.add_error("file", _("And %(count)d lines more.") % {"count": len(found.flaws) - _NAMED})
        if not found.named and not found.flaws:
            self.add_error("file", _("This file holds no address."))
        return found.named

    def _domains(self, text: str) -> list[str]:
        told = [part for part in re.split(r"[\s,;]+", text) if part]
        try:
            return [addresses.parse_domain(part) for part in told]
        except AddressError:
            self.add_error("domains", _("One of these is not a plain domain, such as example.com."))
            return []

    def _address(self, text: str) -> addresses.Address | None:
        try:
            return addresses.parse(text)
        except AddressError:
            self.add_error("who", _("This is not one plain address."))
            return None

    def _domain(self, text: str, *, sure: bool) -> str:
        if not sure:
            self.add_error("whole_domain", _("This stops everybody at the domain. Tick it if you mean that."))
        found = self._address(f"postmaster@{text}")
        return found.domain if found else ""


class Holds(admin.SimpleListFilter):
    """Whether the stop still holds."""

    title = _("holds")
    parameter_name = "holds"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("holds")), ("no", _("lifted"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Suppression]) -> QuerySet[Suppression]:
        return queryset.filter(lift__isnull=self.value() == "yes") if self.value() else queryset


@admin.register(Suppression)
class SuppressionAdmin(Record):
    """Standing stops. They are added, never changed, never deleted."""

    personal = True
    form = StopForm
    list_display = ("at", "holds", "about", "reason", "strength_shown", "recorded")
    list_display_links = ("at",)
    list_filter = (Holds, "reason", "scope", "strength")
    list_select_related = ("lift",)
    search_fields = ("pk",)
    search_help_text = _("One whole address or @domain")
    ordering = ("-order_no",)
    help_when_empty = _("Nobody has asked us to stop, and no address has bounced for good.")
    tones = {"person": "plain", "domain": "wait", "company": "wait"}

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:
        return bool(person(request).has_perm("compliance.record_stop"))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return [(None, self._asked(request))]
        company = ("account",) if obj.account else ()
        said = ("at", "holds", "about", *company, "reason", "strength_shown", "recorded", "source", "note", "proof")
        return [(None, {"fields": (*said, "taken_at", "order_no")})]

    def _asked(self, request: HttpRequest) -> dict[str, Any]:
        if "account" in request.GET:
            about = _("Nobody at the company whose page you came from is to be written to, whatever their address.")
            return {"fields": ("domains", "reason", "note", "account"), "description": about}
        if "card" not in request.GET:
            return {"fields": ("who", "whole_domain", "file", "reason", "note")}
        about = _("The stop is recorded for the person whose page you came from, in every spelling of their address.")
        return {"fields": ("reason", "note", "card"), "description": about}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("holds", "about", "strength_shown", "recorded", "note", "proof") if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        given, at = form.cleaned_data, clock.now()
        stop = Stop(SuppressionReason(given["reason"]), source="admin", evidence={"note": given["note"]})
        by = person(request)
        if given.get("people"):
            stop_files.stop_all(given["people"], replace(stop, source=given["file"].name), by=by, at=at)
            messages.success(request, _("%(count)d people are stopped.") % {"count": len(given["people"])})
            row = Suppression.objects.order_by("-order_no")[0]
        elif given.get("account"):
            row = suppression.stop_company(given["account"], given["domains"], stop, by=by, at=at)
        elif given.get("address"):
            row = suppression.stop_address(given["address"], stop, by=by, at=at)
        elif given.get("domain"):
            row = suppression.stop_domain(given["domain"], stop, by=by, at=at)
        else:
            row = suppression.stop_digest(given["card"].digest, stop, by=by, at=at)
        obj.pk, obj.at = row.pk, row.at

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Suppression], search_term: str
    ) -> tuple[QuerySet[Suppression], bool]:
        text = search_term.strip()
        if not text:
            return queryset, False
        try:
            wanted = addresses.parse(text if "@" in text[1:] else f"postmaster@{text.lstrip('@')}")
        except AddressError:
            return queryset.none(), False
        known = cards.find([wanted]).values()
        about = Q(digests__digest__in=cards.all_digests(wanted)) | Q(person__in=[card.person_id for card in known])
        return queryset.filter(about), True

    @admin.display(description=_("about"))
    def about(self, row: Suppression) -> str:
        return badge(row.get_scope_display(), self.tones[row.scope])

    @admin.display(description=_("strength"), ordering="strength")
    def strength_shown(self, row: Suppression) -> str:
        return badge(row.get_strength_display(), "bad" if row.strength >= Strength.ERASURE else "wait")

    @admin.display(description=_("recorded by"))
    def recorded(self, row: Suppression) -> str:
        return words.name_actors([row.recorded_by])[row.recorded_by]

    @admin.display(description=_("holds"))
    def holds(self, row: Suppression) -> str:
        return badge(_("lifted"), "good") if hasattr(row, "lift") else badge(_("holds"), "bad")

    @admin.display(description=_("what staff noted"))
    def note(self, row: Suppression) -> str:
        return suppression.note_of(row) or NOTHING

    @admin.display(description=_("evidence"))
    def proof(self, row: Suppression) -> str:
        told = {name: value for name, value in row.evidence.items() if name not in suppression.NOTES}
        return pretty(told) if told else NOTHING

    def panels(self, request: HttpRequest, row: Suppression, at: datetime) -> list[Panel]:
        return [_ending(request, row), *super().panels(request, row, at)]


@dataclass(frozen=True)
class _Way:
    """One way in which the stop may end: a form, or everything against it."""

    label: Any
    url: str
    refusals: Sequence[Refusal]


def _ending(request: HttpRequest, row: Suppression) -> Panel:
    """Whether the stop has ended, and what this person may do about it (LAW SUP-05)."""
    by, here = person(request), f"?stop={row.pk}"
    ask, alone = lifting.against_asking(row, by), lifting.against_lifting_alone(row, by)
    ways = [
        _Way(_("Ask to lift"), reverse("admin:compliance_liftrequest_add") + here, ask),
        _Way(_("Lift (one person)"), reverse("admin:compliance_lift_add") + here, alone),
    ]
    opt_in = reverse("admin:compliance_optin_add") if by.has_perm(lifting.RECORD) else ""
    others = lifting.others_standing(row) if row.person else []
    data = {
        "lift": getattr(row, "lift", None),
        "request": row.requests.filter(state=LiftRequest.State.ASKED).first(),
        "ways": ways,
        "opt_in": opt_in if row.scope == Suppression.Scope.PERSON and row.strength >= Strength.ERASURE else "",
        "others": others,
    }
    return Panel(_("How it ends"), "admin/pages/stop_ending.html", data)
