"""Companies and the people at them: what we know of them, where they stand, whether they may be written to."""

from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from compliance import addresses, cards, clock, stopped, suppression, watching
from compliance.addresses import AddressError
from compliance.admin_halts import stop_panel
from compliance.admin_pages import NOTHING, Panel, person
from sequences.admin import explain
from sequences.admin.companies import WithMerging
from sequences.admin.imports import ContactExport
from sequences.admin.persons import WithPersonActs
from sequences.imports import bases
from sequences.models import Account, Contact

_PASSAGES_SHOWN = 20


@admin.register(Account)
class AccountAdmin(WithMerging):
    """Companies."""

    list_display = ("name", "domain", "industry", "ecosystem", "people")
    search_fields = ("name", "domain")
    search_help_text = _("Name or domain")
    ordering = ("name", "pk")
    fields = ("name", "domain", "industry", "ecosystem")
    help_when_empty = _("Companies come with the people you load into a recipient list, or you add one here.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        rows: QuerySet[Account] = super().get_queryset(request)
        return rows.annotate(people_count=Count("contacts"))

    def panels(self, request: HttpRequest, row: Account, at: datetime) -> list[Panel]:
        watching.viewed(request, row)
        people = row.contacts.order_by("last_name", "pk")[:50]
        domain = [suppression.domain_scope(row.domain)] if row.domain else []
        stop = stop_panel(request, [row.key, *domain])
        held = stopped.stopped_accounts([row.key]).get(row.key)
        domains = filter(None, [row.domain, *row.merged.order_by("pk").values_list("domain", flat=True)])
        record = _record_stop(request, account=row.key, domains=" ".join(domains))
        may_we = {"stop": held, "record": record}
        return [
            Panel(_("May we write to them?"), "sequences/may_we_company.html", may_we, first=True),
            Panel(_("People"), "sequences/people.html", {"people": people}),
            stop,
            *super().panels(request, row, at),
        ]

    @admin.display(description=_("people"), ordering="people_count")
    def people(self, row: Any) -> int:
        return int(row.people_count)


class ContactForm(forms.ModelForm):
    """The address is given once: stops are found by it, so another address is another contact."""

    class Meta:
        model = Contact
        fields = (
            "account",
            "address",
            "first_name",
            "last_name",
            "title",
            "country",
            "city",
            "zone",
            "source",
            "basis",
        )

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        if "basis" in self.fields:
            known = dict.fromkeys(("", *bases.ALL, self.instance.basis))
            choices = [(code, code.replace("_", " ").capitalize() or "–") for code in known]
            self.fields["basis"].widget = UnfoldAdminSelectWidget(choices=choices)

    def clean_address(self) -> str:
        try:
            address = addresses.parse(self.cleaned_data["address"])
        except AddressError as error:
            raise forms.ValidationError(_("This is not exactly one plain address.")) from error
        if Contact.objects.filter(card__digest__in=cards.canonical_digests(address)).exists():
            raise forms.ValidationError(_("There is a contact with this address already, perhaps spelled differently."))
        return address.text

    def clean_country(self) -> str:
        country = str(self.cleaned_data["country"]).upper()
        if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
            raise forms.ValidationError(_("Two letters, such as DE or US."))
        return country

    def clean_zone(self) -> str:
        zone = str(self.cleaned_data["zone"])
        if zone and zone not in available_timezones():
            raise forms.ValidationError(_("There is no such time zone; write it like Europe/Berlin."))
        return zone


@admin.register(Contact)
class ContactAdmin(explain.WithWhy, ContactExport, WithPersonActs):
    """People at companies."""

    personal = True
    form = ContactForm
    list_display = ("name_shown", "address", "account", "title", "country", "source", "basis")
    list_display_links = ("name_shown", "address")
    list_filter = ("country", "basis")
    list_select_related = ("account",)
    search_fields = ("address", "first_name", "last_name", "account__name")
    search_help_text = _("Name, address or company")
    ordering = ("last_name", "first_name", "pk")
    autocomplete_fields = ("account",)
    help_when_empty = _("Load a file into a recipient list to bring people in, or add one by hand.")
    fieldsets = (
        (None, {"fields": ("address", ("first_name", "last_name"), "title", "account")}),
        (_("Where they are"), {"fields": (("country", "city"), "zone")}),
        (_("Why we may write"), {"fields": ("source", "basis")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Contact | None = None) -> tuple[str, ...]:
        return ("address",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Contact, form: Any, change: bool) -> None:
        if not change:
            at = clock.now()
            address = addresses.parse(obj.address)
            obj.card = cards.find_or_make([address], at=at)[address.canonical]
            obj.created_at = at
        if obj.account and obj.account.merged_into:
            obj.account = obj.account.merged_into
        super().save_model(request, obj, form, change)

    def panels(self, request: HttpRequest, row: Contact, at: datetime) -> list[Panel]:
        company = row.company
        of_company = stopped.stopped_accounts([company]).get(company)
        stop = stopped.stopped_cards([row.card_id]).get(row.card_id) or of_company
        alike = None if stop else stopped.looks_stopped([row.address]).get(row.address)
        record = _record_stop(request, card=row.card_id)
        return [
            Panel(
                _("May we write?"),
                "sequences/may_we.html",
                {"stop": stop, "record": record, "alike": alike},
                first=True,
            ),
            Panel(_("Sequences"), "sequences/passages.html", _passages(request, row)),
            *super().panels(request, row, at),
        ]

    @admin.display(description=_("name"), ordering="last_name")
    def name_shown(self, row: Contact) -> str:
        return f"{row.first_name} {row.last_name}".strip() or NOTHING


def _passages(request: HttpRequest, row: Contact) -> dict[str, Any]:
    found = row.enrollments.select_related("version__sequence", "mailbox").order_by("-pk")[:_PASSAGES_SHOWN]
    return {"passages": found, "why": explain.url_for(request, row.pk)}


def _record_stop(request: HttpRequest, **whom: Any) -> str:
    """The form in which a stop for them is recorded; nothing for somebody who may not."""
    if not person(request).has_perm("compliance.record_stop"):
        return ""
    return f"{reverse('admin:compliance_suppression_add')}?{urlencode(whom)}"
