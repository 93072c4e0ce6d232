"""Decides how a page asks for a code: as a step in between that carries everything typed so far, and loses nothing.

The answer is 403, because nothing was done. What was typed travels sealed, for this person and this address only: a
password among it is not to be read in a page. Sent back with the code, the form goes on where it was.
"""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from compliance import clock, factor, vault
from compliance.factor import Kind
from compliance.refusals import Refusal

_CODE, _CARRIED = "factor-code", "factor-carried"
_OURS = {_CODE, _CARRIED, "csrfmiddlewaretoken"}
_FORBIDDEN = 403

View = Callable[..., HttpResponse]


class Asked(HttpResponse):
    """The page that asks; whoever watches can tell it from a refusal."""


def asked(request: HttpRequest, kind: Kind | None, *, back: str = "") -> HttpResponse | None:
    """None when the request may go on; otherwise what to answer instead."""
    if not factor.is_wanted(request, kind, clock.now()):
        return None
    typed = _typed(request)
    code = request.POST.get(_CODE, "").strip()
    wrong = factor.check(request, code) if code else None
    if not code or wrong:
        return _page(request, typed, wrong, back or request.path)
    if typed is None:
        return HttpResponseRedirect(request.get_full_path())
    request.POST = typed  # type: ignore[assignment]
    return None


def gated(view: View, kind: Kind, *, links: bool = False) -> View:
    """A view that is not one of ours, behind the question; `links` says that looking needs the code as well."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **rest: Any) -> HttpResponse:
        wants = links or request.method == "POST"
        return (asked(request, kind) if wants else None) or view(request, *args, **rest)

    return answer


def _typed(request: HttpRequest) -> QueryDict | None:
    """What the form holds, or held before the code was asked for; None for a link that was followed."""
    if request.method != "POST":
        return None
    if _CARRIED in request.POST:
        return _unpacked(request, request.POST[_CARRIED])
    typed = request.POST.copy()
    for name in _OURS:
        typed.pop(name, None)
    return typed


def _packed(request: HttpRequest, typed: QueryDict | None) -> str:
    said = [request.get_full_path(), str(request.user.pk), None if typed is None else typed.urlencode()]
    return vault.seal(json.dumps(said), vault.CARRIED)


def _unpacked(request: HttpRequest, text: str) -> QueryDict | None:
    try:
        path, user, typed = json.loads(vault.unseal(text, vault.CARRIED))
    except vault.Unreadable:
        return None
    ours = (path, user) == (request.get_full_path(), str(request.user.pk))
    return QueryDict(typed) if ours and typed is not None else None


def _page(request: HttpRequest, typed: QueryDict | None, wrong: Refusal | None, back: str) -> HttpResponse:
    shown = {"carried": _packed(request, typed), "carried_as": _CARRIED, "wrong": wrong, "field": _CODE, "back": back}
    page = render(request, "admin/factor/ask.html", {**admin.site.each_context(request), **shown})
    answer = Asked(page.content, status=_FORBIDDEN)
    add_never_cache_headers(answer)
    return answer
