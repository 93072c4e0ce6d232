"""What was judged, and what the person did: the two kinds of evidence that guards read (spec words, L2, L14)."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sequences.models import Account, Contact


class Intent(models.TextChoices):
    """How much a signal says about wanting to buy."""

    LOW = "low", _("low")
    MEDIUM = "medium", _("medium")
    HIGH = "high", _("high")


class Finding(models.Model):
    """One criterion judged: a gate, an indicator or the ICP tier. Insert-only; the latest about a subject counts.

    `value` is what was found (a number of employees, a tier), `evidence` where; `check` names the stated check over
    fields, or is empty when a person judged. It holds up to and including `valid_until`.
    """

    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="findings", null=True, blank=True, verbose_name=_("company")
    )
    contact = models.ForeignKey(
        Contact, on_delete=models.PROTECT, related_name="findings", null=True, blank=True, verbose_name=_("contact")
    )
    criterion = models.CharField(_("criterion"), max_length=8)
    holds = models.BooleanField(_("is there"))
    value = models.CharField(_("value"), max_length=200, blank=True)
    evidence = models.CharField(_("evidence"), max_length=500)
    check_name = models.CharField(_("checked by rule"), max_length=80, blank=True)
    by = models.CharField(_("judged by"), max_length=80)
    at = models.DateTimeField(_("judged"))
    valid_until = models.DateField(_("holds until"))
    reference = models.CharField(_("reference"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(account__isnull=False, contact__isnull=True)
                | Q(account__isnull=True, contact__isnull=False),
                name="finding_is_of_company_or_contact",
            ),
            models.CheckConstraint(condition=~Q(evidence=""), name="finding_has_evidence"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["account", "criterion", "-id"], name="findings_of_account"),
            models.Index(fields=["contact", "criterion", "-id"], name="findings_of_contact"),
        ]

    def __str__(self) -> str:
        return f"{self.criterion}: {_('yes') if self.holds else _('no')}"


class Signal(models.Model):
    """One thing a contact did. Each once, by source and reference; insert-only.

    One that `counts` not (a free-mail or role address) is kept and marked, and makes nobody an MQL; `discounted`
    says why.
    """

    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="signals", verbose_name=_("contact"))
    kind = models.CharField(_("signal"), max_length=8)
    intent = models.CharField(_("intent"), max_length=8, choices=Intent.choices)
    happened_at = models.DateTimeField(_("happened"))
    source = models.CharField(_("source"), max_length=80)
    reference = models.CharField(_("reference"), max_length=200)
    note = models.CharField(_("note"), max_length=500, blank=True)
    discounted = models.CharField(_("does not count because"), max_length=20, blank=True)
    recorded_by = models.CharField(_("recorded by"), max_length=80)
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("signal")
        verbose_name_plural = _("signals")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "reference"], name="one_signal_per_source_and_reference")
        ]
        indexes: ClassVar = [models.Index(fields=["contact", "-happened_at"], name="signals_of_contact")]

    def __str__(self) -> str:
        return f"{self.kind} ({self.happened_at:%Y-%m-%d})"
