"""Records who looked at personal data, who was refused, and who came and went (LAW AUD-03, ASVS 16.3).

A page of personal data whose entry cannot be written is not shown (LAW SEC-20): the entry comes before the page.
Which pages those are is said on their admin class, `personal = True`. Searches and user names are kept as keyed
digests: the same one can be found again, and none can be read.
"""

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch

from compliance import addresses, audit, clock, keys
from compliance.admin_factor import Asked
from compliance.principals import SYSTEM, Principal
from compliance.sparing import Sparing

_KEY = re.compile(r"\d{1,18}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FINE, _GOES_ON, _FORBIDDEN = 200, 302, 403
_failed = Sparing()
_SIGN_OUT, _LOOK_UP = "admin:logout", "admin:autocomplete"

Answer = Callable[[HttpRequest], HttpResponse]


class Watching:
    """Stands right behind the authentication, so that it knows who is asking."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._answer(request)
        match = request.resolver_match
        if match is None:
            return response
        if isinstance(response, Asked):
            _record(request, "access.factor_asked", _subject(match), place=match.view_name, method=request.method)
        elif response.status_code == _FORBIDDEN:
            _denied(request, match)
        elif match.view_name in settings.SIGN_IN_VIEWS and request.method == "POST":
            _came(request, response)
        elif match.view_name == _LOOK_UP and response.status_code == _FINE:
            _looked_up(request, response)
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """A sign-out is recorded while we still know whose it is."""
        match = request.resolver_match
        if match and match.view_name == _SIGN_OUT and request.method == "POST" and request.user.is_authenticated:
            _record(request, "access.signed_out", audit.reference(request.user))

    def process_template_response(self, request: HttpRequest, response: Any) -> HttpResponse:
        """Between the view and its page: nothing has been shown yet."""
        told = response.context_data or {}
        row = told.get("original") or told.get("object")
        if rows := told.get("cl"):
            _saw_rows(request, rows)
        elif isinstance(row, models.Model) and _is_personal(type(row)):
            viewed(request, row)
        page: HttpResponse = response
        return page


def viewed(request: HttpRequest, row: models.Model, **data: Any) -> None:
    """Somebody is about to see what a row says of a person, or of several."""
    _record(request, "personal.viewed", audit.reference(row), place=_place(request), **data)


def looked(subject: str, *, by: Principal, at: datetime, place: str) -> None:
    """The same where there is no page: somebody asks at the console, or a program for them."""
    audit.record("personal.viewed", subject, by=by, at=at, place=place)


def exported(request: HttpRequest, model: type[models.Model], *, rows: int, kind: str) -> None:
    """Somebody is about to take so many people away, in a file of this kind."""
    _record(request, "personal.exported", model._meta.label_lower, place=_place(request), rows=rows, kind=kind)


def refused(request: HttpRequest, row: models.Model, act: str) -> None:
    """Somebody tried an act that their roles do not include."""
    _record(request, "access.denied", audit.reference(row), place=_place(request), act=act)


def _saw_rows(request: HttpRequest, rows: Any) -> None:
    if getattr(rows.model_admin, "personal", False):
        shown, search = len(rows.result_list), _digest("search", rows.query)
        data: dict[str, Any] = {"rows": shown, "page": rows.page_num, "search": search}
        _record(request, "personal.listed", rows.model._meta.label_lower, **data)


def _looked_up(request: HttpRequest, response: HttpResponse) -> None:
    """What a field offers while somebody types, a list like any other."""
    asked = request.GET
    try:
        model = apps.get_model(asked["app_label"], asked["model_name"])
        target: Any = model._meta.get_field(asked["field_name"]).related_model
    except (LookupError, ValueError, FieldDoesNotExist):
        return
    if target and _is_personal(target):
        shown, search = len(json.loads(response.content)["results"]), _digest("search", asked.get("term"))
        data: dict[str, Any] = {"rows": shown, "search": search}
        _record(request, "personal.listed", target._meta.label_lower, place=_LOOK_UP, **data)


def _denied(request: HttpRequest, match: ResolverMatch) -> None:
    if request.user.is_authenticated:
        _record(request, "access.denied", _subject(match), place=match.view_name, method=request.method)


def _came(request: HttpRequest, response: HttpResponse) -> None:
    if request.user.is_authenticated:
        _record(request, "access.signed_in", audit.reference(request.user))
    elif (
        # A password that was right leads on to the second factor, whose failures are recorded by whoever checks it.
        response.status_code != _GOES_ON
        and (said := request.POST.get("login"))
        and (worth := _failed.note(_digest("sign-in", said), clock.now()))
    ):
        _record(request, "access.sign_in_failed", "auth.user", by=SYSTEM, name=worth.name, count=worth.count)


def _record(request: HttpRequest, verb: str, subject: str, *, by: Principal | None = None, **data: Any) -> None:
    who: Any = by or request.user
    audit.record(verb, subject, by=who, at=clock.now(), **data)


def _is_personal(model: type[models.Model]) -> bool:
    return bool(getattr(admin.site._registry.get(model), "personal", False))


def _subject(match: ResolverMatch) -> str:
    """`app.model:key` of a page of the admin. What else stands in an address may be anybody's name, and is left out."""
    app, _, rest = (match.url_name or "").partition("_")
    name, _, _ = rest.partition("_")
    try:
        label = apps.get_model(app, name)._meta.label_lower
    except (LookupError, ValueError):
        return "page"
    key = unquote(str(match.kwargs.get("object_id", "")))
    return f"{label}:{key}" if _KEY.fullmatch(key) else label


def _place(request: HttpRequest) -> str:
    return request.resolver_match.view_name if request.resolver_match else ""


def _digest(purpose: str, text: str | None) -> str:
    """Nothing for nothing; otherwise the same 32 digits for the same words, in small letters."""
    words = (text or "").strip().casefold()
    return addresses.fingerprint(words, keys.current(purpose)[1]) if words else ""
