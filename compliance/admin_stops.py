"""Stops as people read and record them. They are added through the verb, never changed, never deleted."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from compliance import addresses, cards, clock, suppression
from compliance import admin_words as words
from compliance.addresses import AddressError
from compliance.admin_pages import NOTHING, Record, badge, person, pretty
from compliance.models import AddressCard, Strength, Suppression, SuppressionReason
from compliance.suppression import Stop

_BY_HAND = (SuppressionReason.BY_PHONE, SuppressionReason.LEGAL_DEMAND, SuppressionReason.BY_HAND)


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
    card = forms.ModelChoiceField(AddressCard.objects.all(), required=False, widget=forms.HiddenInput())

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
        if text and not text.startswith("@") and "@" in text:
            given["address"] = self._address(text)
        elif text:
            given["domain"] = self._domain(text.lstrip("@"), sure=given.get("whole_domain", False))
        elif not given.get("card"):
            self.add_error("who", _("Whom do you mean?"))
        return given

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


@admin.register(Suppression)
class SuppressionAdmin(Record):
    """Standing stops. They are added, never changed, never deleted."""

    form = StopForm
    list_display = ("at", "about", "reason", "strength_shown", "recorded")
    list_display_links = ("at",)
    list_filter = ("reason", "scope", "strength")
    search_fields = ("pk",)
    search_help_text = _("One whole address or @domain")
    ordering = ("-order_no",)
    help_when_empty = _("Nobody has asked us to stop, and no address has bounced for good.")
    tones = {"person": "plain", "domain": "wait"}

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:
        return bool(person(request).has_perm("compliance.record_stop"))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return [(None, self._asked(request))]
        said = ("at", "about", "reason", "strength_shown", "recorded", "source", "proof", "taken_at", "order_no")
        return [(None, {"fields": said})]

    def _asked(self, request: HttpRequest) -> dict[str, Any]:
        if "card" not in request.GET:
            return {"fields": ("who", "whole_domain", "reason", "note")}
        about = _("The stop is recorded for the person whose page you came from, in every spelling of their address.")
        return {"fields": ("reason", "note", "card"), "description": about}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("about", "strength_shown", "recorded", "proof") if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        given, at = form.cleaned_data, clock.now()
        stop = Stop(SuppressionReason(given["reason"]), source="admin", evidence={"note": given["note"]})
        if given.get("address"):
            row = suppression.stop_address(given["address"], stop, by=person(request), at=at)
        elif given.get("domain"):
            row = suppression.stop_domain(given["domain"], stop, by=person(request), at=at)
        else:
            row = suppression.stop_digest(given["card"].digest, stop, by=person(request), at=at)
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

    @admin.display(description=_("evidence"))
    def proof(self, row: Suppression) -> str:
        return pretty(row.evidence) if row.evidence else NOTHING
