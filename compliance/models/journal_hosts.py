"""Hosts that keep a journal of this database; nothing is sent while one of them has not compared it (LAW PIP-14)."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class JournalHost(models.Model):
    """One host, and under which epoch and in which life of the database it has found its whole journal in it."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    epoch = models.CharField(_("epoch"), max_length=40, blank=True)
    life = models.CharField(_("compared with"), max_length=80, blank=True, editable=False)
    highest = models.BigIntegerField(_("has seen number"), default=0)
    joined_at = models.DateTimeField(_("since"))
    seen_at = models.DateTimeField(_("last seen"), null=True)
    retired_at = models.DateTimeField(_("declared gone"), null=True, blank=True)

    class Meta:
        verbose_name = _("host that keeps a journal")
        verbose_name_plural = _("hosts that keep a journal")
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name
