"""The organisation's definitions as one versioned document, opaque on this floor; who signed it, and when it began."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition


class PlaybookVersion(models.Model):
    """One version; what it says is frozen once written. In force is the one that began last."""

    class State(models.TextChoices):
        DRAFT = "draft", _("waits for the CMO")
        CMO_SIGNED = "cmo_signed", _("waits for the CRO")
        IN_FORCE = "in_force", _("in force")
        FORMER = "former", _("no longer in force")
        REJECTED = "rejected", _("rejected")

    number = models.PositiveIntegerField(_("version"), unique=True)
    title = models.CharField(_("title"), max_length=200)
    document = models.JSONField(_("document"))
    digest = models.CharField(_("digest"), max_length=64)
    created_at = models.DateTimeField(_("since"))
    loaded_by = models.CharField(_("loaded by"), max_length=80, blank=True, default="", editable=False)
    loaded_person = models.CharField(max_length=32, blank=True, default="", editable=False)
    state = FSMField(_("state"), choices=State.choices, default=State.DRAFT, editable=False)
    move_token = models.CharField(max_length=16, blank=True, default="", editable=False)

    class Meta:
        verbose_name = _("playbook version")
        verbose_name_plural = _("playbook")
        permissions: ClassVar = [
            ("sign_playbook_cmo", _("Can sign a playbook (CMO)")),
            ("sign_playbook_cro", _("Can sign a playbook (CRO)")),
            ("reject_playbookversion", _("Can reject a playbook that waits for signatures")),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["state"], name="one_playbook_in_force", condition=Q(state="in_force"))
        ]

    def __str__(self) -> str:
        return f"{self.title}, {self.number}"

    @transition(
        field=state,
        source=State.DRAFT,
        target=State.CMO_SIGNED,
        permission="compliance.sign_playbook_cmo",
        custom={"label": _("Sign (CMO)")},
    )
    def sign_cmo(self) -> None:
        """The CMO agrees."""

    @transition(
        field=state,
        source=State.CMO_SIGNED,
        target=State.IN_FORCE,
        permission="compliance.sign_playbook_cro",
        custom={"label": _("Sign and put in force (CRO)")},
    )
    def sign_cro(self) -> None:
        """The CRO agrees; from this moment on it decides."""

    @transition(
        field=state,
        source=[State.DRAFT, State.CMO_SIGNED],
        target=State.REJECTED,
        permission="compliance.reject_playbookversion",
        custom={"label": _("Reject")},
    )
    def reject(self) -> None:
        """It will not be agreed upon; a next version is loaded."""

    @transition(
        field=state,
        source=State.DRAFT,
        target=State.IN_FORCE,
        # Recorded with the loading, of which it is a part.
        custom={"system": True, "audited": False, "label": _("Begin without signatures")},
    )
    def begin(self) -> None:
        """Setting up: there is something to begin with, until something is agreed."""

    @transition(
        field=state,
        source=State.IN_FORCE,
        target=State.FORMER,
        # Recorded with the version that takes its place.
        custom={"system": True, "audited": False, "label": _("End")},
    )
    def end(self) -> None:
        """Another version has taken its place."""


class PlaybookSignature(models.Model):
    """The CMO's or the CRO's signature on one version. Insert-only; the database compares digest and persons."""

    class Role(models.TextChoices):
        CMO = "cmo", _("CMO")
        CRO = "cro", _("CRO")

    version = models.ForeignKey(
        PlaybookVersion, on_delete=models.PROTECT, related_name="signatures", verbose_name=_("version")
    )
    role = models.CharField(_("role"), max_length=3, choices=Role.choices)
    digest = models.CharField(_("digest signed"), max_length=64)
    signed_by = models.CharField(_("signed by"), max_length=80)
    person = models.CharField(max_length=32)
    at = models.DateTimeField(_("at"))
    comment = models.CharField(_("comment"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("signature on a playbook")
        verbose_name_plural = _("signatures on playbooks")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "role"], name="one_playbook_signature_a_role"),
            models.UniqueConstraint(fields=["version", "person"], name="playbook_signed_by_two_people"),
            models.CheckConstraint(condition=~Q(person=""), name="playbook_signed_by_a_person"),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()}: {self.version}"


class PlaybookActivation(models.Model):
    """The moment from which a version decides. Insert-only; the last one counts.

    `agreed` says that both had signed, which a trigger compares. Without it a version begins only while nothing has
    ever been agreed.
    """

    version = models.ForeignKey(
        PlaybookVersion, on_delete=models.PROTECT, related_name="activations", verbose_name=_("version")
    )
    at = models.DateTimeField(_("at"))
    by = models.CharField(_("by"), max_length=80)
    agreed = models.BooleanField(_("agreed"))

    class Meta:
        verbose_name = _("beginning of a playbook")
        verbose_name_plural = _("beginnings of playbooks")

    def __str__(self) -> str:
        return f"{self.version}: {self.at:%Y-%m-%d}"
