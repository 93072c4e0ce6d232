"""Where mail leaves from: one sending address, its server, its state; and where what comes back to it is read."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition


def mailbox_key(mailbox: int) -> str:
    """A mailbox as caps and locks name it, when its row is not at hand."""
    return f"mailbox:{mailbox}"


class Mailbox(models.Model):
    """A sender. Passwords are stored encrypted (`secret`, `imap_secret`), never shown again.

    `imap_host` is where its answers are read; without one nobody reads them from here. An empty user name or password
    for reading is that for sending.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        STOPPED = "stopped", _("stopped")

    class Provider(models.TextChoices):
        GOOGLE = "google", _("Google Workspace")
        MICROSOFT = "microsoft", _("Microsoft 365")
        RELAY = "relay", _("a relay of our own")
        OTHER = "other", _("another provider")

    class Security(models.TextChoices):
        PLAIN = "plain", _("none (this machine only)")
        STARTTLS = "starttls", _("STARTTLS")
        TLS = "tls", _("TLS")

    address = models.EmailField(_("address"), unique=True)
    name = models.CharField(_("sender's name"), max_length=120)
    host = models.CharField(_("server"), max_length=253)
    port = models.PositiveIntegerField(_("port"), default=587)
    security = models.CharField(_("encryption"), max_length=10, choices=Security.choices, default=Security.STARTTLS)
    provider = models.CharField(_("provider"), max_length=12, choices=Provider.choices, default=Provider.OTHER)
    username = models.CharField(_("user name"), max_length=254, blank=True)
    secret = models.TextField(_("password, encrypted"), blank=True, editable=False)
    imap_host = models.CharField(_("IMAP server"), max_length=253, blank=True)
    imap_port = models.PositiveIntegerField(_("IMAP port"), default=993)
    imap_security = models.CharField(
        _("encryption of reading"), max_length=10, choices=Security.choices, default=Security.TLS
    )
    imap_username = models.CharField(_("user name for reading"), max_length=254, blank=True)
    imap_secret = models.TextField(_("password for reading, encrypted"), blank=True, editable=False)
    imap_folders = models.CharField(_("folders"), max_length=500, default="INBOX")
    state = FSMField(_("state"), choices=State.choices, default=State.ACTIVE, editable=False)
    move_token = models.CharField(max_length=16, blank=True, editable=False)
    stopped_because = models.CharField(_("stopped because"), max_length=500, blank=True, editable=False)
    created_at = models.DateTimeField(_("since"), editable=False)

    class Meta:
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")
        permissions: ClassVar = [("start_mailbox", _("Can start a mailbox that was stopped for a fault"))]

    def __str__(self) -> str:
        return self.address

    @property
    def key(self) -> str:
        """The mailbox as caps and locks name it."""
        return mailbox_key(self.pk)

    @property
    def domain(self) -> str:
        """The sending domain."""
        return self.address.rpartition("@")[2].lower()

    @transition(
        field=state,
        source=State.ACTIVE,
        target=State.STOPPED,
        custom={"label": _("Stopped for a fault"), "system": True},
    )
    def stop(self) -> None:
        """A refusal that is the sender's fault stops it; a person places a halt instead."""

    @transition(
        field=state,
        source=State.STOPPED,
        target=State.ACTIVE,
        permission="sequences.start_mailbox",
        custom={"label": _("Start again")},
    )
    def start(self) -> None:
        """A person says that the fault is mended."""
