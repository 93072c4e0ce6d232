"""Mail that came in: the raw bytes once, before anything is concluded from them; then what it is, and why."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition


class InboundMessage(models.Model):
    """One mail received; the same bytes for the same address are stored once.

    `state` says whether its consequences have been drawn, `verdict` and what follows it what was read in it. `taken_at`
    is the moment at which the desk took it up; a correction empties it again. `confidence` is in percent. `looked_at`
    is there when the machine has done what it may: what still waits then, waits for a person.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waits")
        ROUTED = "routed", _("dealt with")

    class Verdict(models.TextChoices):
        POSITIVE = "positive", _("positive")
        NEUTRAL = "neutral", _("neutral")
        NEGATIVE = "negative", _("negative")
        OPT_OUT = "opt_out", _("opt-out")
        AUTO_REPLY = "auto_reply", _("automatic answer")
        BOUNCE = "bounce", _("bounce")
        COMPLAINT = "complaint", _("complaint")
        OTHER = "other", _("something else")

    class Match(models.TextChoices):
        TOKEN = "token", _("a token in the address")  # noqa: S105 - the name of a way, no secret
        IN_REPLY_TO = "in_reply_to", _("In-Reply-To")
        REFERENCES = "references", _("References")
        RETURNED = "returned", _("the message it returns")
        SENDER = "sender", _("its sender")
        COMPANY = "company", _("its sender's company")

    received_at = models.DateTimeField(_("received"))
    digest = models.CharField(_("digest"), max_length=64, unique=True)
    raw = models.BinaryField(_("raw mail"), editable=False)
    recipient = models.CharField(_("addressed to"), max_length=320)
    message = models.ForeignKey(
        "sequences.OutboundMessage",
        on_delete=models.PROTECT,
        related_name="answers",
        null=True,
        blank=True,
        verbose_name=_("in answer to"),
    )
    contact = models.ForeignKey(
        "sequences.Contact",
        on_delete=models.PROTECT,
        related_name="answers",
        null=True,
        blank=True,
        verbose_name=_("from"),
    )
    matched_by = models.CharField(_("known by"), max_length=20, choices=Match.choices, blank=True)
    state = FSMField(_("state"), choices=State.choices, default=State.WAITING, editable=False)
    move_token = models.CharField(max_length=16, blank=True, editable=False)
    verdict = models.CharField(_("verdict"), max_length=20, choices=Verdict.choices)
    subclass = models.CharField(_("more precisely"), max_length=24, blank=True)
    confidence = models.PositiveSmallIntegerField(_("confidence"), default=0)
    words = models.CharField(_("decisive words"), max_length=300, blank=True)
    language = models.CharField(_("language"), max_length=8, blank=True)
    return_date = models.DateField(_("back on"), null=True, blank=True)
    permanent = models.BooleanField(_("for good"), default=False)
    decided_by = models.CharField(_("decided by"), max_length=80, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    looked_at = models.DateTimeField(_("looked at by the machine"), null=True, editable=False)
    taken_at = models.DateTimeField(_("taken up"), null=True, editable=False)

    class Meta:
        verbose_name = _("incoming mail")
        verbose_name_plural = _("incoming mail")
        permissions: ClassVar = [("route_inboundmessage", _("Can say what an incoming mail is"))]
        indexes: ClassVar = [
            models.Index(fields=["verdict", "received_at"], name="inbox_by_verdict"),
            models.Index(fields=["id"], name="inbox_waiting", condition=models.Q(state="waiting")),
            models.Index(
                fields=["id"],
                name="inbox_not_looked_at",
                condition=models.Q(state="waiting", looked_at__isnull=True),
            ),
            models.Index(
                fields=["id"], name="inbox_not_taken", condition=models.Q(state="routed", taken_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.received_at:%Y-%m-%d %H:%M}"

    @transition(
        field=state,
        source=State.WAITING,
        target=State.ROUTED,
        permission="sequences.route_inboundmessage",
        custom={"label": _("Say what it is"), "system": True},
    )
    def route(self) -> None:
        """What it is, is settled, and its consequences are drawn."""

    @transition(
        field=state,
        source=State.ROUTED,
        target=State.ROUTED,
        permission="sequences.route_inboundmessage",
        custom={"label": _("Correct it")},
    )
    def correct(self) -> None:
        """It was something else; what follows from that is drawn as well."""
