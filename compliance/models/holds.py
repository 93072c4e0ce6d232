"""Holds: a temporary no for one person, until somebody has decided (LAW THR-06, AUT-07; spec X3, R4)."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Hold(models.Model):
    """Nothing to `person` passes the door after `order_no` and, once it has ended, before `ended_order`.

    A trigger refuses UPDATE of all but how it ended. `source` is what gave rise to it, as the log names it. Whoever was
    merged or split has a copy of it, with a number of its own, under the key they have now.
    """

    class Reason(models.TextChoices):
        ANSWERED = "answered", _("they answered, and nobody has said yet what it means")
        MACHINE = "machine", _("a machine answered, and somebody has to look")
        BY_HAND = "by_hand", _("held by staff")

    order_no = models.BigIntegerField(_("order"), unique=True)
    at = models.DateTimeField(_("since"))
    person = models.UUIDField(_("person"))
    reason = models.CharField(_("because"), max_length=20, choices=Reason.choices)
    source = models.CharField(_("from"), max_length=120)
    placed_by = models.CharField(_("placed by"), max_length=80)
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)
    ended_by = models.CharField(_("ended by"), max_length=80, blank=True, editable=False)
    ended_order = models.BigIntegerField(_("order of the end"), null=True, editable=False)

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "person"], name="one_open_hold_per_source", condition=Q(ended_at__isnull=True)
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by="", ended_order__isnull=True)
                | (Q(ended_at__isnull=False, ended_order__isnull=False) & ~Q(ended_by="")),
                name="holds_end_whole",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["person"], name="holds_open", condition=Q(ended_at__isnull=True)),
            models.Index(fields=["source"], name="holds_by_source"),
        ]

    def __str__(self) -> str:
        return str(_("Hold %(number)s") % {"number": self.pk})
