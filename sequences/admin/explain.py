"""Decides how a page explains a person's mail: from their contact, or by an address that is perhaps nobody's any more.

An address is sent by POST, so that it stands in no log of a web server.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from compliance import admin_words as words
from compliance import clock, watching
from compliance.addresses import AddressError
from compliance.admin_pages import Page, Panel, key_in, person
from compliance.models import Outcome
from compliance.refusals import Refusal
from sequences import explain
from sequences.admin.outbox import TONES
from sequences.explain import Explanation, NobodyKnown, said, shape
from sequences.models import Contact, Enrollment, OutboundMessage

_OF_CONTACT, _OF_ADDRESS = "sequences_contact_explain", "sequences_contact_explain_address"
_NOT_FOUND = 404
_NO_ADDRESS = Refusal("not_an_address", _("This is not exactly one plain address."))
_PASSAGES = {Enrollment.State.ACTIVE: "good", Enrollment.State.FINISHED: "plain", Enrollment.State.EXITED: "wait"}


class WithWhy(Page):
    """The part of the contacts' pages that says why each message went or did not."""

    list_before_template = "sequences/why/lookup_link.html"

    def get_urls(self) -> list[URLPattern]:
        of_contact = require_safe(self.admin_site.admin_view(self.explain_view))
        of_address = require_http_methods(["GET", "HEAD", "POST"])(self.admin_site.admin_view(self.lookup_view))
        ours = [
            path("explain/", of_address, name=_OF_ADDRESS),
            path("<path:object_id>/explain/", of_contact, name=_OF_CONTACT),
        ]
        return [*ours, *super().get_urls()]

    def explain_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Everything about the person to whom a contact belongs; `?before=KEY` tells the older messages."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        _permitted(request)
        told = explain.of_contact(row, at=clock.now(), before=key_in(request.GET.get("before", "")))
        for other in Contact.objects.filter(pk__in=[one["id"] for one in told["person"]["contacts"]]).exclude(
            pk=row.pk
        ):
            watching.viewed(request, other)
        return self._explained(request, told, row)

    def lookup_view(self, request: HttpRequest) -> HttpResponse:
        """GET asks for an address; POST leads to its contact, or says what digests tell of somebody who is none."""
        _permitted(request)
        text = request.POST.get("address", "").strip()
        if request.method != "POST" or not text:
            return self._ask_address(request)
        try:
            told = explain.of_address(text, at=clock.now())
        except AddressError:
            return self._ask_address(
                request, text, Refusal("not_an_address", _("This is not exactly one plain address."))
            )
        except NobodyKnown as nobody:
            return self._ask_address(request, text, Refusal("nobody", _nobody(nobody)))
        if contacts := told["person"]["contacts"]:
            return HttpResponseRedirect(url_of(contacts[0]["id"]))
        watching.looked(explain.subject_of(told), by=person(request), at=told["at"], place=_OF_ADDRESS)
        return self._explained(request, told, None)

    def _explained(self, request: HttpRequest, told: Explanation, row: Contact | None) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _now("Why each message went, or did not"),
            "original": row,
            "at": told["at"],
            "panels": panels(told, row),
        }
        return TemplateResponse(request, "sequences/why/page.html", context)

    def _ask_address(self, request: HttpRequest, text: str = "", wrong: Refusal | None = None) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _now("Explain the mail of an address"),
            "address": text,
            "wrong": wrong,
        }
        return TemplateResponse(request, "sequences/why/lookup.html", context, status=_NOT_FOUND if wrong else None)


def url_of(contact: int) -> str:
    """Where the mail of a contact is explained."""
    return reverse(f"admin:{_OF_CONTACT}", args=[contact])


def url_for(request: HttpRequest, contact: int) -> str:
    """The same for whoever may see it; empty for others."""
    return "" if explain.against(person(request)) else url_of(contact)


def panels(told: Explanation, row: Contact | None) -> list[Panel]:
    """The parts of the page, what comes next before what happened."""
    older = f"{url_of(row.pk)}?before={told['older']['before']}" if row and told["older"] else ""
    happened = {"messages": [_message(one) for one in reversed(told["messages"])], "older": older, "told": told}
    found = [
        Panel(_("Who"), "sequences/why/who.html", {"person": told["person"], "row": row}),
        Panel(_("What comes next"), "sequences/why/next.html", _next(told)),
        Panel(_("What stands against writing to them"), "sequences/why/against.html", {"told": told}),
        Panel(_("What happened to each message"), "sequences/why/messages.html", happened),
    ]
    passages = [{"one": one, "tone": _PASSAGES[Enrollment.State(one["state"])]} for one in told["passages"]]
    if passages:
        found.append(Panel(_("Passages through sequences"), "sequences/why/passages.html", {"passages": passages}))
    return found


def _permitted(request: HttpRequest) -> None:
    if explain.against(person(request)):
        raise PermissionDenied


def _nobody(nobody: NobodyKnown) -> str:
    said_now = _now("Nobody has this address, and no stop is recorded for it.")
    if not nobody.import_says:
        return said_now
    return f"{said_now} {_now('An import would leave it out:')} {nobody.import_says}"


def _next(told: Explanation) -> dict[str, Any]:
    step = told["next"]
    lists = [{"one": one, **_verdicts(one["verdicts"])} for one in told["lists"]]
    return {"step": step, "lists": lists, "known": bool(told["person"]["contacts"]), **_verdicts(_of(step))}


def _of(step: shape.Next | None) -> Sequence[shape.Verdict]:
    return step["verdicts"] if step else ()


def _message(one: shape.Message) -> dict[str, Any]:
    refusal = [one["refusal"]] if one["refusal"] else []
    return {
        "one": one,
        "tone": TONES[OutboundMessage.State(one["state"])],
        "refusal": [_row(verdict) for verdict in refusal],
        "attempts": [
            {"one": attempt, "tone": words.tone(attempt["decided"]), **_verdicts(attempt["verdicts"])}
            | {"answer": Outcome(attempt["decided"]).label if attempt["decided"] else ""}
            for attempt in one["attempts"]
        ],
    }


def _verdicts(found: Sequence[shape.Verdict]) -> dict[str, Any]:
    """Every verdict for the table, and those that did not say yes for whoever will not open it."""
    return {"verdicts": [_row(one) for one in found], "against": [_row(one) for one in said.against(found)]}


def _row(one: shape.Verdict) -> dict[str, Any]:
    return {
        "rule": one["means"] or one["because"],
        "answer": Outcome(one["outcome"]).label,
        "tone": words.tone(one["outcome"]),
        "because": one["because"],
        "until": one["until"],
        "looked_at": [(key.replace("_", " "), words.plain(value)) for key, value in one["why"].items()],
    }
