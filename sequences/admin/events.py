"""What was told about a message after it was handed over, and the button by which staff record a complaint."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from compliance import admin_words as words
from compliance import clock
from compliance.admin_pages import Page, Panel, person
from sequences import events
from sequences.models import MessageEvent, OutboundMessage

_URL = "sequences_outboundmessage_complaint"
_TONES = {
    MessageEvent.Kind.DELIVERED: "good",
    MessageEvent.Kind.SOFT_BOUNCE: "wait",
    MessageEvent.Kind.HARD_BOUNCE: "bad",
    MessageEvent.Kind.COMPLAINT: "bad",
}
_WENT = (OutboundMessage.State.ACCEPTED, OutboundMessage.State.IN_DOUBT)


class MessageNews(Page):
    """The part of a message's page that tells what came back of it."""

    def get_urls(self) -> list[URLPattern]:
        view = require_http_methods(["GET", "POST"])(self.admin_site.admin_view(self.complaint_view))
        return [path("<path:object_id>/complaint/", view, name=_URL), *super().get_urls()]

    def complaint_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """GET says what a complaint does, POST records it."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row) or not _may_complain(request, row):
            raise PermissionDenied
        back = reverse("admin:sequences_outboundmessage_change", args=[row.pk])
        if request.method == "POST":
            self._complained(request, row)
            return HttpResponseRedirect(back)
        asked = {**self.admin_site.each_context(request), "opts": self.opts, "original": row, "back": back}
        data = {"title": _now("Record a complaint"), "url": reverse(f"admin:{_URL}", args=[row.pk])}
        return TemplateResponse(request, "sequences/complaint_page.html", {**asked, **data, "data": data})

    def _complained(self, request: HttpRequest, row: OutboundMessage) -> None:
        if events.complain_by_hand(row, by=person(request), at=clock.now()) is None:
            messages.info(request, _now("That complaint is recorded already."))
        else:
            messages.success(request, _now("Recorded. Nothing more goes to this person."))

    def news(self, request: HttpRequest, row: OutboundMessage) -> Panel:
        """For `panels`."""
        told = [
            {"row": one, "tone": _TONES[MessageEvent.Kind(one.kind)], "source": _source(one.source)}
            for one in row.events.order_by("at", "pk")
        ]
        url = reverse(f"admin:{_URL}", args=[row.pk]) if _may_complain(request, row) else ""
        return Panel(_("What came back of it"), "sequences/news.html", {"told": told, "url": url})


def _may_complain(request: HttpRequest, row: OutboundMessage) -> bool:
    may: Any = person(request).has_perm(events.RECORD)
    return bool(may) and row.state in _WENT


def _source(source: str) -> str:
    return words.say_subject(source) if "." in source.partition(":")[0] else source
