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


class Enrollment(models.Model):
    """Where one person stands. `due_at` is stored; it is empty while a message of theirs is under way."""

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
    entered_at = models.DateTimeField(_("entered"))
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("enrollment")
        verbose_name_plural = _("enrollments")
        permissions: ClassVar = [("remove_enrollment", _("Can take a person out of a sequence"))]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person"], name="one_sequence_at_a_time", condition=models.Q(state="active")
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at", "id"], name="enrollments_due", condition=models.Q(state="active"))
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
