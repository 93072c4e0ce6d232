"""Wordings: a template is an identity, a version is a numbered text that is frozen from submission on."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition


class SequenceType(models.TextChoices):
    NURTURE = "nurture", _("nurture")
    ACTIVATION = "activation", _("activation")
    RE_ENGAGEMENT = "re_engagement", _("re-engagement")


class Template(models.Model):
    """What versions of one text have in common."""

    slug = models.SlugField(_("key"), max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=160)
    sequence_type = models.CharField(_("sequence type"), max_length=20, choices=SequenceType.choices)

    class Meta:
        verbose_name = _("template")
        verbose_name_plural = _("templates")

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        """The template with all its versions, as locks name it."""
        return template_key(self.pk)


def template_key(template: int) -> str:
    """The same of a template whose row is not at hand."""
    return f"template:{template}"


class TemplateVersion(models.Model):
    """One wording on its way from content over CMO and CRO to sales ops (SOP 5.4)."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        SUBMITTED = "submitted", _("waits for the CMO")
        MESSAGING_APPROVED = "messaging_approved", _("waits for the CRO")
        NARRATIVE_APPROVED = "narrative_approved", _("waits for sales ops")
        LOADED = "loaded", _("loaded, may be sent")
        REJECTED = "rejected", _("rejected")

    template = models.ForeignKey(
        Template, on_delete=models.PROTECT, related_name="versions", verbose_name=_("template")
    )
    number = models.PositiveIntegerField(_("version"))
    language = models.CharField(_("language"), max_length=10, default="en")
    subject = models.CharField(_("subject"), max_length=200)
    preview = models.CharField(_("preview text"), max_length=200, blank=True)
    body = models.TextField(_("text"), help_text=_("Markdown with {{ contact.first_name }} and the like."))
    change_note = models.CharField(_("what changed"), max_length=300, blank=True)
    state = FSMField(_("state"), choices=State.choices, default=State.DRAFT, editable=False)
    move_token = models.CharField(max_length=16, blank=True, editable=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False, verbose_name=_("author")
    )
    digest = models.CharField(_("digest"), max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), editable=False)
    submitted_at = models.DateTimeField(_("submitted"), null=True, editable=False)

    class Meta:
        verbose_name = _("template version")
        verbose_name_plural = _("template versions")
        constraints: ClassVar = [models.UniqueConstraint(fields=["template", "number"], name="one_version_per_number")]
        permissions: ClassVar = [
            ("submit_templateversion", _("Can submit a text for signatures")),
            ("approve_messaging", _("Can approve the messaging of a text (CMO)")),
            ("approve_narrative", _("Can approve the sales narrative of a text (CRO)")),
            ("load_templateversion", _("Can load a signed text for sending (sales ops)")),
            ("reject_templateversion", _("Can reject a submitted text")),
        ]

    def __str__(self) -> str:
        return f"{self.template}, version {self.number}"

    @transition(
        field=state,
        source=State.DRAFT,
        target=State.SUBMITTED,
        permission="sequences.submit_templateversion",
        custom={"label": _("Submit for signatures")},
    )
    def submit(self) -> None:
        """The author hands the text over; from here on it is frozen."""

    @transition(
        field=state,
        source=State.SUBMITTED,
        target=State.MESSAGING_APPROVED,
        permission="sequences.approve_messaging",
        custom={"label": _("Approve the messaging (CMO)")},
    )
    def approve_messaging(self) -> None:
        """The CMO signs."""

    @transition(
        field=state,
        source=State.MESSAGING_APPROVED,
        target=State.NARRATIVE_APPROVED,
        permission="sequences.approve_narrative",
        custom={"label": _("Approve the sales narrative (CRO)")},
    )
    def approve_narrative(self) -> None:
        """The CRO signs."""

    @transition(
        field=state,
        source=State.NARRATIVE_APPROVED,
        target=State.LOADED,
        permission="sequences.load_templateversion",
        custom={"label": _("Load for sending (sales ops)")},
    )
    def load(self) -> None:
        """Sales ops signs and makes it usable."""

    @transition(
        field=state,
        source=State.LOADED,
        target=State.LOADED,
        permission="sequences.approve_messaging",
        custom={"label": _("Sign the messaging anew (CMO)")},
    )
    def renew_messaging(self) -> None:
        """Another CMO signs what it says, in place of one who is gone."""

    @transition(
        field=state,
        source=State.LOADED,
        target=State.LOADED,
        permission="sequences.approve_narrative",
        custom={"label": _("Sign the sales narrative anew (CRO)")},
    )
    def renew_narrative(self) -> None:
        """Another CRO signs what it says, in place of one who is gone."""

    @transition(
        field=state,
        source=State.LOADED,
        target=State.LOADED,
        permission="sequences.load_templateversion",
        custom={"label": _("Sign the loading anew (sales ops)")},
    )
    def renew_loading(self) -> None:
        """Another sales ops signs what it says, in place of one who is gone."""

    @transition(
        field=state,
        source=[State.SUBMITTED, State.MESSAGING_APPROVED, State.NARRATIVE_APPROVED],
        target=State.REJECTED,
        permission="sequences.reject_templateversion",
        custom={"label": _("Reject, with a comment")},
    )
    def reject(self) -> None:
        """A signer says no; the author starts a new version."""
