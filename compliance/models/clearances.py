"""The door's records: one decision per attempt, one touch per message, and the rows that caps lock."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class Outcome(models.TextChoices):
    """What a rule, and the chain, can say."""

    PERMIT = "permit", _("may go")
    DEFER = "defer", _("not yet")
    REFUSE = "refuse", _("no")


class Decision(models.Model):
    """Whether one attempt might go, with every rule's verdict and what it looked at. Insert-only.

    Keys are opaque on purpose: the row stays readable after contact, list and mailbox are gone.
    """

    order_no = models.BigIntegerField(_("order"), unique=True)
    at = models.DateTimeField(_("at"))
    ref = models.CharField(_("message"), max_length=80)
    attempt = models.PositiveIntegerField(_("attempt"))
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices)
    code = models.CharField(_("because"), max_length=40, blank=True)
    not_before = models.DateTimeField(_("not before"), null=True)
    verdicts = models.JSONField(_("verdicts"), default=list)
    card = models.BigIntegerField(_("address card"))
    person = models.UUIDField(_("person"))
    mailbox = models.CharField(_("mailbox"), max_length=40)
    playbook = models.PositiveIntegerField(_("playbook version"))
    build = models.CharField(_("code"), max_length=12, blank=True, default="")

    class Meta:
        verbose_name = _("clearance")
        verbose_name_plural = _("clearances")
        constraints: ClassVar = [models.UniqueConstraint(fields=["ref", "attempt"], name="one_decision_per_attempt")]
        indexes: ClassVar = [
            models.Index(fields=["card", "order_no"], name="decision_by_card"),
            models.Index(
                fields=["mailbox", "at"], name="permits_by_mailbox", condition=models.Q(outcome=Outcome.PERMIT)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ref}#{self.attempt}: {self.get_outcome_display()}"


class Touch(models.Model):
    """An attempt that was cleared. Caps on people, accounts and domains count each message at its latest touch."""

    ref = models.CharField(_("message"), max_length=80)
    attempt = models.PositiveIntegerField(_("attempt"))
    at = models.DateTimeField(_("at"))
    order_no = models.BigIntegerField(_("order"))
    person = models.UUIDField(_("person"))
    account = models.CharField(_("account"), max_length=40)
    domain = models.CharField(_("digest of the recipient's domain"), max_length=32)
    mailbox = models.CharField(_("mailbox"), max_length=40, blank=True)
    opening = models.BooleanField(_("first message to this person"), default=False)

    class Meta:
        verbose_name = _("touch")
        verbose_name_plural = _("touches")
        constraints: ClassVar = [models.UniqueConstraint(fields=["ref", "attempt"], name="one_touch_per_attempt")]
        indexes: ClassVar = [
            models.Index(fields=["person", "at"], name="touch_by_person"),
            models.Index(fields=["account", "at"], name="touch_by_account"),
            models.Index(fields=["domain", "at"], name="touch_by_domain"),
            models.Index(fields=["mailbox", "at"], name="new_people_by_mailbox", condition=models.Q(opening=True)),
        ]

    def __str__(self) -> str:
        return self.ref


class LostStep(models.Model):
    """A step that was cleared in a life of the database that was lost, by whom it went to; from a journal. Insert-only.

    Whoever is loaded again after a restore is a stranger under every key; the digest of the address is the same.
    """

    order_no = models.BigIntegerField(_("order"), unique=True)
    card = models.CharField(_("digest of the widest spelling"), max_length=32)
    series = models.CharField(_("sequence"), max_length=80)
    step = models.PositiveSmallIntegerField(_("step"))

    class Meta:
        verbose_name = _("step sent before a restore")
        verbose_name_plural = _("steps sent before a restore")
        indexes: ClassVar = [models.Index(fields=["card"], name="lost_step_by_card")]

    def __str__(self) -> str:
        return f"{self.series}/{self.step}"


class Budget(models.Model):
    """A shared cap, as a row to lock: mailbox, account, recipient domain."""

    key = models.CharField(_("key"), max_length=80, unique=True)

    class Meta:
        verbose_name = _("budget")
        verbose_name_plural = _("budgets")

    def __str__(self) -> str:
        return self.key
