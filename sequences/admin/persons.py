"""Decides how a page says who is one person: the person's other addresses, merging, splitting, erasing.

The address of the other contact is sent by POST, so that it stands in no log of a web server; the first POST shows
what would happen, the second one does it.
"""

from collections.abc import Callable, Sequence
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

from compliance import addresses, cards, clock, watching
from compliance.acts import Consent
from compliance.addresses import AddressError
from compliance.admin_factor import asked
from compliance.admin_pages import Page, Panel, key_in, person
from compliance.admin_persons import known
from compliance.factor import Kind
from compliance.refusals import Refusal, Refused, unless_said
from sequences import erasing, merging
from sequences.models import Contact

_CONFLICT = 409
_SAME = "same"


@dataclass(frozen=True)
class PersonAct:
    """One thing to be done with a person: how it is called, what it means, what stands against it."""

    key: str
    label: Any
    means: Any
    against: Callable[[Contact, Any], list[Refusal]]
    do: Callable[..., object]
    danger: bool = False
    kind: Kind | None = None


def _against_more(contact: Contact, by: Any) -> list[Refusal]:
    found = merging.against_anything(by)
    erased = Refusal("erased", _("This person has been erased."))
    return found or ([erased] if contact.erased_at else [])


ACTS: Sequence[PersonAct] = (
    PersonAct(
        _SAME,
        _("Is the same person as …"),
        _("The other contact becomes another address of this person. Every stop of either holds for both from now on."),
        _against_more,
        merging.merge_contacts,
        kind=Kind.WRITES,
    ),
    PersonAct(
        "apart",
        _("Is not the same person after all"),
        _("This contact becomes a person of its own again. Every stop stays with both of them."),
        merging.against_splitting,
        merging.split_contact,
        kind=Kind.WRITES,
    ),
    PersonAct(
        "erase",
        _("Erase this person"),
        _(
            "Name, address and everything written to or by this person are emptied, under all their addresses; a stop "
            "keeps them from coming back. It cannot be undone. Names and addresses in your comment are struck out; "
            "say nothing else about the person, the comment stays in the log."
        ),
        erasing.against_erasing,
        erasing.erase,
        danger=True,
        kind=Kind.WRITES,
    ),
)


class WithPersonActs(Page):
    """The part of a contact's page that is about who they are."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.person_view)
        ours = path("<path:object_id>/person/<slug:key>/", view, name="sequences_contact_person")
        return [ours, *super().get_urls()]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not (obj is not None and obj.erased_at) and super().has_change_permission(request, obj)

    def panels(self, request: HttpRequest, row: Contact, at: datetime) -> list[Panel]:
        by = person(request)
        offered = [(act, act.against(row, by)) for act in ACTS]
        data = {
            "row": row,
            "known": known(row.card.person_id, by),
            "contacts": Contact.objects.filter(card__person=row.card.person_id).order_by("pk"),
            "open": [(act, _url(row, act)) for act, against in offered if not against],
            "closed": [(act, against) for act, against in offered if against],
        }
        return [*super().panels(request, row, at), Panel(_("Who they are"), "sequences/person.html", data)]

    def person_view(self, request: HttpRequest, object_id: str, key: str) -> HttpResponse:
        """GET shows the form of one act; POST names the other contact, or takes the act."""
        row = self.get_object(request, unquote(object_id))
        act = next((act for act in ACTS if act.key == key), None)
        if row is None or act is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        if request.method != "POST":
            return self._ask(request, row, act)
        if step := asked(request, act.kind, back=_page(row)):
            return step
        looks = act.key == _SAME and "who" in request.POST
        return self._look(request, row, act) if looks else self._take(request, row, act)

    def _look(self, request: HttpRequest, row: Contact, act: PersonAct) -> HttpResponse:
        """Somebody named the other contact: show what would happen."""
        who = request.POST["who"].strip()
        other = _named(who)
        if isinstance(other, Refusal):
            return self._ask(request, row, act, who=who, wrong=[other], status=_CONFLICT)
        if refusals := merging.against_merging(row, other, person(request)):
            return self._ask(request, row, act, who=who, wrong=refusals, status=_CONFLICT)
        return self._ask(request, row, act, other=other)

    def _take(self, request: HttpRequest, row: Contact, act: PersonAct) -> HttpResponse:
        said = request.POST.get("comment", "").strip()
        other = _chosen(request) if act.key == _SAME else None
        if other and request.POST.get("seen") != _seen(row, other):
            changed = Refusal("changed_since", _("Something changed while you were reading; look at it again."))
            return self._ask(request, row, act, other=other, comment=said, wrong=[changed], status=_CONFLICT)
        if missing := unless_said(said):
            return self._ask(request, row, act, other=other, wrong=missing, status=_CONFLICT)
        try:
            whom = (row, other) if other else (row,)
            act.do(*whom, by=person(request), at=clock.now(), consent=Consent(said))
        except Refused as refused:
            again = Contact.objects.get(pk=row.pk)
            return self._ask(request, again, act, comment=said, wrong=refused.refusals, status=_CONFLICT)
        messages.success(request, _now("Done: %(what)s") % {"what": act.label})
        return HttpResponseRedirect(_page(row))

    def _ask(
        self,
        request: HttpRequest,
        row: Contact,
        act: PersonAct,
        *,
        other: Contact | None = None,
        who: str = "",
        comment: str = "",
        wrong: Sequence[Refusal] = (),
        status: int = 200,
    ) -> TemplateResponse:
        if other:
            watching.viewed(request, other)
        context = {
            **self.admin_site.each_context(request),
            "title": act.label,
            "opts": self.opts,
            "original": row,
            "act": act,
            "closed": act.against(row, person(request)),
            "wrong": wrong,
            "who": who,
            "comment": comment,
            "names_other": act.key == _SAME and other is None,
            "other": other,
            "means": merging.foresee(row, other) if other else None,
            "seen": _seen(row, other) if other else "",
            "back": _page(row),
        }
        return TemplateResponse(request, "sequences/person_act.html", context, status=status)


def _chosen(request: HttpRequest) -> Contact:
    other = Contact.objects.filter(pk=key_in(request.POST.get("other", "")) or 0).first()
    if other is None:
        raise Http404
    return other


def _named(who: str) -> Contact | Refusal:
    """The contact with exactly this address, in any spelling."""
    try:
        address = addresses.parse(who)
    except AddressError:
        return Refusal("invalid_address", _("This is not exactly one plain address."))
    card = cards.find([address]).get(address.canonical)
    found = Contact.objects.filter(card=card).first() if card else None
    return found or Refusal("unknown_contact", _("There is no contact with this address."))


def _seen(row: Contact, other: Contact) -> str:
    """What somebody was shown before they agreed."""
    means = merging.foresee(row, other)
    shown = [means.kept.pk, other.pk, means.ends and means.ends.pk, means.goes_on and means.goes_on.pk]
    return "/".join(str(key or "") for key in [*shown, *(one.pk for one in means.rows)])


def _url(row: Contact, act: PersonAct) -> str:
    return reverse("admin:sequences_contact_person", args=[row.pk, act.key])


def _page(row: Contact) -> str:
    return reverse("admin:sequences_contact_change", args=[row.pk])
