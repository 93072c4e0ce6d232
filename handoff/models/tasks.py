"""Dated work for a person: what a rule asks for and no machine may do (spec L2, L3, H9, SQ1)."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from handoff.models.leads import Lead


class Task(models.Model):
    """One thing to do for one lead, by a role or one person, until a moment. `key` keeps it from being asked twice."""

    class Kind(models.TextChoices):
        CLASSIFY = "classify", _("decide whether this is an MQL")
        DECIDE_SQL = "decide_sql", _("decide whether this is an SQL")
        WRITE = "write", _("write personally")
        POST_BRIEFING = "post_briefing", _("decide about a proposal")
        COMPLETE = "complete", _("complete what a handoff needs")
        FOLLOW_UP = "follow_up", _("follow up")

    class State(models.TextChoices):
        OPEN = "open", _("open")
        DONE = "done", _("done")
        DROPPED = "dropped", _("no longer needed")

    key = models.CharField(max_length=120, unique=True, editable=False)
    kind = models.CharField(_("what"), max_length=20, choices=Kind.choices)
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="tasks", verbose_name=_("lead"))
    role = models.CharField(_("for"), max_length=20)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="tasks",
        null=True,
        blank=True,
        verbose_name=_("person"),
    )
    state = FSMField(_("state"), choices=State.choices, default=State.OPEN, editable=False)
    move_token = models.CharField(max_length=16, blank=True, editable=False)
    opened_at = models.DateTimeField(_("since"))
    due_at = models.DateTimeField(_("due"))
    closed_at = models.DateTimeField(_("closed"), null=True)
    note = models.CharField(_("why"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        permissions: ClassVar = [("close_task", _("Can close a task of their role"))]
        indexes: ClassVar = [models.Index(fields=["due_at"], name="open_tasks", condition=Q(state="open"))]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.lead}"

    @transition(
        field=state,
        source=State.OPEN,
        target=State.DONE,
        permission="handoff.close_task",
        custom={"label": _("Done"), "system": True},
    )
    def finish(self) -> None:
        """Somebody did it, or what it asked for has happened."""

    @transition(
        field=state,
        source=State.OPEN,
        target=State.DROPPED,
        permission="handoff.close_task",
        custom={"label": _("No longer needed"), "system": True},
    )
    def drop(self) -> None:
        """The lead has gone elsewhere."""
