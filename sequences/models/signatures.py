"""Who signed what, over which digest. The author is written beside the signer so that the database can compare."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Signature(models.Model):
    """One signature on one subject (`app.model:pk`); insert-only, the author's own is refused by the database.

    The same digest is signed again when a signature has aged, or by somebody else when its signer is gone.
    """

    class Step(models.TextChoices):
        MESSAGING = "messaging", _("messaging (CMO)")
        NARRATIVE = "narrative", _("sales narrative (CRO)")
        LOADING = "loading", _("loading (sales ops)")
        SEQUENCE = "sequence", _("sequence (CRO)")
        RECIPIENTS = "recipients", _("recipients (CRO)")

    subject = models.CharField(_("subject"), max_length=120)
    step = models.CharField(_("step"), max_length=20, choices=Step.choices)
    digest = models.CharField(_("digest signed"), max_length=64)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("author")
    )
    signer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("signed by")
    )
    at = models.DateTimeField(_("at"))
    comment = models.CharField(_("comment"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("signature")
        verbose_name_plural = _("signatures")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subject", "step", "digest", "at"], name="one_signature_per_step"),
            models.CheckConstraint(
                condition=~models.Q(signer=models.F("author")),
                name="author_does_not_sign",
                violation_error_message=_("The author may not sign their own work."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_step_display()}: {self.signer}"
