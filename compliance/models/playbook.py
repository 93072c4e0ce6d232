"""The organisation's definitions as one versioned document, opaque on this floor."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PlaybookVersion(models.Model):
    """One version; frozen once written. The highest number is the active one."""

    number = models.PositiveIntegerField(_("version"), unique=True)
    title = models.CharField(_("title"), max_length=200)
    document = models.JSONField(_("document"))
    digest = models.CharField(_("digest"), max_length=64)
    created_at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("playbook version")
        verbose_name_plural = _("playbook")

    def __str__(self) -> str:
        return f"{self.title}, {self.number}"
