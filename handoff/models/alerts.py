"""What a member of staff is told at once; sent by a round, once each (spec H3)."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Alert(models.Model):
    """One notice to one person; `subject` names the row it speaks of and `key` keeps it from going twice.

    It is not tried before `not_before`: whoever takes it on puts that moment off.
    """

    key = models.CharField(max_length=160, unique=True)
    to = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="alerts", verbose_name=_("to")
    )
    title = models.CharField(_("title"), max_length=200)
    text = models.TextField(_("text"))
    subject = models.CharField(_("about"), max_length=120)
    made_at = models.DateTimeField(_("made"))
    sent_at = models.DateTimeField(_("sent"), null=True)
    tries = models.PositiveIntegerField(_("tries"), default=0)
    not_before = models.DateTimeField(_("not before"), editable=False)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        indexes: ClassVar = [models.Index(fields=["id"], name="alerts_to_send", condition=Q(sent_at__isnull=True))]

    def __str__(self) -> str:
        return self.title
