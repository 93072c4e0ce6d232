"""What one import of a file did, row by row for everything that was not simply new."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from sequences.models.lists import RecipientList


class ImportRun(models.Model):
    """One file taken in. `findings` holds row number, verdict, code and field; no cell contents."""

    recipient_list = models.ForeignKey(
        RecipientList, on_delete=models.CASCADE, related_name="imports", verbose_name=_("recipient list")
    )
    file_name = models.CharField(_("file"), max_length=200)
    file_digest = models.CharField(_("digest of the file"), max_length=64)
    preset = models.CharField(_("preset"), max_length=40)
    counts = models.JSONField(_("verdicts"), default=dict)
    findings = models.JSONField(_("rows"), default=list)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")

    def __str__(self) -> str:
        return f"{self.file_name} ({self.at:%Y-%m-%d})"
