"""How a stop ends: by the person's own fresh opt-in and two people, held by the database (LAW SUP-05)."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from compliance.models.suppression import Strength, Suppression


class OptIn(models.Model):
    """The person's own wish to be written to, as recorded. Insert-only; younger than the stop it may lift."""

    class Way(models.TextChoices):
        FORM = "form", _("form they filled in")
        WRITTEN = "written", _("mail or letter of theirs")
        IN_PERSON = "in_person", _("told us in person")

    order_no = models.BigIntegerField(_("order"), unique=True)
    at = models.DateTimeField(_("at"))
    person = models.UUIDField(_("person"), db_index=True)
    digest = models.CharField(_("digest of the address"), max_length=32)
    way = models.CharField(_("how"), max_length=20, choices=Way.choices)
    wording = models.CharField(_("what they were shown or said, sealed"), max_length=4000)
    source = models.CharField(_("where the proof is kept"), max_length=200)
    recorded_by = models.CharField(_("recorded by"), max_length=80)

    class Meta:
        verbose_name = _("opt-in")
        verbose_name_plural = _("opt-ins")
        permissions: ClassVar = [("record_optin", _("Can record a person's own opt-in"))]

    def __str__(self) -> str:
        return f"{self.get_way_display()} ({self.at:%Y-%m-%d})"


class LiftRequest(models.Model):
    """One member of staff asks that a stop end; another confirms or declines."""

    class State(models.TextChoices):
        ASKED = "asked", _("waits for a second person")
        CONFIRMED = "confirmed", _("lifted")
        DECLINED = "declined", _("declined")

    stop = models.ForeignKey(Suppression, on_delete=models.PROTECT, related_name="requests", verbose_name=_("stop"))
    opt_in = models.ForeignKey(
        OptIn, on_delete=models.PROTECT, related_name="requests", null=True, blank=True, verbose_name=_("opt-in")
    )
    reason = models.CharField(_("because"), max_length=500)
    state = FSMField(_("state"), choices=State.choices, default=State.ASKED, editable=False)
    move_token = models.CharField(max_length=16, blank=True, editable=False)
    asked_by = models.CharField(_("asked by"), max_length=80, editable=False)
    asked_person = models.CharField(max_length=32, editable=False)
    asked_at = models.DateTimeField(_("asked"), editable=False)
    decided_by = models.CharField(_("decided by"), max_length=80, blank=True, editable=False)
    decided_person = models.CharField(max_length=32, blank=True, editable=False)
    decided_at = models.DateTimeField(_("decided"), null=True, editable=False)

    class Meta:
        verbose_name = _("request to lift a stop")
        verbose_name_plural = _("requests to lift stops")
        permissions: ClassVar = [
            ("ask_lift", _("Can ask that a stop be lifted")),
            ("confirm_lift", _("Can confirm that a stop is lifted")),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["stop"], name="one_open_request", condition=Q(state="asked"))
        ]

    def __str__(self) -> str:
        return f"{self.stop}: {self.get_state_display()}"

    @transition(
        field=state,
        source=State.ASKED,
        target=State.CONFIRMED,
        permission="compliance.confirm_lift",
        custom={"label": _("Confirm: lift the stop")},
    )
    def confirm(self) -> None:
        """The second person has seen the proof."""

    @transition(
        field=state,
        source=State.ASKED,
        target=State.DECLINED,
        permission="compliance.confirm_lift",
        custom={"label": _("Decline: the stop stays")},
    )
    def decline(self) -> None:
        """The stop stays."""


class Lift(models.Model):
    """The end of one stop. Insert-only; what may end it is a CHECK and a trigger, not only code.

    `strength` repeats the stop's own (the trigger compares), so that the CHECK can ask for an opt-in and two people.
    """

    order_no = models.BigIntegerField(_("order"), unique=True)
    at = models.DateTimeField(_("at"))
    stop = models.OneToOneField(Suppression, on_delete=models.PROTECT, related_name="lift", verbose_name=_("stop"))
    strength = models.PositiveSmallIntegerField(_("strength"), choices=Strength.choices)
    opt_in = models.ForeignKey(
        OptIn, on_delete=models.PROTECT, related_name="lifts", null=True, verbose_name=_("opt-in")
    )
    reason = models.CharField(_("because"), max_length=500)
    entered_by = models.CharField(_("entered by"), max_length=80)
    entered_person = models.CharField(max_length=32)
    confirmed_by = models.CharField(_("confirmed by"), max_length=80, blank=True)
    confirmed_person = models.CharField(max_length=32, blank=True)

    class Meta:
        verbose_name = _("lifted stop")
        verbose_name_plural = _("lifted stops")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(strength__lt=Strength.ERASURE)
                | (
                    Q(opt_in__isnull=False)
                    & ~Q(entered_person="")
                    & ~Q(confirmed_person="")
                    & ~Q(entered_person=F("confirmed_person"))
                ),
                name="lift_needs_opt_in_and_two",
            ),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(entered_person=""), name="lift_says_who_and_why"),
        ]

    def __str__(self) -> str:
        return f"{self.stop}: {self.at:%Y-%m-%d}"
