"""Domains that mail is sent from: what DNS says of each, and every check there ever was (LAW DOM-01..04, DOM-07)."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_SELECTOR = rf"{_LABEL}(\.{_LABEL}){{0,3}}"
_selectors = RegexValidator(
    rf"\A{_SELECTOR}( {_SELECTOR}){{0,4}}\Z", _("One to five selectors, with a blank between them.")
)


class Verdict(models.TextChoices):
    """What a check came to. Silence is neither: DNS did not answer."""

    PASSES = "passes", _("passes")
    FAILS = "fails", _("fails")
    UNKNOWN = "unknown", _("no answer")


class SendingDomain(models.Model):
    """One domain as it stands. `failed_at` is when it last began to fail; what was signed before is signed again."""

    HOLDS: ClassVar = timedelta(hours=48)
    """So long a verdict is believed while DNS does not answer (LAW DOM-04)."""

    domain = models.CharField(_("domain"), max_length=253, unique=True, editable=False)
    selectors = models.CharField(
        _("DKIM selectors"),
        max_length=300,
        blank=True,
        validators=[_selectors],
        help_text=_("What stands as s= in the DKIM-Signature of a message sent from here; several with a blank."),
    )
    verdict = models.CharField(
        _("verdict"), max_length=8, choices=Verdict.choices, default=Verdict.UNKNOWN, editable=False
    )
    findings = models.JSONField(_("findings"), default=list, editable=False)
    checked_at = models.DateTimeField(_("last asked"), null=True, editable=False)
    decided_at = models.DateTimeField(_("last answered"), null=True, editable=False)
    failed_at = models.DateTimeField(_("began to fail"), null=True, editable=False)
    created_at = models.DateTimeField(_("since"), editable=False)

    class Meta:
        verbose_name = _("sending domain")
        verbose_name_plural = _("sending domains")
        ordering: ClassVar = ["domain"]
        permissions: ClassVar = [("check_sendingdomain", _("Can have the records of a sending domain looked at now"))]

    def __str__(self) -> str:
        return self.domain

    def stands(self, at: datetime) -> Verdict:
        """The verdict while it is believed; after that, as before the first, nobody knows."""
        held = self.decided_at is not None and self.decided_at > at - self.HOLDS
        return Verdict(self.verdict) if held else Verdict.UNKNOWN


class DomainCheck(models.Model):
    """One look at the records of a domain, and what was found; never changed."""

    domain = models.ForeignKey(SendingDomain, models.PROTECT, related_name="checks", verbose_name=_("domain"))
    at = models.DateTimeField(_("at"))
    verdict = models.CharField(_("verdict"), max_length=8, choices=Verdict.choices)
    selectors = models.CharField(_("DKIM selectors"), max_length=300, blank=True)
    findings = models.JSONField(_("findings"), default=list)

    class Meta:
        verbose_name = _("check of a domain")
        verbose_name_plural = _("checks of domains")
        indexes: ClassVar = [models.Index(fields=["domain", "-at"], name="domain_checks_latest")]

    def __str__(self) -> str:
        return f"{self.domain_id}: {self.get_verdict_display()}"
