"""How far what comes back to a mailbox has been read."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from sequences.models.mailboxes import Mailbox


class Inbox(models.Model):
    """The reading of one mailbox: from which day on, when last to its end, and what the latest try failed with.

    `error` is empty after a good try; `failures` counts those that failed one after the other. `leased_until` keeps
    two workers from the same inbox.
    """

    mailbox = models.OneToOneField(
        Mailbox, on_delete=models.CASCADE, related_name="inbox", primary_key=True, verbose_name=_("mailbox")
    )
    since = models.DateField(_("mail since"), editable=False)
    read_at = models.DateTimeField(_("last read"), null=True, editable=False)
    error = models.CharField(_("last error"), max_length=300, blank=True, editable=False)
    failed_at = models.DateTimeField(_("failed"), null=True, editable=False)
    failures = models.PositiveSmallIntegerField(default=0, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("inbox")
        verbose_name_plural = _("inboxes")

    def __str__(self) -> str:
        return str(self.mailbox)


class InboxFolder(models.Model):
    """One folder at the IMAP server. `last_uid` is the last mail of it that is stored here, under this `validity`."""

    inbox = models.ForeignKey(Inbox, on_delete=models.CASCADE, related_name="folders", verbose_name=_("inbox"))
    name = models.CharField(_("folder"), max_length=200)
    validity = models.BigIntegerField("UIDVALIDITY", default=0, editable=False)
    last_uid = models.BigIntegerField(_("read up to"), default=0, editable=False)

    class Meta:
        verbose_name = _("folder of an inbox")
        verbose_name_plural = _("folders of inboxes")
        constraints: ClassVar = [models.UniqueConstraint(fields=["inbox", "name"], name="one_row_per_folder")]

    def __str__(self) -> str:
        return f"{self.inbox}: {self.name}"
