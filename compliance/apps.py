"""The law and the ledger: may we, and what happened."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from compliance.connections import read_moments_quickly


class ComplianceConfig(AppConfig):
    name = "compliance"
    verbose_name = _("The ledger")

    def ready(self) -> None:
        read_moments_quickly()
