"""Signs of life: that a web host's spool is empty, that the unsubscribe link works from outside, that an inbox is read.

Written with the real clock; the door refuses when one that is owed is too old (LAW UNS-09, UNS-15, THR-06).
"""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class Heartbeat(models.Model):
    """The latest sign of life of one thing. `retired_at` says that it is no longer owed."""

    class Kind(models.TextChoices):
        WEB_HOST = "web_host", _("web host, spool empty")
        CANARY = "canary", _("unsubscribe link, from outside")
        INBOX = "inbox", _("inbox read")
        ONCE = "once", _("done once")

    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=120)
    at = models.DateTimeField(_("last seen"))
    detail = models.CharField(_("detail"), max_length=200, blank=True)
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True)

    class Meta:
        verbose_name = _("sign of life")
        verbose_name_plural = _("signs of life")
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "name"], name="one_heartbeat")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.name}"
