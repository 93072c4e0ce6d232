"""Decides how an act is offered on a row's page: a button for each open one, every reason for each closed one.

A button opens a dialog; without scripts, and where something has to be read first, it leads to a page with the same
form. GET changes nothing: only a POST with the form's token performs, through `compliance.acts.perform`, which asks
every reason again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from compliance import clock, watching
from compliance.acts import Act, Consent, Field, Offer, offers, perform
from compliance.admin_factor import asked
from compliance.admin_pages import Page, Panel, person
from compliance.playbook import NoPlaybook
from compliance.refusals import Refusal, Refused
from compliance.transitions import arrows

_CONFLICT = 409
_NOTHING_SAID = Consent()


@dataclass(frozen=True)
class Shown:
    """An offer as a page shows it: where its form is, and what will happen."""

    offer: Offer
    url: str
    means: Any
    digest: str
    fields: tuple[tuple[Field, str], ...] = ()
    token: str = ""

    @property
    def key(self) -> str:
        return f"act-{self.offer.act.arrow}"


@dataclass(frozen=True)
class Closed:
    """Acts that are closed for the very same reasons."""

    labels: tuple[str, ...]
    refusals: tuple[Refusal, ...]


class ActsAdmin(Page):
    """A page with acts. `means` says, arrow by arrow, what will happen."""

    acts: Sequence[Act] = ()
    means: Mapping[str, Any] = {}

    def panels(self, request: HttpRequest, row: Any, at: datetime) -> list[Panel]:
        return [self._acts_panel(request, row, at), *super().panels(request, row, at)]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.act_view)
        ours = path("<path:object_id>/act/<slug:arrow>/", view, name=self._act_name())
        return [ours, *super().get_urls()]

    def act_view(self, request: HttpRequest, object_id: str, arrow: str) -> HttpResponse:
        """GET shows the form of one act, POST takes it."""
        row = self.get_object(request, unquote(object_id))
        act = next((act for act in self.acts if act.arrow == arrow), None)
        if row is None or act is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        if request.method == "POST" and (step := asked(request, act.kind, back=self._page(row))):
            return step
        more = {field.name: request.POST.get(f"more-{field.name}", "") for field in act.fields}
        comment, digest, token = (request.POST.get(name, "") for name in ("comment", "digest", "token"))
        consent = Consent(comment, digest, more, token)
        try:
            return self._take(request, row, act, consent) if request.method == "POST" else self._ask(request, row, act)
        except NoPlaybook:
            messages.error(request, _now("No playbook is loaded, so nothing can be decided."))
            return HttpResponseRedirect(self._page(row))

    def _take(self, request: HttpRequest, row: Any, act: Act, consent: Consent) -> HttpResponse:
        try:
            perform(row, act, by=person(request), at=clock.now(), consent=consent)
        except Refused as refused:
            if "not_permitted" in refused.codes:
                watching.refused(request, row, act.arrow)
            for refusal in refused.refusals:
                messages.error(request, str(refusal))
            # The verb may have changed the instance before it was refused.
            again = self.get_object(request, str(row.pk))
            return self._ask(request, again, act, consent, status=_CONFLICT)
        messages.success(request, _now("Done: %(what)s") % {"what": arrows(type(row))[act.arrow].label})
        return HttpResponseRedirect(self.after(row, act))

    def after(self, row: Any, act: Act) -> str:
        """The page that comes next when an act was taken: that of the row."""
        return self._page(row)

    def _ask(
        self, request: HttpRequest, row: Any, act: Act, said: Consent = _NOTHING_SAID, *, status: int = 200
    ) -> TemplateResponse:
        offer = _offer(row, act, request)
        at = clock.now()
        panels, token = self.to_be_seen(request, row, at) if act.shows and offer.open else ([], "")
        context = {
            **self.admin_site.each_context(request),
            "title": offer.label,
            "subtitle": str(row),
            "opts": self.opts,
            "original": row,
            "shown": self._shown(offer, row, said, token),
            "panels": panels,
            "comment": said.comment,
            "back": self._page(row),
        }
        return TemplateResponse(request, "admin/acts/page.html", context, status=status)

    def _acts_panel(self, request: HttpRequest, row: Any, at: datetime) -> Panel:
        found = offers(row, self.acts, person(request), at)
        data = {"open": [self._shown(offer, row) for offer in found if offer.open], "closed": _closed(found)}
        return Panel(_("What you can do now"), "admin/acts/panel.html", data, first=True, badge=self.state_shown(row))

    def _shown(self, offer: Offer, row: Any, said: Consent = _NOTHING_SAID, token: str = "") -> Shown:
        url = reverse(f"admin:{self._act_name()}", args=[row.pk, offer.act.arrow])
        fields = tuple((asked, said.more.get(asked.name, "")) for asked in offer.act.fields)
        return Shown(offer, url, self.means.get(offer.act.arrow, ""), self.shown_digest(row), fields, token)

    def shown_digest(self, row: Any) -> str:
        """The digest of what the page shows: a consent names it, so that nothing else is signed."""
        return str(getattr(row, "digest", ""))

    def to_be_seen(self, request: HttpRequest, row: Any, at: datetime) -> tuple[list[Panel], str]:
        """What somebody has to see before an act that `shows`, and the token that says that they did."""
        return [], ""

    def _act_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_act"

    def _page(self, row: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])


def _offer(row: Any, act: Act, request: HttpRequest) -> Offer:
    return offers(row, [act], person(request), clock.now())[0]


def _closed(found: Sequence[Offer]) -> list[Closed]:
    """Closed acts, those with the very same reasons together; what another state is needed for comes last."""
    grouped: dict[tuple[str, ...], list[Offer]] = {}
    for offer in found:
        if not offer.open:
            grouped.setdefault(tuple(str(refusal) for refusal in offer.refusals), []).append(offer)
    closed = [Closed(tuple(offer.label for offer in group), group[0].refusals) for group in grouped.values()]
    return sorted(closed, key=lambda one: one.refusals[0].code == "wrong_state")
