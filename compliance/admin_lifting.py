"""Opt-ins, requests to lift a stop, and lifted stops in the admin: each is added through its verb, none is changed."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from compliance import addresses, clock, lifting
from compliance import admin_words as words
from compliance.addresses import AddressError
from compliance.admin_acts import ActsAdmin
from compliance.admin_pages import NOTHING, Record, key_in, link, person
from compliance.factor import Kind
from compliance.models import Lift, LiftRequest, OptIn, Suppression
from compliance.refusals import Refusal, Refused

State = LiftRequest.State


class OptInForm(forms.ModelForm):  # type: ignore[type-arg]
    """Who wants to be written to, how they said so, and where that can be seen."""

    address = forms.CharField(
        label=_("Address"),
        max_length=254,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("One whole address. It is kept as a digest only."),
    )
    wording = forms.CharField(
        label=_("What they were shown or said"),
        max_length=lifting.WORDING_OCTETS,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text=_("Word for word. It is kept sealed, and goes with them when they are erased."),
    )
    source = forms.CharField(
        label=_("Where the proof is kept"),
        max_length=200,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("A file, a case or a page that a second person can open; no address, please."),
    )

    class Meta:
        model = OptIn
        fields = ("way", "wording", "source")
        widgets = {"way": UnfoldAdminSelectWidget()}

    def clean_address(self) -> addresses.Address:
        try:
            return addresses.parse(self.cleaned_data["address"])
        except AddressError as error:
            raise forms.ValidationError(_("This is not one plain address.")) from error

    def clean_wording(self) -> str:
        wording = str(self.cleaned_data["wording"])
        if len(wording.encode()) > lifting.WORDING_OCTETS:
            raise forms.ValidationError(_("This is too long to be kept; say where the whole text is."))
        return wording


class Verb(Record):
    """Added through a verb: what it refuses is told, and nothing is changed afterwards."""

    permission = ""

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:
        return bool(person(request).has_perm(self.permission))

    def changeform_view(self, request: HttpRequest, *args: Any, **rest: Any) -> HttpResponse:
        try:
            page: HttpResponse = super().changeform_view(request, *args, **rest)
        except Refused as refused:
            for refusal in refused.refusals:
                messages.error(request, str(refusal))
            return HttpResponseRedirect(request.get_full_path())
        return page


@admin.register(OptIn)
class OptInAdmin(Verb):
    """The wishes of people to be written to, as they were recorded."""

    form = OptInForm
    permission = lifting.RECORD
    list_display = ("at", "way", "source", "recorded")
    list_display_links = ("at",)
    list_filter = ("way",)
    ordering = ("-order_no",)
    help_when_empty = _("Nobody who had opted out has asked to be written to again.")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            about = _("The person's own word, younger than the stop it is to lift. It lifts nothing by itself.")
            return [(None, {"fields": ("address", "way", "wording", "source"), "description": about})]
        return [(None, {"fields": ("at", "way", "said", "source", "recorded", "order_no")})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("said", "recorded") if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        given = form.cleaned_data
        way = OptIn.Way(given["way"])
        row = lifting.record_opt_in(
            given["address"], way, given["wording"], given["source"], by=person(request), at=clock.now()
        )
        obj.pk, obj.at = row.pk, row.at

    @admin.display(description=_("what they were shown or said"))
    def said(self, row: OptIn) -> str:
        return lifting.wording_of(row) or str(_("They have been erased, and this with them."))

    @admin.display(description=_("recorded by"))
    def recorded(self, row: OptIn) -> str:
        return _name(row.recorded_by)


class _LiftForm(forms.ModelForm):  # type: ignore[type-arg]
    """Why a stop may end. `by` is who asks; the admin sets it for each request."""

    by: Any = None
    stop = forms.ModelChoiceField(Suppression.objects.all(), widget=forms.HiddenInput())
    reason = forms.CharField(
        label=_("Because"),
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("It is kept in the log; no address and no name, please."),
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for refusal in self.refusals(given["stop"]) if given.get("stop") else ():
            self.add_error(None, str(refusal))
        return given

    def refusals(self, stop: Suppression) -> list[Refusal]:
        """Everything against it, before anything is written."""
        return []


class AskForm(_LiftForm):
    """A second person will be shown this."""

    opt_in = forms.ModelChoiceField(
        OptIn.objects.none(),
        label=_("The person's own opt-in"),
        widget=UnfoldAdminSelectWidget(),
        help_text=_("Younger than the stop. If it is not here, record it first."),
    )

    class Meta:
        model = LiftRequest
        fields = ("stop", "opt_in", "reason")

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        told = self.data.get("stop") or self.initial.get("stop") or ""
        stop = Suppression.objects.filter(pk=key_in(str(told)) or 0).first()
        if stop and "opt_in" in self.fields:
            field: Any = self.fields["opt_in"]
            field.queryset = lifting.fresh_opt_ins(stop)
            field.label_from_instance = lambda row: f"{row}: {row.source}"

    def refusals(self, stop: Suppression) -> list[Refusal]:
        return lifting.against_asking(stop, self.by)


class AloneForm(_LiftForm):
    """One person with a reason is enough."""

    class Meta:
        model = Lift
        fields = ("stop", "reason")

    def refusals(self, stop: Suppression) -> list[Refusal]:
        return lifting.against_lifting_alone(stop, self.by)


class _OfAStop(Verb):
    """Begun from the page of a stop, which the address of the form names."""

    permission = lifting.ASK
    kind = Kind.LIFTS

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:
        return "stop" in request.GET and super().has_add_permission(request)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **rest: Any) -> Any:
        form = super().get_form(request, obj, change, **rest)
        form.by = person(request)
        return form

    @admin.display(description=_("stop"))
    def of_stop(self, row: Any) -> Any:
        return link(row.stop)

    @admin.display(description=_("opt-in"))
    def rests_on(self, row: Any) -> Any:
        return link(row.opt_in) if row.opt_in else NOTHING


@admin.register(LiftRequest)
class LiftRequestAdmin(_OfAStop, ActsAdmin):
    """Stops that somebody asks to lift; a second person looks at the proof."""

    form = AskForm
    acts = lifting.ACTS
    means = {
        "confirm": _("You have opened the proof and it is the person's own word. This stop no longer holds for them."),
        "decline": _("The stop stays. The request can be made again with better proof."),
    }
    tones = {State.ASKED: "wait", State.CONFIRMED: "good", State.DECLINED: "bad"}
    list_display = ("asked_at", "stop", "state_shown", "asked", "decided")
    list_display_links = ("asked_at",)
    list_filter = ("state",)
    list_select_related = ("stop", "opt_in")
    ordering = ("-pk",)
    help_when_empty = _("Nobody has asked to lift a stop. Requests begin on the page of a stop.")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = ("of_stop", "rests_on", "reason", "asked", "asked_at", "decided", "decided_at")
        return [(None, {"fields": shown if obj else ("stop", "opt_in", "reason")})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("of_stop", "rests_on", "asked", "decided") if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        given = form.cleaned_data
        row = lifting.ask(given["stop"], given["opt_in"], given["reason"], by=person(request), at=clock.now())
        obj.pk = row.pk

    def response_add(self, request: HttpRequest, obj: Any, *args: Any) -> HttpResponse:
        messages.success(request, _("Asked. Somebody else has to confirm it."))
        return HttpResponseRedirect(reverse("admin:compliance_liftrequest_change", args=[obj.pk]))

    @admin.display(description=_("asked by"))
    def asked(self, row: LiftRequest) -> str:
        return _name(row.asked_by)

    @admin.display(description=_("decided by"))
    def decided(self, row: LiftRequest) -> str:
        return _name(row.decided_by) if row.decided_by else NOTHING


@admin.register(Lift)
class LiftAdmin(_OfAStop):
    """Stops that hold no longer."""

    form = AloneForm
    list_display = ("at", "stop", "strength", "entered", "confirmed")
    list_display_links = ("at",)
    list_select_related = ("stop", "opt_in")
    ordering = ("-order_no",)
    help_when_empty = _("No stop has been lifted.")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = ("at", "of_stop", "strength", "rests_on", "reason", "entered", "confirmed", "order_no")
        return [(None, {"fields": shown if obj else ("stop", "reason")})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("of_stop", "rests_on", "entered", "confirmed") if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        given = form.cleaned_data
        row = lifting.lift_alone(given["stop"], given["reason"], by=person(request), at=clock.now())
        obj.pk, obj.at = row.pk, row.at

    def response_add(self, request: HttpRequest, obj: Any, *args: Any) -> HttpResponse:
        messages.success(request, _("Lifted. The other rules are still asked before every message."))
        return HttpResponseRedirect(reverse("admin:compliance_suppression_change", args=[obj.stop_id]))

    @admin.display(description=_("entered by"))
    def entered(self, row: Lift) -> str:
        return _name(row.entered_by)

    @admin.display(description=_("confirmed by"))
    def confirmed(self, row: Lift) -> str:
        return _name(row.confirmed_by) if row.confirmed_by else NOTHING


def _name(actor: str) -> str:
    return words.name_actors([actor])[actor]
