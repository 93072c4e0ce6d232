"""Sending domains as people read them: what receivers find in DNS, what to do about it, and a button to look again."""

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from compliance import clock, domain_words, domains
from compliance.admin_factor import asked
from compliance.admin_pages import Page, Panel, badge, key_in, page_of, person
from compliance.audit import reference
from compliance.factor import Kind
from compliance.models import DomainCheck, DomainVerdict, SendingDomain

_SHOWN = 20
_TONES = {DomainVerdict.PASSES: "good", DomainVerdict.FAILS: "bad", DomainVerdict.UNKNOWN: "wait"}
_STANDS = {
    DomainVerdict.PASSES: _("passes"),
    DomainVerdict.FAILS: _("fails: nothing is sent from it"),
    DomainVerdict.UNKNOWN: _("not known: nothing is sent from it"),
}


@admin.register(SendingDomain)
class SendingDomainAdmin(Page):
    """Domains that mailboxes send from. They come by themselves; only the selectors are for people to say."""

    kind = Kind.KEYS
    list_display = ("domain", "stands", "checked_at", "selectors")
    search_fields = ("domain",)
    search_help_text = _("Domain")
    ordering = ("domain",)
    fields = ("domain", "selectors", "stands", "checked_at", "decided_at", "failed_at", "created_at")
    readonly_fields = ("domain", "stands", "checked_at", "decided_at", "failed_at", "created_at")
    help_when_empty = _("No mailbox sends to the outside yet.")

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.check_view)
        ours = path("<path:object_id>/check/", view, name="compliance_sendingdomain_check")
        return [ours, *super().get_urls()]

    def panels(self, request: HttpRequest, row: SendingDomain, at: datetime) -> list[Panel]:
        latest = list(row.checks.order_by("-at", "-pk")[:_SHOWN])
        data = {
            "findings": [domain_words.say(one) for one in latest[0].findings] if latest else [],
            "at": latest[0].at if latest else None,
            "check": reverse("admin:compliance_sendingdomain_check", args=[row.pk]) if _may_check(request) else "",
        }
        looks = {"looks": [{"at": one.at, "said": _said(one)} for one in latest]}
        return [
            Panel(_("What receivers find"), "admin/domains/findings.html", data, first=True, badge=self.stands(row)),
            Panel(_("The latest looks"), "admin/domains/looks.html", looks),
        ]

    def check_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """POST only: look at one domain now; the page is answered once DNS has, a quarter of a minute at the most."""
        row = self.get_queryset(request).filter(pk=key_in(object_id) or 0).first()
        if row is None:
            raise Http404
        if not _may_check(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if step := asked(request, Kind.WRITES, back=page_of(reference(row))):
            return step
        made = domains.check(row, by=person(request), at=clock.now())
        said = _now("Looked at %(domain)s: %(verdict)s") % {"domain": row, "verdict": made.get_verdict_display()}
        messages.success(request, said)
        return HttpResponseRedirect(page_of(reference(row)))

    @admin.display(description=_("standing"))
    def stands(self, row: SendingDomain) -> str:
        verdict = row.stands(clock.now())
        return badge(_STANDS[verdict], _TONES[verdict])


def _may_check(request: HttpRequest) -> bool:
    return bool(person(request).has_perm("compliance.check_sendingdomain"))


def _said(one: DomainCheck) -> str:
    return badge(one.get_verdict_display(), _TONES[DomainVerdict(one.verdict)])
