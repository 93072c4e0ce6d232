"""Who turned out to be somebody else, as the journals tell it. Insert-only but for the two moments at the end."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class IdentityChange(models.Model):
    """One merge or split. `told` is what it takes to make it again in an older copy: opaque keys and digests.

    `journaled_at` is set once a journal has it. `taken_at` is empty while a merge of companies that came back from a
    journal waits for an upper floor to follow.
    """

    class Kind(models.TextChoices):
        MERGE = "merge", _("two persons are one")
        SPLIT = "split", _("one person is two")
        COMPANY = "company", _("two companies are one")

    order_no = models.BigIntegerField(_("order"), unique=True)
    at = models.DateTimeField(_("at"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    told = models.JSONField(_("told"))
    journaled_at = models.DateTimeField(_("in the journal since"), null=True, editable=False)
    taken_at = models.DateTimeField(_("followed since"), null=True, editable=False)

    class Meta:
        verbose_name = _("merge or split")
        verbose_name_plural = _("merges and splits")
        indexes: ClassVar = [
            models.Index(fields=["id"], name="changes_not_journaled", condition=models.Q(journaled_at__isnull=True)),
            models.Index(
                fields=["id"], name="companies_to_follow", condition=models.Q(kind="company", taken_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.order_no})"
