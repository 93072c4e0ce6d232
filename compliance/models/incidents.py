"""Incidents: something happened that must not. Closed only with a legal review, a cause and a remedy (SOP 5.7)."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition


class Incident(models.Model):
    """One incident. `cause_key` names what caused it, so that the same cause opens one incident, however often seen.

    `facts` holds ids, codes and numbers the timeline is assembled from; never an address.
    """

    class Kind(models.TextChoices):
        SENT_AFTER_STOP = "sent_after_stop", _("mailed somebody who had opted out")
        PROMISE_BROKEN = "promise_broken", _("a guarantee does not hold")
        BOUNCES = "bounces", _("too many addresses that do not exist")
        COMPLAINTS = "complaints", _("too many complaints")
        IN_DOUBT = "in_doubt", _("too many messages in doubt")
        BRAND = "brand", _("harm to the brand")
        OTHER = "other", _("other")

    class Severity(models.IntegerChoices):
        SEV1 = 1, "SEV1"
        SEV2 = 2, "SEV2"
        SEV3 = 3, "SEV3"

    class State(models.TextChoices):
        OPEN = "open", _("open")
        REVIEWED = "reviewed", _("reviewed by legal")
        CLOSED = "closed", _("closed")

    cause_key = models.CharField(_("caused by"), max_length=160, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    severity = models.PositiveSmallIntegerField(_("severity"), choices=Severity.choices)
    title = models.CharField(_("what happened"), max_length=200)
    facts = models.JSONField(_("facts"), default=dict, blank=True)
    opened_at = models.DateTimeField(_("opened"))
    opened_by = models.CharField(_("opened by"), max_length=80)
    assigned_to = models.CharField(_("assigned to"), max_length=40, default="legal")
    state = FSMField(_("state"), choices=State.choices, default=State.OPEN, editable=False)
    move_token = models.CharField(max_length=16, blank=True, editable=False)
    review = models.TextField(_("legal review"), blank=True, editable=False)
    reviewed_by = models.CharField(_("reviewed by"), max_length=80, blank=True, editable=False)
    reviewed_at = models.DateTimeField(_("reviewed"), null=True, editable=False)
    cause = models.TextField(_("cause"), blank=True, editable=False)
    remedy = models.TextField(_("remedy"), blank=True, editable=False)
    closed_by = models.CharField(_("closed by"), max_length=80, blank=True, editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, editable=False)

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        permissions: ClassVar = [
            ("open_incident", _("Can open an incident")),
            ("review_incident", _("Can review an incident (legal)")),
            ("close_incident", _("Can close a reviewed incident")),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(state="closed") | (~Q(review="") & ~Q(reviewed_by="") & ~Q(cause="") & ~Q(remedy="")),
                name="closed_with_review_cause_and_remedy",
                violation_error_message=_("An incident closes with a legal review, a cause and a remedy."),
            )
        ]
        indexes: ClassVar = [models.Index(fields=["severity"], name="incidents_open", condition=~Q(state="closed"))]

    def __str__(self) -> str:
        return f"{self.get_severity_display()} #{self.pk}: {self.title}"

    @transition(
        field=state,
        source=[State.OPEN, State.REVIEWED],
        target=State.REVIEWED,
        permission="compliance.review_incident",
        custom={"label": _("Record the legal review")},
    )
    def record_review(self) -> None:
        """Legal says what the law asks for."""

    @transition(
        field=state,
        source=State.REVIEWED,
        target=State.CLOSED,
        permission="compliance.close_incident",
        custom={"label": _("Close, with cause and remedy")},
    )
    def close(self) -> None:
        """Cause and remedy are known and written down."""
