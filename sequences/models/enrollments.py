"""One contact's passage through one sequence version."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from sequences.models.lists import ListRow
from sequences.models.mailboxes import Mailbox
from sequences.models.people import Contact
from sequences.models.sequences import SequenceVersion


class ExitReason(models.TextChoices):
    """Why a passage ended; a closed list."""

    FINISHED = "finished", _("finished")
    REPLIED_POSITIVE = "replied_positive", _("answered: interested")
    REPLIED_NEGATIVE = "replied_negative", _("answered: not interested")
    COMPLAINED = "complained", _("complained")
    STAGE_CHANGED = "stage_changed", _("stage changed")
    MEETING_BOOKED = "meeting_booked", _("meeting booked")
    DISQUALIFIED = "disqualified", _("disqualified")
    OPTED_OUT = "opted_out", _("opted out")
    BOUNCED = "bounced", _("bounced")
    NOT_ADDRESSABLE = "not_addressable", _("may not be written to")
    LIST_WITHDRAWN = "list_withdrawn", _("list withdrawn")
    REMOVED = "removed", _("removed by hand")
    MERGED = "merged", _("turned out to be somebody else on our lists")
    ERASED = "erased", _("erased")


class PauseReason(models.TextChoices):
    """Why a passage stands still for a while; a closed list. The door defers its messages by these codes."""

    OUT_OF_OFFICE = "out_of_office", _("out of office")
    HELD = "held", _("held until somebody has decided")
    COLLEAGUE_REPLIED = "colleague_replied", _("a colleague answered")
    SENDER_ABSENT = "sender_absent", _("the sender is away")
    BY_HAND = "by_hand", _("paused by hand")


class Enrollment(models.Model):
    """Where one person stands. `due_at` is stored; it is empty while a message of theirs is under way.

    While `paused_at` is set the clock of the passage stands still; without `paused_until` nobody knows yet how long.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        FINISHED = "finished", _("finished")
        EXITED = "exited", _("ended early")

    contact = models.ForeignKey(
        Contact, on_delete=models.PROTECT, related_name="enrollments", verbose_name=_("contact")
    )
    person = models.UUIDField(_("person"), editable=False)
    version = models.ForeignKey(
        SequenceVersion, on_delete=models.PROTECT, related_name="enrollments", verbose_name=_("sequence version")
    )
    row = models.ForeignKey(ListRow, on_delete=models.PROTECT, related_name="enrollments", verbose_name=_("list row"))
    mailbox = models.ForeignKey(
        Mailbox, on_delete=models.PROTECT, related_name="enrollments", verbose_name=_("mailbox")
    )
    state = FSMField(_("state"), choices=State.choices, default=State.ACTIVE, editable=False)
    move_token = models.CharField(max_length=16, blank=True, editable=False)
    exit_reason = models.CharField(_("ended because"), max_length=20, choices=ExitReason.choices, blank=True)
    next_step = models.PositiveSmallIntegerField(_("next step"), default=1)
    due_at = models.DateTimeField(_("due"), null=True)
    paused_at = models.DateTimeField(_("paused since"), null=True, editable=False)
    paused_until = models.DateTimeField(_("paused until"), null=True, editable=False)
    paused_because = models.CharField(
        _("paused because"), max_length=20, choices=PauseReason.choices, blank=True, editable=False
    )
    entered_at = models.DateTimeField(_("entered"))
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("enrollment")
        verbose_name_plural = _("enrollments")
        permissions: ClassVar = [
            ("remove_enrollment", _("Can take a person out of a sequence")),
            ("pause_enrollment", _("Can let a passage pause and go on")),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person"], name="one_sequence_at_a_time", condition=models.Q(state="active")
            ),
            models.CheckConstraint(
                condition=models.Q(paused_at__isnull=True, paused_until__isnull=True, paused_because="")
                | (models.Q(paused_at__isnull=False) & ~models.Q(paused_because="")),
                name="pauses_have_a_reason",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at", "id"],
                name="enrollments_due",
                condition=models.Q(state="active", paused_at__isnull=True),
            ),
            models.Index(
                fields=["paused_until"],
                name="enrollments_paused",
                condition=models.Q(state="active", paused_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contact}: {self.version}"

    @transition(field=state, source=State.ACTIVE, target=State.FINISHED, custom={"label": _("Finish"), "system": True})
    def finish(self) -> None:
        """The last step is done."""

    @transition(
        field=state,
        source=State.ACTIVE,
        target=State.EXITED,
        permission="sequences.remove_enrollment",
        custom={"label": _("Take out of the sequence"), "system": True},
    )
    def leave(self) -> None:
        """A stop, a withdrawal or a person ends it early."""

    @transition(field=state, source=State.FINISHED, target=State.ACTIVE, custom={"label": _("Reopen"), "system": True})
    def reopen(self) -> None:
        """The last step was assumed to be sent, and is sent again."""

    @transition(
        field=state,
        source=State.ACTIVE,
        target=State.ACTIVE,
        permission="sequences.pause_enrollment",
        custom={"label": _("Pause"), "system": True},
    )
    def pause(self) -> None:
        """Nothing is sent for a while, and no wait runs on."""

    @transition(
        field=state,
        source=State.ACTIVE,
        target=State.ACTIVE,
        permission="sequences.pause_enrollment",
        custom={"label": _("Go on"), "system": True},
    )
    def resume(self) -> None:
        """The pause is over; what was left of a wait is left now."""
