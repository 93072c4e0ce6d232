"""What this database is for. Anything but production may only reach mail servers of its own machine (LAW PIP-17)."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class Purpose(models.TextChoices):
    PRODUCTION = "production", _("production")
    STAGING = "staging", _("staging")
    DEMO = "demo", _("demo")
    TEST = "test", _("test")


class Installation(models.Model):
    """The one row that marks this database."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    instance = models.UUIDField(_("instance"), default=uuid.uuid4, editable=False)
    purpose = models.CharField(_("purpose"), max_length=12, choices=Purpose.choices)
    created_at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("installation")
        verbose_name_plural = _("installation")
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="one_installation")]

    def __str__(self) -> str:
        return self.get_purpose_display()
