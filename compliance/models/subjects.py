"""One key per person, under which the ledger keeps words about them; erasure destroys it (LAW AUD-04)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SubjectKey(models.Model):
    """The key of one person, wrapped under HANDOFF_KEYS. Gone: what was sealed under it is noise, the chain holds."""

    person = models.UUIDField(_("person"), primary_key=True)
    wrapped = models.CharField(_("key, wrapped"), max_length=200)
    created_at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("key of a person")
        verbose_name_plural = _("keys of persons")

    def __str__(self) -> str:
        return str(self.person)[:8]
