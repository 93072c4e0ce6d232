"""When members of staff are at work: windows as lines to be typed, faults said by line."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from compliance.admin_pages import NOTHING, Page, name_of
from compliance.calendar import CalendarError
from handoff import clocks
from handoff.models import Owner
from handoff.models.owners import office_hours

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LINE = re.compile(r"([A-Za-z ,\-–]{2,60}?)\s+([0-9:]{1,8})\s*[-–]\s*([0-9:]{1,8})", re.ASCII)
_MOST_LINES = 20
_FAULTS: Mapping[str, Any] = {
    "no_windows": _("Give at least one line, or nobody could ever be late."),
    "bad_row": _("A line looks like “mon-fri 09:00-17:00”."),
    "no_days": _("A line names its days first: “mon-fri” or “tue, thu”."),
    "unknown_day": _("Days are mon, tue, wed, thu, fri, sat, sun."),
    "bad_time": _("Times have hours and minutes, 09:00 to 23:59."),
    "closes_before_opens": _("It ends before it begins; a night is two lines."),
    "overlap": _("Two lines overlap."),
    "unknown_zone": _("There is no such time zone; write it like Europe/Berlin."),
}


class OwnerForm(forms.ModelForm):
    """Working time. A line is a window: `mon-fri 09:00-12:00`."""

    lines = forms.CharField(
        label=_("Working windows"),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
        max_length=2000,
        help_text=_(
            "One window a line: “mon-fri 09:00-12:00”, “tue, thu 19:00-21:00”. Clocks run inside of them only."
        ),
    )

    class Meta:
        model = Owner
        fields = ("user", "zone", "country")
        widgets = {"country": UnfoldAdminTextInputWidget(attrs={"maxlength": 2})}

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.fields["lines"].initial = as_lines(self.instance.windows or office_hours())

    def clean_country(self) -> str:
        country = str(self.cleaned_data["country"]).upper()
        if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
            raise forms.ValidationError(_("Two letters, such as DE or US."))
        return country

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        lines = [line.strip() for line in str(told.get("lines", "")).splitlines()]
        wanted = [line for line in lines if line]
        rows = [as_row(line) for line in wanted[:_MOST_LINES]]
        self.instance.windows = rows
        if "lines" not in told or "zone" not in told:
            return told
        row = Owner(zone=told["zone"], country=told.get("country", ""), windows=rows)
        try:
            clocks.read(row)
        except CalendarError as error:
            field = "zone" if error.code == "unknown_zone" else "lines"
            self.add_error(field, _fault(error, wanted))
        return told


@admin.register(Owner)
class OwnerAdmin(Page):
    """Working times. Clocks of offers and tasks hang on them, so that sales ops writes them and nobody their own."""

    form = OwnerForm
    list_display = ("user_shown", "windows_shown", "zone", "country")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__first_name", "user__last_name")
    search_help_text = _("Name")
    ordering = ("user__last_name", "pk")
    help_when_empty = _("Whoever is not listed here works Monday to Friday from nine to five, UTC.")

    def get_fields(self, request: HttpRequest, obj: Owner | None = None) -> tuple[str, ...]:
        if not self.has_change_permission(request, obj) and obj:
            return ("user_shown", "windows_shown", "zone", "country")
        return ("user_shown" if obj else "user", "lines", "zone", "country")

    def get_readonly_fields(self, request: HttpRequest, obj: Owner | None = None) -> tuple[str, ...]:
        if not self.has_change_permission(request, obj) and obj:
            return ("user_shown", "windows_shown", "zone", "country")
        return ("user_shown",) if obj else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **rest: Any) -> Any:
        if db_field.name == "user":
            staff = get_user_model().objects.filter(is_active=True, is_staff=True, working_time__isnull=True)
            rest["queryset"] = staff.order_by("last_name", "username")
        return super().formfield_for_foreignkey(db_field, request, **rest)

    def save_model(self, request: HttpRequest, obj: Owner, form: Any, change: bool) -> None:
        if "lines" in form.changed_data:
            form.changed_data = ["windows" if name == "lines" else name for name in form.changed_data]
        super().save_model(request, obj, form, change)

    @admin.display(description=_("person"), ordering="user__last_name")
    def user_shown(self, row: Owner) -> str:
        return name_of(row.user)

    @admin.display(description=_("working windows"))
    def windows_shown(self, row: Owner) -> str:
        return "; ".join(as_lines(row.windows).splitlines()) or NOTHING


def as_row(line: str) -> dict[str, Any]:
    """`mon-fri 09:00-12:00` as the calendar reads it; whatever is no such line is left for it to refuse."""
    found = _LINE.fullmatch(line[:200])
    if found is None:
        return {"days": [line[:40]], "opens": "", "closes": ""}
    return {"days": _days(found[1]), "opens": _padded(found[2]), "closes": _padded(found[3])}


def as_lines(windows: Any) -> str:
    """Windows as lines to be typed; days in a row as `mon-fri`."""
    rows = windows if isinstance(windows, list) else []
    return "\n".join(_line(row) for row in rows if isinstance(row, dict))


def _line(row: Mapping[str, Any]) -> str:
    days = [str(day) for day in row.get("days", [])]
    numbers = [_DAYS.index(day) for day in days if day in _DAYS]
    whole = len(numbers) > 2 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    said = f"{days[0]}-{days[-1]}" if whole else ", ".join(days)
    return f"{said} {row.get('opens', '')}-{row.get('closes', '')}"


def _days(said: str) -> list[str]:
    found: list[str] = []
    for part in re.split(r"[ ,]+", said.replace("–", "-").strip().lower()):
        first, dash, last = part.partition("-")
        if dash and first in _DAYS and last in _DAYS and _DAYS.index(first) <= _DAYS.index(last):
            found += _DAYS[_DAYS.index(first) : _DAYS.index(last) + 1]
        elif part:
            found.append(part)
    return found


def _padded(time: str) -> str:
    """`9:00` as `09:00`, `9` as `09:00`; anything else as it stands."""
    hours, colon, minutes = time.partition(":")
    return f"{hours.zfill(2)}:{minutes if colon else '00'}"


def _fault(error: CalendarError, lines: list[str]) -> Any:
    """What is wrong, with the line at fault as it was typed."""
    text = _FAULTS.get(error.code, error.code)
    found = re.match(r"row (\d{1,4})", error.what)
    number = int(found[1]) if found else 0
    if 0 < number <= len(lines):
        told = {"number": number, "line": lines[number - 1][:60], "fault": text}
        return _("Line %(number)d, “%(line)s”: %(fault)s") % told
    return text
