"""A contact's place on the ladder: eleven stages, and the arrows between them (spec L1; SOP 3)."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from sequences.models import Contact


class Stage(models.TextChoices):
    """The rungs. What each means, and who answers for it, stands in the playbook."""

    PROSPECT = "prospect", _("Prospect")
    MQL = "mql", _("MQL")
    SAL = "sal", _("SAL")
    SQL = "sql", _("SQL")
    BRIEFING_READY = "briefing_ready", _("Briefing ready")
    ASSESSMENT_QUALIFIED = "assessment_qualified", _("Assessment qualified")
    ASSESSMENT_PROPOSED = "assessment_proposed", _("Assessment proposed")
    WON = "won", _("Won")
    LOST = "lost", _("Lost")
    DISQUALIFIED = "disqualified", _("Disqualified")
    ARCHIVED = "archived", _("Archived")


WORKED = (Stage.SAL, Stage.SQL, Stage.BRIEFING_READY, Stage.ASSESSMENT_QUALIFIED)
OPEN = (Stage.PROSPECT, Stage.MQL, *WORKED, Stage.ASSESSMENT_PROPOSED)


class Lead(models.Model):
    """One contact on the ladder. It holds no address; `return_on` is the day on which a recycled lead comes back."""

    contact = models.OneToOneField(Contact, on_delete=models.PROTECT, related_name="lead", verbose_name=_("contact"))
    stage = FSMField(_("stage"), choices=Stage.choices, default=Stage.PROSPECT, editable=False)
    move_token = models.CharField(max_length=16, blank=True, editable=False)
    stage_since = models.DateTimeField(_("since"))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="leads",
        null=True,
        blank=True,
        verbose_name=_("owner"),
    )
    return_on = models.DateField(_("comes back on"), null=True, blank=True)
    reason = models.CharField(_("because"), max_length=40, blank=True)
    judged_at = models.DateTimeField(_("looked at"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), editable=False)
    erased_at = models.DateTimeField(_("erased"), null=True, editable=False)

    class Meta:
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        permissions: ClassVar = [
            ("qualify_lead", _("Can classify a prospect as MQL")),
            ("accept_lead", _("Can accept a lead that was offered to them")),
            ("confirm_lead", _("Can confirm an SQL (CRO)")),
            ("book_lead", _("Can book a briefing")),
            ("assess_lead", _("Can qualify for an assessment (CRO)")),
            ("propose_lead", _("Can propose an assessment (CRO)")),
            ("close_lead", _("Can win or lose a lead (CRO)")),
            ("reject_lead", _("Can reject a lead they accepted")),
            ("recycle_lead", _("Can send a lead back from any stage (CRO)")),
            ("disqualify_lead", _("Can disqualify a lead")),
            ("archive_lead", _("Can archive a lead and bring it back")),
            ("reopen_lead", _("Can reopen a lost or disqualified lead")),
        ]
        indexes: ClassVar = [
            models.Index(fields=["stage", "stage_since"], name="leads_by_stage"),
            models.Index(fields=["return_on"], name="leads_to_return", condition=models.Q(return_on__isnull=False)),
        ]

    def __str__(self) -> str:
        return str(self.contact)

    @transition(
        field=stage,
        source=Stage.PROSPECT,
        target=Stage.MQL,
        permission="handoff.qualify_lead",
        custom={"label": _("Classify as MQL"), "system": True},
    )
    def qualify(self) -> None:
        """Five gates pass and a signal of the last 90 days is there."""

    @transition(
        field=stage,
        source=Stage.MQL,
        target=Stage.SAL,
        permission="handoff.accept_lead",
        custom={"label": _("Accept")},
    )
    def accept(self) -> None:
        """Whoever it was offered to takes it on."""

    @transition(
        field=stage,
        source=[Stage.MQL, Stage.SAL],
        target=Stage.SQL,
        permission="handoff.confirm_lead",
        custom={"label": _("Confirm SQL")},
    )
    def confirm(self) -> None:
        """The guard of MQL holds now, and three indicators are there."""

    @transition(
        field=stage,
        source=Stage.SQL,
        target=Stage.BRIEFING_READY,
        permission="handoff.book_lead",
        custom={"label": _("Book the briefing")},
    )
    def book(self) -> None:
        """The briefing has a date."""

    @transition(
        field=stage,
        source=Stage.BRIEFING_READY,
        target=Stage.ASSESSMENT_QUALIFIED,
        permission="handoff.assess_lead",
        custom={"label": _("Qualify for an assessment")},
    )
    def qualify_assessment(self) -> None:
        """The briefing was held; need, money and a decision-maker are confirmed."""

    @transition(
        field=stage,
        source=Stage.ASSESSMENT_QUALIFIED,
        target=Stage.ASSESSMENT_PROPOSED,
        permission="handoff.propose_lead",
        custom={"label": _("Proposal sent")},
    )
    def propose(self) -> None:
        """A written proposal is out."""

    @transition(
        field=stage,
        source=Stage.ASSESSMENT_PROPOSED,
        target=Stage.WON,
        permission="handoff.close_lead",
        custom={"label": _("Won")},
    )
    def win(self) -> None:
        """Signed."""

    @transition(
        field=stage,
        source=[Stage.SQL, Stage.BRIEFING_READY, Stage.ASSESSMENT_QUALIFIED, Stage.ASSESSMENT_PROPOSED],
        target=Stage.LOST,
        permission="handoff.close_lead",
        custom={"label": _("Lost")},
    )
    def lose(self) -> None:
        """They said no, or nothing."""

    @transition(
        field=stage,
        source=list(WORKED),
        target=Stage.MQL,
        permission="handoff.reject_lead",
        custom={"label": _("Reject")},
    )
    def reject(self) -> None:
        """Whoever worked it sends it back with a reason; a rep only what they have just accepted."""

    @transition(
        field=stage,
        source=list(WORKED),
        target=Stage.MQL,
        permission="handoff.reject_lead",
        custom={"label": _("Recycle, with a date")},
    )
    def recycle(self) -> None:
        """Not now: it comes back on a date, or when its condition holds."""

    @transition(
        field=stage,
        source=list(OPEN),
        target=Stage.DISQUALIFIED,
        permission="handoff.disqualify_lead",
        custom={"label": _("Disqualify")},
    )
    def disqualify(self) -> None:
        """Not ours to sell to."""

    @transition(
        field=stage,
        source=[Stage.PROSPECT, Stage.MQL, Stage.LOST, Stage.DISQUALIFIED],
        target=Stage.ARCHIVED,
        permission="handoff.archive_lead",
        custom={"label": _("Archive"), "system": True},
    )
    def archive(self) -> None:
        """Kept, not worked: a no for good, or nothing came of it."""

    @transition(
        field=stage,
        source=Stage.ARCHIVED,
        target=Stage.PROSPECT,
        permission="handoff.archive_lead",
        custom={"label": _("Bring back"), "system": True},
    )
    def revive(self) -> None:
        """They gave a new signal of their own."""

    @transition(
        field=stage,
        source=[Stage.LOST, Stage.DISQUALIFIED],
        target=Stage.MQL,
        permission="handoff.reopen_lead",
        custom={"label": _("Reopen as MQL")},
    )
    def reopen(self) -> None:
        """New evidence, and the guard of MQL holds."""

    @transition(
        field=stage,
        source=[Stage.LOST, Stage.DISQUALIFIED],
        target=Stage.PROSPECT,
        permission="handoff.reopen_lead",
        custom={"label": _("Reopen as prospect")},
    )
    def reopen_as_prospect(self) -> None:
        """New evidence, but something that an MQL needs is missing."""


class StageMove(models.Model):
    """One arrow taken, and on what grounds (spec L6; SOP 4.4). Insert-only; `token` ties it to the very update.

    `grounds`: {"findings": [keys], "signals": [keys], …what was said in the act}. `seconds` were spent in `was`.
    """

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="moves", verbose_name=_("lead"))
    token = models.CharField(max_length=16, unique=True)
    arrow = models.CharField(_("arrow"), max_length=40)
    was = models.CharField(_("from"), max_length=30, choices=Stage.choices)
    became = models.CharField(_("to"), max_length=30, choices=Stage.choices)
    at = models.DateTimeField(_("at"))
    by = models.CharField(_("by"), max_length=80)
    playbook = models.PositiveIntegerField(_("playbook version"))
    reason = models.CharField(_("because"), max_length=40, blank=True)
    notes = models.CharField(_("notes"), max_length=500, blank=True)
    grounds = models.JSONField(_("grounds"), default=dict)
    seconds = models.PositiveBigIntegerField(_("time spent before"))

    class Meta:
        verbose_name = _("stage change")
        verbose_name_plural = _("stage history")
        indexes: ClassVar = [models.Index(fields=["became", "at"], name="moves_by_target")]

    def __str__(self) -> str:
        return f"{self.get_was_display()} → {self.get_became_display()}"

    def details(self) -> dict[str, Any]:
        """What was said in the act, apart from findings and signals."""
        return {key: value for key, value in self.grounds.items() if key not in ("findings", "signals")}
