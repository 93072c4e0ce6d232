"""A briefing: booked, held or not (spec H10, first form)."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from handoff.models.leads import Lead


class Briefing(models.Model):
    """One appointment with a lead; at most one stands."""

    class State(models.TextChoices):
        BOOKED = "booked", _("booked")
        HELD = "held", _("held")
        NO_SHOW = "no_show", _("nobody came")
        CANCELLED = "cancelled", _("cancelled")

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="briefings", verbose_name=_("lead"))
    state = FSMField(_("state"), choices=State.choices, default=State.BOOKED, editable=False)
    move_token = models.CharField(max_length=16, blank=True, editable=False)
    starts_at = models.DateTimeField(_("at"))
    booked_at = models.DateTimeField(_("booked"))
    booked_by = models.CharField(_("booked by"), max_length=80)
    closed_at = models.DateTimeField(_("closed"), null=True)

    class Meta:
        verbose_name = _("briefing")
        verbose_name_plural = _("briefings")
        permissions: ClassVar = [("close_briefing", _("Can say what became of a briefing"))]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["lead"], name="one_booked_briefing", condition=Q(state="booked"))
        ]

    def __str__(self) -> str:
        return f"{self.lead}: {self.starts_at:%Y-%m-%d %H:%M}"

    @transition(
        field=state,
        source=State.BOOKED,
        target=State.HELD,
        permission="handoff.close_briefing",
        custom={"label": _("It was held")},
    )
    def hold(self) -> None:
        """They came."""

    @transition(
        field=state,
        source=State.BOOKED,
        target=State.NO_SHOW,
        permission="handoff.close_briefing",
        custom={"label": _("Nobody came")},
    )
    def miss(self) -> None:
        """They did not come."""

    @transition(
        field=state,
        source=State.BOOKED,
        target=State.CANCELLED,
        permission="handoff.close_briefing",
        custom={"label": _("It was cancelled"), "system": True},
    )
    def cancel(self) -> None:
        """One side called it off."""

    @transition(
        field=state,
        source=[State.NO_SHOW, State.CANCELLED],
        target=State.BOOKED,
        permission="handoff.book_lead",
        custom={"label": _("Book another date")},
    )
    def rebook(self) -> None:
        """They agreed to another date."""
