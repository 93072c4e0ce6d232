"""The people loaded for one sequence version, signed as a set of leaves."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from sequences.models.people import Contact
from sequences.models.sequences import SequenceVersion


class RecipientList(models.Model):
    """Who is to receive one sequence version (SOP 5.4: sales ops loads, the CRO signs)."""

    class State(models.TextChoices):
        DRAFT = "draft", _("being loaded")
        SUBMITTED = "submitted", _("waits for the CRO")
        RUNNING = "running", _("signed and running")
        REJECTED = "rejected", _("rejected")
        WITHDRAWN = "withdrawn", _("withdrawn")

    name = models.CharField(_("name"), max_length=160, unique=True)
    sequence_version = models.ForeignKey(
        SequenceVersion, on_delete=models.PROTECT, related_name="lists", verbose_name=_("sequence version")
    )
    state = FSMField(_("state"), choices=State.choices, default=State.DRAFT, editable=False)
    move_token = models.CharField(max_length=16, blank=True, editable=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
        verbose_name=_("loaded by"),
    )
    digest = models.CharField(_("digest"), max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), editable=False)
    submitted_at = models.DateTimeField(_("submitted"), null=True, editable=False)

    class Meta:
        verbose_name = _("recipient list")
        verbose_name_plural = _("recipient lists")
        permissions: ClassVar = [
            ("submit_recipientlist", _("Can submit a recipient list (sales ops)")),
            ("sign_recipientlist", _("Can sign a recipient list (CRO)")),
            ("reject_recipientlist", _("Can reject a recipient list")),
            ("withdraw_recipientlist", _("Can withdraw a recipient list")),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        """The list as locks name it."""
        return f"list:{self.pk}"

    @transition(
        field=state,
        source=[State.DRAFT, State.SUBMITTED],
        target=State.SUBMITTED,
        permission="sequences.submit_recipientlist",
        custom={"label": _("Submit for signature")},
    )
    def submit(self) -> None:
        """Sales ops hands the list over, and again when a row changed while it waited."""

    @transition(
        field=state,
        source=State.SUBMITTED,
        target=State.RUNNING,
        permission="sequences.sign_recipientlist",
        custom={"label": _("Sign and start (CRO)")},
    )
    def sign(self) -> None:
        """The CRO signs every row as it is now; enrollment begins."""

    @transition(
        field=state,
        source=State.RUNNING,
        target=State.RUNNING,
        permission="sequences.sign_recipientlist",
        custom={"label": _("Sign the rows as they are now (CRO)")},
    )
    def sign_changes(self) -> None:
        """The CRO signs what was added or changed since, or what was signed too long ago."""

    @transition(
        field=state,
        source=State.SUBMITTED,
        target=State.REJECTED,
        permission="sequences.reject_recipientlist",
        custom={"label": _("Reject, with a comment")},
    )
    def reject(self) -> None:
        """The CRO says no."""

    @transition(
        field=state,
        source=[State.DRAFT, State.SUBMITTED, State.RUNNING],
        target=State.WITHDRAWN,
        permission="sequences.withdraw_recipientlist",
        custom={"label": _("Withdraw: nobody on it is written to any more")},
    )
    def withdraw(self) -> None:
        """The list ends; it binds the next clearance."""


class ListRow(models.Model):
    """One person on a list. The door compares today's digests with those the CRO signed: of what the row says, and of
    who writes to this person."""

    recipient_list = models.ForeignKey(
        RecipientList, on_delete=models.CASCADE, related_name="rows", verbose_name=_("recipient list")
    )
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="list_rows", verbose_name=_("contact"))
    source = models.CharField(_("source"), max_length=120, blank=True)
    basis = models.CharField(_("legal basis"), max_length=40, blank=True)
    signed_leaf = models.CharField(_("digest signed"), max_length=64, blank=True, editable=False)
    signed_sender = models.CharField(
        _("digest of the sender signed"), max_length=64, blank=True, default="", editable=False
    )
    signed_at = models.DateTimeField(_("signed"), null=True, editable=False)
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("list row")
        verbose_name_plural = _("list rows")
        constraints: ClassVar = [models.UniqueConstraint(fields=["recipient_list", "contact"], name="once_on_a_list")]

    def __str__(self) -> str:
        return str(self.contact)
