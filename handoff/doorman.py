"""Decides what a session without a second factor may do: set one up, sign out, and stop (LAW SEC-01, APR-08)."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from compliance import factor
from compliance.admin_factor import asked
from compliance.factor import Kind
from handoff import factors

_SIGNING = {"account_login", "account_reauthenticate", "mfa_authenticate", "mfa_activate_totp", "mfa_reauthenticate"}
_STOPPING = {"admin:compliance_halt_stop", "admin:compliance_halt_place"}
OPEN = _SIGNING | _STOPPING | {"admin:login", "admin:logout", "admin:jsi18n"}
"""What needs no factor in the session, by the name of the page."""


class Doorman:
    """Stands behind the authentication: who came in by a password alone goes no further."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._answer(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Nothing, or what is answered instead of the page."""
        match = request.resolver_match
        if match is None or match.view_name in OPEN or not settings.REQUIRE_MFA or not request.user.is_authenticated:
            return None
        if factor.used_at(request):
            return None
        if factors.has_one(request.user):
            return asked(request, Kind.KEYS, back=reverse("admin:index"))
        return HttpResponseRedirect(reverse("mfa_activate_totp"))
