"""Halts: what stands still until two people start it again. The database compares the two (LAW G9, PIP-13)."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from compliance.models.incidents import Incident


class Halt(models.Model):
    """Nothing in `scope` passes the door while this stands. Scopes are those that clearances lock shared.

    `domain` is there where a recipient's domain is named. `origin` is the number and moment of the lost halt that came
    back from a journal as this one. `…_person` is the keyed digest of who they are by e-mail address, so that two
    accounts of one person are one.
    """

    class Kind(models.TextChoices):
        KILL_SWITCH = "kill_switch", _("kill switch")
        BREAKER = "breaker", _("breaker")
        INCIDENT = "incident", _("incident")

    class State(models.TextChoices):
        STANDING = "standing", _("stands")
        START_ASKED = "start_asked", _("start asked for")
        LIFTED = "lifted", _("lifted")

    order_no = models.BigIntegerField(_("order"), unique=True)
    at = models.DateTimeField(_("since"))
    scope = models.CharField(_("what stands still"), max_length=280)
    domain = models.CharField(
        _("digest of the recipient's domain"), max_length=32, blank=True, default="", editable=False
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    reason = models.CharField(_("because"), max_length=500)
    code = models.CharField(_("code"), max_length=40, blank=True)
    placed_by = models.CharField(_("placed by"), max_length=80)
    origin = models.JSONField(_("came back from the journal"), null=True, editable=False)
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="halts", null=True, blank=True, verbose_name=_("incident")
    )
    state = FSMField(_("state"), choices=State.choices, default=State.STANDING, editable=False)
    move_token = models.CharField(max_length=16, blank=True, editable=False)
    asked_by = models.CharField(_("start asked for by"), max_length=80, blank=True, editable=False)
    asked_person = models.CharField(max_length=32, blank=True, editable=False)
    asked_at = models.DateTimeField(_("start asked for"), null=True, editable=False)
    confirmed_by = models.CharField(_("start confirmed by"), max_length=80, blank=True, editable=False)
    confirmed_person = models.CharField(max_length=32, blank=True, editable=False)
    lifted_at = models.DateTimeField(_("lifted"), null=True, editable=False)

    class Meta:
        verbose_name = _("halt")
        verbose_name_plural = _("halts")
        permissions: ClassVar = [
            ("place_halt", _("Can stop sending")),
            ("start_halt", _("Can start again what was stopped, with a second person")),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "kind", "code"], name="one_standing_halt", condition=~Q(state="lifted")
            ),
            models.CheckConstraint(
                condition=~Q(state="lifted")
                | (~Q(asked_person="") & ~Q(confirmed_person="") & ~Q(asked_person=F("confirmed_person"))),
                name="two_people_start",
                violation_error_message=_("Two different people start again what was stopped."),
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["scope"], name="halts_standing", condition=~Q(state="lifted"))]

    def __str__(self) -> str:
        return str(_("Halt %(number)s") % {"number": self.pk})

    @transition(
        field=state,
        source=[State.STANDING, State.START_ASKED],
        target=State.START_ASKED,
        permission="compliance.start_halt",
        custom={"label": _("Ask to start again")},
    )
    def ask_start(self) -> None:
        """The first of two: says why it may go on."""

    @transition(
        field=state,
        source=State.START_ASKED,
        target=State.LIFTED,
        permission="compliance.start_halt",
        custom={"label": _("Confirm: start again")},
    )
    def confirm_start(self) -> None:
        """The second of two, another person."""

    @transition(
        field=state,
        source=State.START_ASKED,
        target=State.STANDING,
        permission="compliance.place_halt",
        custom={"label": _("No: it stays stopped")},
    )
    def decline_start(self) -> None:
        """Anybody who may stop may say no."""
