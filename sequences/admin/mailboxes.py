"""Mailboxes: where mail leaves from. A password goes in and never comes out again."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget

from compliance import clock, installation, playbook, rules_caps, vault
from compliance.admin_acts import ActsAdmin
from compliance.admin_halts import stop_panel
from compliance.admin_pages import Panel
from compliance.caps import Bound, Room
from compliance.factor import Kind
from sequences.mailboxes import ACTS
from sequences.models import Mailbox, OutboundMessage

State = Mailbox.State
_CAPS = {
    "mailbox_minute": _("In a minute"),
    "mailbox": _("In a day"),
    "new_people": _("New people in a day"),
}
_BOUNDS = {
    Bound.DEFAULT: _("as built in"),
    Bound.PLAYBOOK: _("the playbook"),
    Bound.RAMP: _("the mailbox is new; the limit rises day by day"),
    Bound.PROVIDER: _("a quarter of what the provider allows"),
}


class MailboxForm(forms.ModelForm):
    """A blank password leaves the stored one as it is."""

    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("It is stored encrypted and never shown again. Leave it empty to keep the one that is stored."),
    )

    class Meta:
        model = Mailbox
        fields = ("address", "name", "host", "port", "security", "provider", "username", "password")
        help_texts: ClassVar = {
            "name": _("As readers see it. After another one, the CRO signs the lists again that send from here."),
            "provider": _("A mailbox never sends more than a quarter of what its provider allows."),
        }

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("security") == Mailbox.Security.PLAIN and not installation.is_loopback(given.get("host", "")):
            self.add_error("security", _("Without encryption only a server on this machine may be used."))
        return given


@admin.register(Mailbox)
class MailboxAdmin(ActsAdmin):
    """Senders."""

    form = MailboxForm
    acts = ACTS
    kind = Kind.KEYS
    means = {
        "start": _("You say that the fault is mended. What waits is sent in its order, within the caps."),
    }
    tones = {State.ACTIVE: "good", State.STOPPED: "bad"}
    list_display = ("address", "name", "host", "security", "state_shown", "stopped_because")
    list_filter = ("state",)
    search_fields = ("address", "name", "host")
    search_help_text = _("Address, name or server")
    ordering = ("address", "pk")
    help_when_empty = _("Add the mailbox that mail is to leave from: its address, its server, its password.")

    def get_fieldsets(self, request: HttpRequest, obj: Mailbox | None = None) -> Any:
        server = {"fields": ("host", "port", "security", "provider", "username", *self._secret(request, obj))}
        parts = [(None, {"fields": ("address", "name")}), (_("Server"), server)]
        about = {"fields": ("stopped_because", "created_at")}
        return [*parts, (_("About this mailbox"), about)] if obj else parts

    def get_readonly_fields(self, request: HttpRequest, obj: Mailbox | None = None) -> tuple[str, ...]:
        # Contacts keep their sender, and replies go to it: another address is another mailbox.
        used = ("address",) if obj and obj.messages.exists() else ()
        return (*used, "stopped_because", "created_at", "password_shown") if obj else ()

    def save_model(self, request: HttpRequest, obj: Mailbox, form: Any, change: bool) -> None:
        if not change:
            obj.created_at = clock.now()
        if password := form.cleaned_data["password"]:
            obj.secret = vault.seal(password)
            Mailbox.objects.filter(pk=obj.pk).update(secret=obj.secret)
        super().save_model(request, obj, form, change)

    def panels(self, request: HttpRequest, row: Mailbox, at: datetime) -> list[Panel]:
        waiting = row.messages.filter(state=OutboundMessage.State.PLANNED)
        gone = row.messages.filter(state=OutboundMessage.State.ACCEPTED)
        numbers = {"waiting": waiting.count(), "accepted": gone.count(), "row": row}
        stop = stop_panel(request, [row.key, f"sending-domain:{row.domain}"], first=True)
        return [
            *super().panels(request, row, at),
            stop,
            self._room(row, at),
            Panel(_("Traffic"), "sequences/traffic.html", numbers),
        ]

    def _room(self, row: Mailbox, at: datetime) -> Panel:
        """How much may leave now, limit by limit, and when the next message may where there is no room."""
        shown = {"limits": _limits(row, at)}
        return Panel(_("How much may leave"), "sequences/room.html", shown)

    @admin.display(description=_("password"))
    def password_shown(self, row: Mailbox) -> str:
        return str(_("stored, encrypted") if row.secret else _("none"))

    def _secret(self, request: HttpRequest, obj: Mailbox | None) -> tuple[str, ...]:
        may_write = obj is None or self.has_change_permission(request, obj)
        return ("password",) if may_write else ("password_shown",)


def _limits(row: Mailbox, at: datetime) -> list[dict[str, Any]]:
    try:
        rooms = rules_caps.rooms_of(row.key, provider=row.provider, since=row.created_at, at=at)
    except playbook.NoPlaybook:
        return []
    return [_shown(name, room) for name, found in rooms.items() for room in found]


def _shown(name: str, room: Room) -> dict[str, Any]:
    hours = room.window / timedelta(hours=1)
    what = (
        _CAPS[name]
        if hours in {24, 1 / 60}
        else _("%(what)s, here in %(hours)g hours") % {"what": _CAPS[name], "hours": hours}
    )
    return {"what": what, "because": _BOUNDS[room.bound], "used": room.used, "limit": room.limit, "free": room.free}
