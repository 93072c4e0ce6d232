"""Signs of life as people read them: which web host is silent, whether the unsubscribe link works, and since when."""

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from compliance import clock, hosts
from compliance.admin_pages import Panel, Record, badge, key_in, page_of, person
from compliance.audit import reference
from compliance.models import Heartbeat
from compliance.refusals import Refused

_ACT = "compliance_heartbeat_retire"
Kind = Heartbeat.Kind


@admin.register(Heartbeat)
class HeartbeatAdmin(Record):
    """Read only, but for declaring a web host gone."""

    list_display = ("name", "kind", "at", "standing")
    list_display_links = ("name",)
    list_filter = ("kind",)
    ordering = ("kind", "name")
    fields = ("name", "kind", "at", "standing", "retired_at")
    readonly_fields = ("standing",)
    help_when_empty = _("No web host has started yet.")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).exclude(kind=Kind.ONCE)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.retire_view)
        return [path("<path:object_id>/retire/", view, name=_ACT), *super().get_urls()]

    def panels(self, request: HttpRequest, row: Heartbeat, at: datetime) -> list[Panel]:
        if row.kind != Kind.WEB_HOST or row.retired_at:
            return []
        refusals = hosts.objections(row, by=person(request), now=clock.lease_clock())
        data = {"refusals": refusals, "url": reverse(f"admin:{_ACT}", args=[row.pk])}
        return [Panel(_("If this host will not come back"), "admin/heartbeats/retire.html", data, first=True)]

    def retire_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """POST only: declare one host gone, with a comment."""
        row = Heartbeat.objects.filter(pk=key_in(object_id) or 0, kind=Kind.WEB_HOST).first()
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        said = request.POST.get("comment", "")
        try:
            hosts.retire(row, by=person(request), at=clock.now(), now=clock.lease_clock(), reason=said)
        except Refused as refused:
            for refusal in refused.refusals:
                messages.error(request, str(refusal))
        else:
            messages.success(request, _now("Done: %(what)s is no longer expected") % {"what": row.name})
        return HttpResponseRedirect(page_of(reference(row)))

    @admin.display(description=_("standing"))
    def standing(self, row: Heartbeat) -> str:
        if row.retired_at:
            return badge(_("no longer expected"), "plain")
        if row.kind == Kind.WEB_HOST and row.at < clock.lease_clock() - hosts.STALE:
            return badge(_("silent: nothing is sent"), "bad")
        return badge(_("expected"), "good")
