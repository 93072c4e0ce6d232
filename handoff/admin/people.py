"""What the pages of companies and contacts say of the ladder: who stands where, who is furthest, whose it is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from compliance.admin_pages import Panel, badge, name_of
from handoff.admin import standing
from handoff.models import Lead, Stage
from sequences.admin.people import AccountAdmin, ContactAdmin
from sequences.models import Account, Contact

_WAY: list[str] = [stage for stage in Stage if stage not in (Stage.LOST, Stage.DISQUALIFIED, Stage.ARCHIVED)]
_SHOWN = 100

# Those pages are of the floor below, which knows nothing of the ladder.
admin.site.unregister(Account)
admin.site.unregister(Contact)


@admin.register(Account)
class AccountOnTheLadder(AccountAdmin):
    """A company's page, with the stage of everybody there (spec L11)."""

    def panels(self, request: HttpRequest, row: Account, at: datetime) -> list[Panel]:
        leads = Lead.objects.filter(contact__account=row, contact__merged_into__isnull=True)
        known = list(leads.select_related("contact", "owner").order_by("contact__last_name", "pk")[:_SHOWN])
        furthest = _furthest(known)
        told = {
            "leads": [_told(lead) for lead in sorted(known, key=_height, reverse=True)],
            "furthest": badge(furthest.get_stage_display(), standing.tone(furthest.stage)) if furthest else "",
            "owners": sorted({name_of(lead.owner) for lead in known if lead.owner}),
        }
        return [
            *super().panels(request, row, at),
            Panel(_("On the ladder"), "handoff/desk/company.html", told, first=bool(furthest)),
        ]


@admin.register(Contact)
class ContactOnTheLadder(ContactAdmin):
    """A contact's page, with the way to their lead."""

    def panels(self, request: HttpRequest, row: Contact, at: datetime) -> list[Panel]:
        lead = Lead.objects.filter(contact=row).select_related("contact", "owner").first()
        told = {"lead": _told(lead) if lead else None}
        return [
            *super().panels(request, row, at),
            Panel(_("On the ladder"), "handoff/desk/contact.html", told, first=bool(lead)),
        ]


def _told(lead: Lead) -> dict[str, Any]:
    return {
        "row": lead,
        "stage": badge(lead.get_stage_display(), standing.tone(lead.stage)),
        "owner": name_of(lead.owner) if lead.owner else "",
    }


def _height(lead: Lead) -> int:
    return _WAY.index(lead.stage) if lead.stage in _WAY else -1


def _furthest(leads: Sequence[Lead]) -> Lead | None:
    """Whoever has climbed highest and is still on the way, or at its end; nobody where all have left it."""
    on_the_way = [lead for lead in leads if _height(lead) >= 0]
    return max(on_the_way, key=_height, default=None)
