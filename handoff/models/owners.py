"""When a member of staff is at work: the hours in which their clocks run (spec H5, first form)."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

_OFFICE: list[dict[str, Any]] = [{"days": ["mon", "tue", "wed", "thu", "fri"], "opens": "09:00", "closes": "17:00"}]


def office_hours() -> list[dict[str, Any]]:
    """Monday to Friday, nine to five: what holds for somebody who has not said otherwise."""
    return [dict(row) for row in _OFFICE]


class Owner(models.Model):
    """The working time of one person: windows on the wall clock of a zone, public holidays of a country."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="working_time", verbose_name=_("person")
    )
    zone = models.CharField(_("time zone"), max_length=64, default="UTC", help_text=_("IANA name, Europe/Berlin."))
    country = models.CharField(_("country"), max_length=2, blank=True, help_text=_("ISO 3166; its holidays are free."))
    windows = models.JSONField(_("working windows"), default=office_hours)

    class Meta:
        verbose_name = _("working time")
        verbose_name_plural = _("working times")
        permissions: ClassVar = []

    def __str__(self) -> str:
        return str(self.user)
