"""Who is to be put on a recipient list next, as the ladder has it; a person loads them, the CRO signs (spec I5)."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from handoff.models.leads import Lead
from sequences.models import RecipientList, SequenceType


class ProposalDay(models.Model):
    """A working day on which the ladder was asked whom it proposes: once, whoever runs the round."""

    day = models.DateField(_("day"), unique=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("day of proposals")
        verbose_name_plural = _("days of proposals")

    def __str__(self) -> str:
        return self.day.isoformat()


class Proposal(models.Model):
    """One lead proposed for one type of sequence; open until it is loaded onto a list or no longer fits."""

    class Because(models.TextChoices):
        FEW_INDICATORS = "few_indicators", _("an MQL with too few indicators for an SQL")
        NO_BRIEFING = "no_briefing", _("an SQL without a briefing")
        STALE = "stale", _("no signal for a long time")
        RESTED = "rested", _("no answer to a nurture, and rested since")

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="proposals", verbose_name=_("lead"))
    sequence_type = models.CharField(_("for"), max_length=20, choices=SequenceType.choices)
    because = models.CharField(_("because"), max_length=20, choices=Because.choices)
    proposed_at = models.DateTimeField(_("proposed"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    recipient_list = models.ForeignKey(
        RecipientList,
        on_delete=models.PROTECT,
        related_name="proposals",
        null=True,
        blank=True,
        verbose_name=_("loaded onto"),
    )

    class Meta:
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        permissions: ClassVar = [("load_proposal", _("Can load proposed people onto a list"))]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["lead"], name="one_open_proposal", condition=Q(ended_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.lead}: {self.get_sequence_type_display()}"
