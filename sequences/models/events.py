"""What was told about a message after it was handed over: delivered, bounced, complained. Insert-only facts."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from sequences.models.outbox import OutboundMessage


class MessageEvent(models.Model):
    """One thing that was told once about one message; the same news a second time changes nothing (LAW BNC-06)."""

    class Kind(models.TextChoices):
        DELIVERED = "delivered", _("delivered")
        HARD_BOUNCE = "hard_bounce", _("bounced for good")
        SOFT_BOUNCE = "soft_bounce", _("bounced for now")
        COMPLAINT = "complaint", _("complaint")

    message = models.ForeignKey(
        OutboundMessage, on_delete=models.PROTECT, related_name="events", verbose_name=_("message")
    )
    kind = models.CharField(_("what"), max_length=20, choices=Kind.choices)
    at = models.DateTimeField(_("at"))
    source = models.CharField(_("told by"), max_length=80)
    digest = models.CharField(_("digest of the news"), max_length=64)

    class Meta:
        verbose_name = _("event of a message")
        verbose_name_plural = _("events of messages")
        constraints: ClassVar = [models.UniqueConstraint(fields=["message", "kind", "digest"], name="news_counts_once")]
        indexes: ClassVar = [models.Index(fields=["kind", "at"], name="events_by_kind")]

    def __str__(self) -> str:
        return f"{self.message.ref}: {self.get_kind_display()}"
