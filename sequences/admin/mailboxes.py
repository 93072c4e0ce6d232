"""Mailboxes: where mail leaves from. A password goes in and never comes out again."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget

from compliance import clock, installation, playbook, rules_caps, vault
from compliance.admin_acts import ActsAdmin
from compliance.admin_halts import stop_panel
from compliance.admin_pages import Panel
from compliance.caps import Bound, Room
from compliance.factor import Kind
from sequences.mailboxes import ACTS
from sequences.models import Inbox, Mailbox, OutboundMessage

State = Mailbox.State
READING = ("imap_host", "imap_port", "imap_security", "imap_folders", "imap_username", "imap_password")
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

    imap_password = forms.CharField(
        label=_("Password for reading"),
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("Empty: as it is stored, or the one for sending."),
    )

    class Meta:
        model = Mailbox
        fields = ("address", "name", "host", "port", "security", "provider", "username", "password", *READING)
        help_texts: ClassVar = {
            "imap_host": _("Where answers to this mailbox are read. Empty: nobody reads them from here."),
            "imap_username": _("Empty: the one for sending, or the address."),
            "imap_folders": _(
                "Separated by commas. Answers are also found in the folder for spam, so name it as well."
            ),
            "name": _("As readers see it. After another one, the CRO signs the lists again that send from here."),
            "provider": _("A mailbox never sends more than a quarter of what its provider allows."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Who may only look has no fields.
        for name in set(READING) & set(self.fields):
            self.fields[name].required = False

    @cached_property
    def changed_data(self) -> list[str]:
        """What was not in the form at all is left as it is."""
        return [name for name in super().changed_data if not self._is_omitted(name)]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for name in ("imap_port", "imap_security", "imap_folders"):
            # Emptied, it is what it is without anybody's word.
            given[name] = given.get(name) or self._fallback(name)
        if given.get("security") == Mailbox.Security.PLAIN and not installation.is_loopback(given.get("host", "")):
            self.add_error("security", _only_here())
        host, how = given.get("imap_host", ""), given.get("imap_security")
        if host and how == Mailbox.Security.PLAIN and not installation.is_loopback(host):
            self.add_error("imap_security", _only_here())
        return given

    def _fallback(self, name: str) -> Any:
        return getattr(self.instance if self._is_omitted(name) else Mailbox(), name)

    def _is_omitted(self, name: str) -> bool:
        return bool(self.fields[name].widget.value_omitted_from_data(self.data, self.files, self.add_prefix(name)))


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
        reading = {"fields": (*READING[:-1], *self._secret(request, obj, "imap_"))}
        parts = [
            (None, {"fields": ("address", "name")}),
            (_("Server"), server),
            (_("Reading what comes back"), reading),
        ]
        about = {"fields": ("stopped_because", "created_at")}
        return [*parts, (_("About this mailbox"), about)] if obj else parts

    def get_readonly_fields(self, request: HttpRequest, obj: Mailbox | None = None) -> tuple[str, ...]:
        # Contacts keep their sender, and replies go to it: another address is another mailbox.
        used = ("address",) if obj and obj.messages.exists() else ()
        about = ("stopped_because", "created_at", "password_shown", "imap_password_shown")
        return (*used, *about) if obj else ()

    def save_model(self, request: HttpRequest, obj: Mailbox, form: Any, change: bool) -> None:
        if not change:
            obj.created_at = clock.now()
        if password := form.cleaned_data["password"]:
            obj.secret = vault.seal(password)
        if password := form.cleaned_data["imap_password"]:
            obj.imap_secret = vault.seal(password)
        Mailbox.objects.filter(pk=obj.pk).update(secret=obj.secret, imap_secret=obj.imap_secret)
        super().save_model(request, obj, form, change)

    def panels(self, request: HttpRequest, row: Mailbox, at: datetime) -> list[Panel]:
        waiting = row.messages.filter(state=OutboundMessage.State.PLANNED)
        gone = row.messages.filter(state=OutboundMessage.State.ACCEPTED)
        numbers = {"waiting": waiting.count(), "accepted": gone.count(), "row": row}
        stop = stop_panel(request, [row.key, f"sending-domain:{row.domain}"], first=True)
        return [
            *super().panels(request, row, at),
            stop,
            Panel(_("What comes back"), "sequences/inbox.html", {"row": row, "inbox": _inbox(row)}),
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

    @admin.display(description=_("password for reading"))
    def imap_password_shown(self, row: Mailbox) -> str:
        return str(_("stored, encrypted") if row.imap_secret else _("the one for sending"))

    def _secret(self, request: HttpRequest, obj: Mailbox | None, prefix: str = "") -> tuple[str, ...]:
        may_write = obj is None or self.has_change_permission(request, obj)
        return (f"{prefix}password",) if may_write else (f"{prefix}password_shown",)


def _only_here() -> Any:
    return _("Without encryption only a server on this machine may be used.")


def _inbox(row: Mailbox) -> Inbox | None:
    return Inbox.objects.filter(mailbox=row).first()


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
