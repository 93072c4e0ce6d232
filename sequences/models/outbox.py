"""The outbox is the queue: one row per `ref`, frozen bytes, one attempt row per try to transmit it."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from sequences.models.enrollments import Enrollment
from sequences.models.lists import RecipientList
from sequences.models.mailboxes import Mailbox
from sequences.models.templates import TemplateVersion

_RESULT = models.Q(state__in=["accepted", "rejected"])


class OutboundMessage(models.Model):
    """One message to one address. Every row is in exactly one state, so the totals always balance (spec X1)."""

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        CLAIMED = "claimed", _("being sent")
        CLEARED = "cleared", _("cleared, on the wire")
        ACCEPTED = "accepted", _("accepted by the server")
        REJECTED = "rejected", _("rejected by the server")
        REFUSED = "refused", _("refused by the rules")
        CANCELLED = "cancelled", _("cancelled")
        EXPIRED = "expired", _("expired")
        IN_DOUBT = "in_doubt", _("in doubt")

    ref = models.CharField(_("reference"), max_length=80, unique=True)
    enrollment = models.ForeignKey(
        Enrollment, on_delete=models.PROTECT, related_name="messages", verbose_name=_("enrollment")
    )
    step = models.PositiveSmallIntegerField(_("step"))
    template_version = models.ForeignKey(
        TemplateVersion, on_delete=models.PROTECT, related_name="+", verbose_name=_("text")
    )
    mailbox = models.ForeignKey(Mailbox, on_delete=models.PROTECT, related_name="messages", verbose_name=_("mailbox"))
    # The list of its enrollment's row, repeated: the door counts the results of a list before each message.
    recipient_list = models.ForeignKey(
        RecipientList,
        on_delete=models.PROTECT,
        related_name="messages",
        null=True,
        editable=False,
        db_index=False,
        verbose_name=_("recipient list"),
    )
    state = FSMField(_("state"), choices=State.choices, default=State.PLANNED, editable=False)
    move_token = models.CharField(max_length=16, blank=True, editable=False)
    reason = models.CharField(_("because"), max_length=40, blank=True)
    planned_at = models.DateTimeField(_("planned"))
    not_before = models.DateTimeField(_("not before"))
    expires_at = models.DateTimeField(_("expires"))
    lease_token = models.CharField(max_length=32, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    attempts_made = models.PositiveSmallIntegerField(_("attempts"), default=0)
    first_attempt_at = models.DateTimeField(_("first attempt"), null=True)
    message_id = models.CharField(_("Message-ID"), max_length=200, unique=True)
    content = models.BinaryField(_("bytes"), null=True, editable=False)
    content_digest = models.CharField(_("digest of the bytes"), max_length=64, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True)
    reply = models.CharField(_("the server's answer"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        permissions: ClassVar = [
            ("resolve_outboundmessage", _("Can say what became of a message in doubt")),
            ("resend_outboundmessage", _("Can have a message in doubt sent again")),
        ]
        indexes: ClassVar = [
            models.Index(fields=["not_before", "id"], name="messages_due", condition=models.Q(state="planned")),
            models.Index(
                fields=["lease_until"], name="messages_leased", condition=models.Q(state__in=["claimed", "cleared"])
            ),
            models.Index(fields=["settled_at"], name="messages_in_doubt", condition=models.Q(state="in_doubt")),
            models.Index(fields=["enrollment", "step"], name="messages_of_enrollment"),
            models.Index(fields=["mailbox", "settled_at"], name="results_by_mailbox", condition=_RESULT),
            models.Index(fields=["recipient_list", "settled_at"], name="results_by_list", condition=_RESULT),
        ]

    def __str__(self) -> str:
        return f"{self.ref}: {self.get_state_display()}"

    @transition(field=state, source=State.PLANNED, target=State.CLAIMED, custom={"system": True, "audited": False})
    def claim(self) -> None:
        """A worker takes it under a lease."""

    @transition(field=state, source=State.CLAIMED, target=State.CLEARED, custom={"system": True, "audited": False})
    def clear(self) -> None:
        """The door said yes; committed before DATA."""

    @transition(
        field=state,
        source=[State.CLAIMED, State.CLEARED],
        target=State.PLANNED,
        custom={"system": True, "audited": False},
    )
    def put_back(self) -> None:
        """Certainly not sent: planned again, with a time and a reason."""

    @transition(
        field=state,
        source=[State.CLEARED, State.IN_DOUBT],
        target=State.ACCEPTED,
        permission="sequences.resolve_outboundmessage",
        custom={"label": _("It was delivered"), "system": True},
    )
    def accept(self) -> None:
        """The server took it, or evidence says that it did."""

    @transition(field=state, source=[State.CLAIMED, State.CLEARED], target=State.REJECTED, custom={"system": True})
    def reject(self) -> None:
        """The server said no for good; never tried again."""

    @transition(
        field=state,
        source=[State.IN_DOUBT, State.ACCEPTED],
        target=State.REJECTED,
        custom={"system": True},
    )
    def disown(self) -> None:
        """The provider took it, and says that it never sent it; never tried again."""

    @transition(field=state, source=[State.PLANNED, State.CLAIMED], target=State.REFUSED, custom={"system": True})
    def refuse(self) -> None:
        """The door said no for good."""

    @transition(
        field=state,
        source=[State.PLANNED, State.IN_DOUBT],
        target=State.CANCELLED,
        permission="sequences.resolve_outboundmessage",
        custom={"label": _("It was not delivered; do not send it"), "system": True},
    )
    def cancel(self) -> None:
        """No longer wanted, or a person says that it never arrived."""

    @transition(
        field=state,
        source=State.IN_DOUBT,
        target=State.PLANNED,
        permission="sequences.resend_outboundmessage",
        custom={"label": _("Send it again")},
    )
    def resend(self) -> None:
        """A person takes the risk of a second copy; see Resend."""

    @transition(field=state, source=[State.PLANNED, State.CLAIMED], target=State.EXPIRED, custom={"system": True})
    def expire(self) -> None:
        """Too late to be worth sending."""

    @transition(field=state, source=State.CLEARED, target=State.IN_DOUBT, custom={"system": True})
    def doubt(self) -> None:
        """Nobody knows whether the server took it; never sent again by itself."""


class Attempt(models.Model):
    """One try to transmit: how far it came and what the server said."""

    message = models.ForeignKey(
        OutboundMessage, on_delete=models.PROTECT, related_name="attempts", verbose_name=_("message")
    )
    number = models.PositiveSmallIntegerField(_("number"))
    at = models.DateTimeField(_("at"))
    outcome = models.CharField(_("outcome"), max_length=20)
    phase = models.CharField(_("phase"), max_length=20, blank=True)
    code = models.PositiveSmallIntegerField(_("code"), null=True)
    answer = models.CharField(_("the server's answer"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        constraints: ClassVar = [models.UniqueConstraint(fields=["message", "number"], name="one_attempt_per_number")]

    def __str__(self) -> str:
        return f"{self.message.ref}#{self.number}"


class Resend(models.Model):
    """A person's word that a message goes once more although this try of it may have arrived. Insert-only.

    Nothing else lets a message pass the door after a try in doubt (LAW PIP-08, G2).
    """

    message = models.ForeignKey(
        OutboundMessage, on_delete=models.PROTECT, related_name="resends", verbose_name=_("message")
    )
    attempt = models.PositiveSmallIntegerField(_("try in doubt"))
    at = models.DateTimeField(_("at"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("decided by")
    )
    reason = models.CharField(_("reason"), max_length=500)

    class Meta:
        verbose_name = _("decision to send again")
        verbose_name_plural = _("decisions to send again")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "attempt"], name="one_resend_per_try"),
            models.CheckConstraint(condition=~models.Q(reason=""), name="resent_for_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.message.ref}#{self.attempt}"
