"""What this database is for. Anything but production may only reach mail servers of its own machine (LAW PIP-17)."""

import secrets
import uuid
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition


class Purpose(models.TextChoices):
    PRODUCTION = "production", _("production")
    STAGING = "staging", _("staging")
    DEMO = "demo", _("demo")
    TEST = "test", _("test")


def first_epoch() -> str:
    """The epoch of a database that was never armed again."""
    return f"1.{secrets.token_hex(6)}"


class Installation(models.Model):
    """The one row that marks this database. Disarmed, it sends nothing until a person arms it (LAW PIP-14).

    `epoch` is new after each arming, and each host keeps it outside the database as well.
    """

    class State(models.TextChoices):
        ARMED = "armed", _("armed")
        DISARMED = "disarmed", _("disarmed")

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    instance = models.UUIDField(_("instance"), default=uuid.uuid4, editable=False)
    purpose = models.CharField(_("purpose"), max_length=12, choices=Purpose.choices)
    created_at = models.DateTimeField(_("since"))
    state = FSMField(_("state"), choices=State.choices, default=State.ARMED, editable=False)
    move_token = models.CharField(max_length=16, blank=True, editable=False)
    epoch = models.CharField(_("epoch"), max_length=40, default=first_epoch, editable=False)
    disarmed_because = models.CharField(_("disarmed because"), max_length=200, blank=True, editable=False)

    class Meta:
        verbose_name = _("installation")
        verbose_name_plural = _("installation")
        permissions: ClassVar = [
            ("arm_installation", _("Can arm this installation after a restore")),
            ("disarm_installation", _("Can disarm this installation")),
        ]
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="one_installation")]

    def __str__(self) -> str:
        return self.get_purpose_display()

    @transition(
        field=state,
        source=State.ARMED,
        target=State.DISARMED,
        permission="compliance.disarm_installation",
        custom={"label": _("Disarm"), "system": True},
    )
    def disarm(self) -> None:
        """This database is not the one that the journal beside it tells of, or is behind it."""

    @transition(
        field=state,
        source=[State.ARMED, State.DISARMED],
        target=State.ARMED,
        permission="compliance.arm_installation",
        custom={"label": _("Arm")},
    )
    def arm(self) -> None:
        """A person says, after the journal was replayed, that this database is the one that sends."""
