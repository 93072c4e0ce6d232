"""What somebody said of the opt-outs of the time before this installation (LAW SUP-12)."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition


class EarlierOptOuts(models.Model):
    """The one row that says what became of them. They bind the sender and not the tool that was used then."""

    class State(models.TextChoices):
        UNDECLARED = "undeclared", _("nobody has said yet")
        LOADED = "loaded", _("loaded")
        NONE = "none", _("there are none")

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    state = FSMField(_("state"), choices=State.choices, default=State.UNDECLARED, editable=False)
    move_token = models.CharField(max_length=16, blank=True, editable=False)

    class Meta:
        verbose_name = _("earlier opt-outs")
        verbose_name_plural = _("earlier opt-outs")
        permissions: ClassVar = [
            ("declare_opt_outs", _("Can say that the opt-outs of the time before are loaded, or that there are none"))
        ]
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="one_word_on_earlier_opt_outs")]

    def __str__(self) -> str:
        return str(_("Whoever opted out before Handoff was used"))

    @transition(
        field=state,
        source=[State.UNDECLARED, State.NONE],
        target=State.LOADED,
        permission="compliance.declare_opt_outs",
        custom={"label": _("They are loaded")},
    )
    def declare_loaded(self) -> None:
        """Whoever said no to us before this installation is among its stops."""

    @transition(
        field=state,
        source=State.UNDECLARED,
        target=State.NONE,
        permission="compliance.declare_opt_outs",
        custom={"label": _("There are none")},
    )
    def declare_none(self) -> None:
        """Nobody has said no to us before this installation."""
