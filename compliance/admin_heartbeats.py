"""Signs of life as people read them: which host is silent or waited for, whether the unsubscribe link works.

A host that will not come back is declared gone here, with a reason.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from compliance import clock, factor, hosts, roster
from compliance.admin_factor import asked
from compliance.admin_pages import Panel, Record, badge, key_in, page_of, person
from compliance.audit import reference
from compliance.models import Heartbeat, JournalHost
from compliance.refusals import Refused

Kind = Heartbeat.Kind


class Retirable(Record):
    """Read only, but for declaring a host gone."""

    retire: ClassVar[Callable[..., None]]
    objections: ClassVar[Callable[..., list[Any]]]
    means: Any = ""
    list_display_links = ("name",)
    readonly_fields = ("standing",)

    def may_be_retired(self, row: Any) -> bool:
        """Whether it is a host that is still expected."""
        return not row.retired_at

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.retire_view)
        return [path("<path:object_id>/retire/", view, name=self._act), *super().get_urls()]

    def panels(self, request: HttpRequest, row: Any, at: datetime) -> list[Panel]:
        if not self.may_be_retired(row):
            return []
        refusals = type(self).objections(row, by=person(request), now=clock.lease_clock())
        data = {"refusals": refusals, "url": reverse(f"admin:{self._act}", args=[row.pk]), "means": self.means}
        return [Panel(_("If this host will not come back"), "admin/heartbeats/retire.html", data, first=True)]

    def retire_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """POST only: declare one host gone, with a comment."""
        row = self.get_queryset(request).filter(pk=key_in(object_id) or 0).first()
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        # Mail that waited for this host goes on.
        if step := asked(request, factor.Kind.STARTS, back=page_of(reference(row))):
            return step
        said = request.POST.get("comment", "")
        try:
            type(self).retire(row, by=person(request), at=clock.now(), now=clock.lease_clock(), reason=said)
        except Refused as refused:
            for refusal in refused.refusals:
                messages.error(request, str(refusal))
        else:
            messages.success(request, _now("Done: %(what)s is no longer expected") % {"what": row.name})
        return HttpResponseRedirect(page_of(reference(row)))

    @property
    def _act(self) -> str:
        return f"compliance_{self.opts.model_name}_retire"


@admin.register(Heartbeat)
class HeartbeatAdmin(Retirable):
    """Web hosts, the canary, inboxes."""

    retire = staticmethod(hosts.retire)
    objections = staticmethod(hosts.objections)
    means = _(
        "Nothing is sent while this host is expected and silent: it may hold opt-outs on its disk. Declare it gone "
        "only when you have looked at its state folder, or know that it served nobody after it was last seen."
    )
    list_display = ("name", "kind", "at", "standing")
    list_filter = ("kind",)
    ordering = ("kind", "name")
    fields = ("name", "kind", "at", "standing", "retired_at")
    help_when_empty = _("No web host has started yet.")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).exclude(kind=Kind.ONCE)

    def may_be_retired(self, row: Heartbeat) -> bool:
        return row.kind == Kind.WEB_HOST and not row.retired_at

    @admin.display(description=_("standing"))
    def standing(self, row: Heartbeat) -> str:
        if row.retired_at:
            return badge(_("no longer expected"), "plain")
        if row.kind == Kind.WEB_HOST and row.at < clock.lease_clock() - hosts.STALE:
            return badge(_("silent: nothing is sent"), "bad")
        return badge(_("expected"), "good")


@admin.register(JournalHost)
class JournalHostAdmin(Retirable):
    """Hosts whose journals the database is compared with."""

    retire = staticmethod(roster.retire)
    objections = staticmethod(roster.objections)
    means = _(
        "After a restore or a failover nothing is sent before this host has compared its journal with the database: "
        "it may tell of opt-outs and messages that nobody else remembers. Declare it gone only when its journal is "
        "lost or the machine will never run again. Should it come back, a person has to arm it."
    )
    list_display = ("name", "standing", "epoch", "highest", "seen_at")
    fields = ("name", "standing", "epoch", "highest", "seen_at", "joined_at", "retired_at")
    help_when_empty = _("No host has been armed yet.")

    @admin.display(description=_("standing"))
    def standing(self, row: JournalHost) -> str:
        return standing_of(row, roster.see())


def standing_of(row: JournalHost, seen: roster.Seen | None) -> str:
    """Whether the door waits for this host, as a badge."""
    if row.retired_at:
        return badge(_("declared gone"), "plain")
    if seen and row.name in seen.hosts and seen.is_through(seen.hosts[row.name]):
        return badge(_("has compared its journal"), "good")
    return badge(_("waited for: nothing is sent"), "bad")
