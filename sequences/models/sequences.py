"""Ordered sets of timed e-mails. A step names a template version, so a signed sequence says exactly what it sends."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from sequences.models.templates import SequenceType, TemplateVersion


class Sequence(models.Model):
    """What versions of one sequence have in common."""

    slug = models.SlugField(_("key"), max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=160)
    type = models.CharField(_("type"), max_length=20, choices=SequenceType.choices)

    class Meta:
        verbose_name = _("sequence")
        verbose_name_plural = _("sequences")

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        """The sequence as locks name it."""
        return f"sequence:{self.pk}"


class SequenceVersion(models.Model):
    """One version of a sequence, frozen from submission, signed by the CRO."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        SUBMITTED = "submitted", _("waits for the CRO")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")

    sequence = models.ForeignKey(
        Sequence, on_delete=models.PROTECT, related_name="versions", verbose_name=_("sequence")
    )
    number = models.PositiveIntegerField(_("version"))
    state = FSMField(_("state"), choices=State.choices, default=State.DRAFT, editable=False)
    move_token = models.CharField(max_length=16, blank=True, editable=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False, verbose_name=_("author")
    )
    digest = models.CharField(_("digest"), max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), editable=False)
    submitted_at = models.DateTimeField(_("submitted"), null=True, editable=False)

    class Meta:
        verbose_name = _("sequence version")
        verbose_name_plural = _("sequence versions")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sequence", "number"], name="one_sequence_version_per_number")
        ]
        permissions: ClassVar = [
            ("submit_sequenceversion", _("Can submit a sequence for signature")),
            ("approve_sequenceversion", _("Can approve a sequence (CRO)")),
            ("reject_sequenceversion", _("Can reject a submitted sequence")),
        ]

    def __str__(self) -> str:
        return f"{self.sequence}, version {self.number}"

    @transition(
        field=state,
        source=State.DRAFT,
        target=State.SUBMITTED,
        permission="sequences.submit_sequenceversion",
        custom={"label": _("Submit for signature")},
    )
    def submit(self) -> None:
        """The author hands the sequence over; from here on it is frozen."""

    @transition(
        field=state,
        source=State.SUBMITTED,
        target=State.APPROVED,
        permission="sequences.approve_sequenceversion",
        custom={"label": _("Approve (CRO)")},
    )
    def approve(self) -> None:
        """The CRO signs."""

    @transition(
        field=state,
        source=State.APPROVED,
        target=State.APPROVED,
        permission="sequences.approve_sequenceversion",
        custom={"label": _("Sign anew (CRO)")},
    )
    def renew(self) -> None:
        """Another CRO signs what it says, in place of one who is gone."""

    @transition(
        field=state,
        source=State.SUBMITTED,
        target=State.REJECTED,
        permission="sequences.reject_sequenceversion",
        custom={"label": _("Reject, with a comment")},
    )
    def reject(self) -> None:
        """The CRO says no; the author starts a new version."""


class Step(models.Model):
    """One e-mail of a sequence version and how long to wait before it."""

    class WaitKind(models.TextChoices):
        CALENDAR = "calendar", _("calendar days")
        BUSINESS = "business", _("business days")

    version = models.ForeignKey(
        SequenceVersion, on_delete=models.CASCADE, related_name="steps", verbose_name=_("sequence version")
    )
    position = models.PositiveSmallIntegerField(_("step"))
    template_version = models.ForeignKey(
        TemplateVersion, on_delete=models.PROTECT, related_name="steps", verbose_name=_("text")
    )
    wait_days = models.PositiveSmallIntegerField(_("wait"), default=0)
    wait_kind = models.CharField(_("counted in"), max_length=10, choices=WaitKind.choices, default=WaitKind.CALENDAR)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        constraints: ClassVar = [models.UniqueConstraint(fields=["version", "position"], name="one_step_per_position")]

    def __str__(self) -> str:
        return f"{self.position}. {self.template_version}"
