"""What happened: entries written in the transaction of the change, and the seals that chain them afterwards.

Both tables refuse UPDATE and DELETE by trigger. No foreign keys: an entry outlives whatever it speaks of.
"""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class AuditEntry(models.Model):
    """One change, by whom, to what, why. `subject` is `app.model:pk`; `data` never holds an address."""

    at = models.DateTimeField(_("at"), help_text=_("The moment the change was decided under."))
    actor = models.CharField(_("by"), max_length=80)
    verb = models.CharField(_("what"), max_length=80)
    subject = models.CharField(_("subject"), max_length=120)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    data = models.JSONField(_("details"), default=dict)
    digest = models.CharField(_("digest"), max_length=64)
    sealed = models.BooleanField(_("sealed"), default=False, editable=False)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        indexes: ClassVar = [
            models.Index(fields=["subject", "id"], name="audit_by_subject"),
            models.Index(fields=["verb", "at"], name="audit_by_verb"),
            # The only column that may change, and only so that the sealer finds its work without reading the log.
            models.Index(fields=["id"], name="audit_not_sealed", condition=models.Q(sealed=False)),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject}"


class AuditSeal(models.Model):
    """The place of one entry in the chain: `chain` = SHA-256(previous chain, position, entry, digest)."""

    position = models.BigIntegerField(_("position"), primary_key=True)
    entry = models.OneToOneField(
        AuditEntry, on_delete=models.DO_NOTHING, related_name="seal", db_constraint=False, verbose_name=_("entry")
    )
    digest = models.CharField(_("digest of the entry"), max_length=64)
    chain = models.CharField(_("chain"), max_length=64, unique=True)

    class Meta:
        verbose_name = _("audit seal")
        verbose_name_plural = _("audit seals")

    def __str__(self) -> str:
        return f"{self.position}: {self.chain[:12]}"
