"""The offer of a lead to a new owner, with payload, clock and outcome (spec H1, H4)."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from handoff.models.leads import Lead


class Tier(models.TextChoices):
    """How hot an MQL is; it sets the time in which an offer is answered."""

    A = "A", "A"
    B = "B", "B"
    C = "C", "C"


class Handoff(models.Model):
    """One offer. `payload` is frozen at the offer (form `payload_form`); at most one stands for a lead.

    `cause` names what led to it (`sequences.inboundmessage:7`), once each.
    """

    class State(models.TextChoices):
        OPEN = "open", _("offered")
        ACCEPTED = "accepted", _("accepted")
        REJECTED = "rejected", _("rejected")
        REVERTED = "reverted", _("taken back, nobody answered in time")
        WITHDRAWN = "withdrawn", _("withdrawn")

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="handoffs", verbose_name=_("lead"))
    cause = models.CharField(_("cause"), max_length=120, unique=True)
    to = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="handoffs", verbose_name=_("offered to")
    )
    state = FSMField(_("state"), choices=State.choices, default=State.OPEN, editable=False)
    move_token = models.CharField(max_length=16, blank=True, editable=False)
    offered_at = models.DateTimeField(_("offered"))
    offered_by = models.CharField(_("offered by"), max_length=80)
    tier = models.CharField(_("tier"), max_length=1, choices=Tier.choices)
    due_at = models.DateTimeField(_("to be answered by"))
    warn_at = models.DateTimeField(_("warned at"))
    warned_at = models.DateTimeField(_("was warned"), null=True, editable=False)
    closed_at = models.DateTimeField(_("answered"), null=True)
    reason = models.CharField(_("because"), max_length=40, blank=True)
    playbook = models.PositiveIntegerField(_("playbook version"))
    payload_form = models.PositiveSmallIntegerField(default=1, editable=False)
    payload = models.JSONField(_("payload"))

    class Meta:
        verbose_name = _("handoff")
        verbose_name_plural = _("handoffs")
        permissions: ClassVar = [("answer_handoff", _("Can answer a handoff"))]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["lead"], name="one_open_handoff", condition=Q(state="open"))
        ]
        indexes: ClassVar = [models.Index(fields=["due_at"], name="open_handoffs", condition=Q(state="open"))]

    def __str__(self) -> str:
        return f"{self.lead} → {self.to}"

    @transition(
        field=state,
        source=State.OPEN,
        target=State.ACCEPTED,
        permission="handoff.answer_handoff",
        custom={"label": _("Accept"), "system": True},
    )
    def accept(self) -> None:
        """Whoever it was offered to takes the lead on."""

    @transition(
        field=state,
        source=State.OPEN,
        target=State.REJECTED,
        permission="handoff.answer_handoff",
        custom={"label": _("Reject, with a reason")},
    )
    def reject(self) -> None:
        """Whoever it was offered to says why not."""

    @transition(
        field=state,
        source=State.OPEN,
        target=State.REVERTED,
        custom={"label": _("Take back"), "system": True},
    )
    def revert(self) -> None:
        """The clock ran out."""

    @transition(
        field=state,
        source=State.OPEN,
        target=State.WITHDRAWN,
        custom={"label": _("Withdraw"), "system": True},
    )
    def withdraw(self) -> None:
        """The lead has gone elsewhere meanwhile."""
