"""Standing stops. Insert-only: a trigger refuses UPDATE (but of `taken_at`, `journaled_at`) and DELETE (LAW SUP-04)."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class Strength(models.IntegerChoices):
    """How strongly a stop holds; the first four never expire."""

    COMPLAINT = 80, _("complaint")
    LEGAL_DEMAND = 70, _("legal demand")
    OPT_OUT = 60, _("opt-out")
    ERASURE = 50, _("erasure")
    HARD_BOUNCE = 40, _("hard bounce")
    LEFT_COMPANY = 30, _("left the company")
    SOFT_BOUNCE = 20, _("repeated soft bounce")
    MANUAL = 10, _("entered by hand")


class SuppressionReason(models.TextChoices):
    """How the stop reached us; a closed list."""

    UNSUBSCRIBE_LINK = "unsubscribe_link", _("unsubscribe link")
    ONE_CLICK = "one_click", _("one-click unsubscribe")
    MAILTO = "mailto", _("mail to the unsubscribe address")
    REPLIED = "replied", _("asked for it in a reply")
    IMPORTED = "imported", _("opted out in an imported file")
    BY_PHONE = "by_phone", _("told us in person")
    LEGAL_DEMAND = "legal_demand", _("legal demand")
    BLOCKED_US = "blocked_us", _("their server says they blocked us")
    NO_SUCH_ADDRESS = "no_such_address", _("the address does not exist")
    BY_HAND = "by_hand", _("entered by staff")
    COMPLAINT = "complaint", _("complained")
    ERASED = "erased", _("asked to be erased")
    BY_API = "by_api", _("told by another system")
    LEFT_COMPANY = "left_company", _("left the company")
    SOFT_BOUNCES = "soft_bounces", _("could not be delivered again and again")
    CANARY = "canary", _("trial of the unsubscribe link")


class Suppression(models.Model):
    """One stop. `person` is an opaque key; the digests beside it match every spelling of the address."""

    class Scope(models.TextChoices):
        PERSON = "person", _("this person")
        DOMAIN = "domain", _("everybody at the domain")
        COMPANY = "company", _("everybody at the company")

    order_no = models.BigIntegerField(_("order"), unique=True)
    at = models.DateTimeField(_("at"))
    person = models.UUIDField(_("person"), null=True, db_index=True)
    account = models.CharField(_("company"), max_length=40, blank=True)
    scope = models.CharField(_("scope"), max_length=10, choices=Scope.choices, default=Scope.PERSON)
    reason = models.CharField(_("reason"), max_length=30, choices=SuppressionReason.choices)
    strength = models.PositiveSmallIntegerField(_("strength"), choices=Strength.choices)
    source = models.CharField(_("from"), max_length=120, blank=True)
    evidence = models.JSONField(_("evidence"), default=dict, blank=True)
    recorded_by = models.CharField(_("recorded by"), max_length=80)
    taken_at = models.DateTimeField(_("enrollments ended at"), null=True, editable=False)
    journaled_at = models.DateTimeField(_("in the journal since"), null=True, editable=False)

    class Meta:
        verbose_name = _("stop")
        verbose_name_plural = _("stops")
        permissions: ClassVar = [("record_stop", _("Can record a stop for a person"))]
        indexes: ClassVar = [
            models.Index(fields=["id"], name="stops_not_taken", condition=models.Q(taken_at__isnull=True)),
            models.Index(fields=["id"], name="stops_not_journaled", condition=models.Q(journaled_at__isnull=True)),
            models.Index(fields=["account"], name="stop_by_account", condition=~models.Q(account="")),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} ({self.at:%Y-%m-%d})"


class SuppressionDigest(models.Model):
    """One spelling that a stop covers, as a keyed digest."""

    suppression = models.ForeignKey(
        Suppression, on_delete=models.PROTECT, related_name="digests", verbose_name=_("stop")
    )
    digest = models.CharField(_("digest"), max_length=32)

    class Meta:
        verbose_name = _("digest of a stop")
        verbose_name_plural = _("digests of stops")
        constraints: ClassVar = [models.UniqueConstraint(fields=["suppression", "digest"], name="one_digest_per_stop")]
        indexes: ClassVar = [models.Index(fields=["digest"], name="stop_by_digest")]

    def __str__(self) -> str:
        return self.digest[:8]
