"""Mail that came in: the raw bytes once, before anything is concluded from them."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class InboundMessage(models.Model):
    """One mail received; the same bytes for the same address are stored once."""

    class Verdict(models.TextChoices):
        OPT_OUT = "opt_out", _("opt-out")
        WAITING = "waiting", _("waits for a person")

    received_at = models.DateTimeField(_("received"))
    digest = models.CharField(_("digest"), max_length=64, unique=True)
    raw = models.BinaryField(_("raw mail"), editable=False)
    recipient = models.CharField(_("addressed to"), max_length=320)
    message = models.ForeignKey(
        "sequences.OutboundMessage",
        on_delete=models.PROTECT,
        related_name="answers",
        null=True,
        blank=True,
        verbose_name=_("in answer to"),
    )
    verdict = models.CharField(_("verdict"), max_length=20, choices=Verdict.choices)

    class Meta:
        verbose_name = _("incoming mail")
        verbose_name_plural = _("incoming mail")
        indexes: ClassVar = [models.Index(fields=["verdict", "received_at"], name="inbox_by_verdict")]

    def __str__(self) -> str:
        return f"{self.received_at:%Y-%m-%d %H:%M}"
