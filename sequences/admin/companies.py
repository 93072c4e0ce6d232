"""Decides how a company's page says that it is one with another: the domain of the other, what it means, then the act.

The first POST shows what would happen, the second one does it; nothing takes it back.
"""

from collections.abc import Sequence
from datetime import datetime

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from compliance import audit, clock
from compliance.acts import Consent
from compliance.admin_pages import Page, Panel, key_in, page_of, person
from compliance.refusals import Refusal, Refused
from sequences import company_merging as merging
from sequences.models import Account

_CONFLICT = 409
_LABEL = _("Is the same company as …")


class WithMerging(Page):
    """The part of a company's page that is about which company it is."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.merge_view)
        return [path("<path:object_id>/merge/", view, name="sequences_account_merge"), *super().get_urls()]

    def has_change_permission(self, request: HttpRequest, obj: Account | None = None) -> bool:
        return not (obj is not None and obj.merged_into_id) and super().has_change_permission(request, obj)

    def panels(self, request: HttpRequest, row: Account, at: datetime) -> list[Panel]:
        data = {
            "row": row,
            "names": row.merged.order_by("pk"),
            "label": _LABEL,
            "url": reverse("admin:sequences_account_merge", args=[row.pk]),
            "against": merging.against_anything(row, person(request)),
        }
        which = Panel(_("Which company it is"), "sequences/company.html", data, first=row.merged_into is not None)
        return [*super().panels(request, row, at), which]

    def merge_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """GET shows the form; POST names the other company, or takes the act."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        if request.method != "POST":
            return self._ask(request, row)
        return self._look(request, row) if "who" in request.POST else self._take(request, row)

    def _look(self, request: HttpRequest, row: Account) -> HttpResponse:
        """Somebody named the other company: show what would happen."""
        who = request.POST["who"].strip()
        other = _named(who)
        if isinstance(other, Refusal):
            return self._ask(request, row, who=who, wrong=[other], status=_CONFLICT)
        if refusals := merging.against_merging(row, other, person(request)):
            return self._ask(request, row, who=who, wrong=refusals, status=_CONFLICT)
        return self._ask(request, row, other=other)

    def _take(self, request: HttpRequest, row: Account) -> HttpResponse:
        said = request.POST.get("comment", "").strip()
        other = Account.objects.filter(pk=key_in(request.POST.get("other", "")) or 0).first()
        if other is None:
            raise Http404
        if request.POST.get("seen") != _seen(row, other):
            changed = Refusal("changed_since", _("Something changed while you were reading; look at it again."))
            return self._ask(request, row, other=other, comment=said, wrong=[changed], status=_CONFLICT)
        try:
            merging.merge_accounts(row, other, by=person(request), at=clock.now(), consent=Consent(said))
        except Refused as refused:
            return self._ask(request, row, other=other, comment=said, wrong=refused.refusals, status=_CONFLICT)
        messages.success(request, _now("%(other)s is %(kept)s from now on.") % {"other": other, "kept": row})
        return HttpResponseRedirect(page_of(audit.reference(row)))

    def _ask(
        self,
        request: HttpRequest,
        row: Account,
        *,
        other: Account | None = None,
        who: str = "",
        comment: str = "",
        wrong: Sequence[Refusal] = (),
        status: int = 200,
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _LABEL,
            "opts": self.opts,
            "original": row,
            "closed": merging.against_anything(Account.objects.get(pk=row.pk), person(request)),
            "wrong": wrong,
            "who": who,
            "comment": comment,
            "other": other,
            "means": merging.foresee(row, other) if other else None,
            "seen": _seen(row, other) if other else "",
            "back": page_of(audit.reference(row)),
        }
        return TemplateResponse(request, "sequences/company_act.html", context, status=status)


def _named(who: str) -> Account | Refusal:
    """The one company of this domain, or else of exactly this name."""
    words = who.casefold().removeprefix("@")
    found = list(Account.objects.filter(domain=words)[:1]) if words else []
    found = found or list(Account.objects.filter(Q(name__iexact=who))[:2])
    if len(found) == 1:
        return found[0]
    if found:
        return Refusal("ambiguous", _("More than one account has this name; give the domain."))
    return Refusal("unknown_account", _("There is no account with this domain or name."))


def _seen(row: Account, other: Account) -> str:
    """What somebody was shown: it must still be so when they say yes."""
    means = merging.foresee(row, other)
    return f"{row.key} {other.key} {means.people} {means.passages} {means.stopped}"
