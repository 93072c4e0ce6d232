"""The ledger as people read it: clearances and audit log; stops stand beside it. All of it is evidence."""

from datetime import datetime

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from compliance import admin_words as words
from compliance.admin_domains import SendingDomainAdmin
from compliance.admin_halts import HaltAdmin
from compliance.admin_heartbeats import HeartbeatAdmin, JournalHostAdmin
from compliance.admin_incidents import IncidentAdmin
from compliance.admin_installation import InstallationAdmin
from compliance.admin_lifting import LiftAdmin, LiftRequestAdmin, OptInAdmin
from compliance.admin_log import AuditEntryAdmin
from compliance.admin_pages import NOTHING, Panel, Record, badge
from compliance.admin_stops import SuppressionAdmin
from compliance.models import Decision

__all__ = [
    "AuditEntryAdmin",
    "DecisionAdmin",
    "HaltAdmin",
    "HeartbeatAdmin",
    "InstallationAdmin",
    "JournalHostAdmin",
    "IncidentAdmin",
    "LiftAdmin",
    "LiftRequestAdmin",
    "OptInAdmin",
    "SendingDomainAdmin",
    "SuppressionAdmin",
]


@admin.register(Decision)
class DecisionAdmin(Record):
    """What the door said, attempt by attempt."""

    list_display = ("at", "ref", "attempt", "answer", "because", "mailbox")
    list_display_links = ("at", "ref")
    list_filter = ("outcome",)
    search_fields = ("=ref", "=mailbox", "=code")
    search_help_text = _("Reference of a message, 12/1")
    ordering = ("-order_no",)
    fields = ("at", "ref", "attempt", "answer", "because", "not_before", "mailbox", "playbook", "order_no", "person")
    readonly_fields = ("answer", "because")
    help_when_empty = _("Nothing has been sent yet, so nothing had to be decided.")

    def panels(self, request: HttpRequest, row: Decision, at: datetime) -> list[Panel]:
        verdicts = {"verdicts": words.verdict_rows(row.verdicts)}
        return [Panel(_("What every rule said"), "admin/pages/verdicts.html", verdicts, first=True)]

    @admin.display(description=_("answer"), ordering="outcome")
    def answer(self, row: Decision) -> str:
        return badge(row.get_outcome_display(), words.tone(row.outcome))

    @admin.display(description=_("because"), ordering="code")
    def because(self, row: Decision) -> str:
        return words.say(row.code) or NOTHING
