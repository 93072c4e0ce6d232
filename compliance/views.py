"""The unsubscribe page: GET shows one button, POST obeys at once (RFC 8058; LAW UNS-03..07, UNS-10).

`PublicDoor` answers these addresses before any other middleware runs: no session, no cookie, no redirect, no CSRF
token, no host check and no language cookie can stand between a person and their opt-out.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import get_language_from_request

from compliance import clock, playbook, suppression, tokens
from compliance.models import SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop

PREFIX = "/u/"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
_LOOK_AT = 2048
_PIECE, _PIECES = 64 * 1024, 256

GetResponse = Callable[[HttpRequest], HttpResponse]


class PublicDoor:
    """Middleware that answers `/u/…` itself and hands everything else on."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(PREFIX):
            return unsubscribe(request, request.path_info[len(PREFIX) :].strip("/"))
        return self.get_response(request)


def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """GET and HEAD change nothing; POST with an authentic token stops everything to that person."""
    if request.method not in {"GET", "HEAD", "POST"}:
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    known = tokens.read(tokens.Purpose.UNSUBSCRIBE, token)
    with translation.override(get_language_from_request(request)):
        if known is None:
            return _page("unknown", 404)
        if request.method != "POST":
            return _page("ask", 200)
        return _stop(request, known)


def _stop(request: HttpRequest, token: tokens.Token) -> HttpResponse:
    reason = SuppressionReason.ONE_CLICK if _says_one_click(request) else SuppressionReason.UNSUBSCRIBE_LINK
    stop = Stop(reason, source=f"message:{token.message}", evidence={"message": token.message})
    try:
        suppression.stop_digest(token.digest, stop, by=SYSTEM, at=_moment(request))
    except Error:
        # Nothing was recorded, so nothing may be promised; the sender of the request may try again.
        return _page("later", 503)
    finally:
        _drain(request)
    return _page("done", 200)


def _says_one_click(request: HttpRequest) -> bool:
    """The body is looked at and never needed: empty, odd, endless or broken off, the token alone decides."""
    try:
        return b"One-Click" in request.read(_LOOK_AT)
    except OSError:
        return False


def _drain(request: HttpRequest) -> None:
    """Take the rest of the body: a connection that is closed before may lose the answer on its way."""
    with suppress(OSError):
        for _piece in range(_PIECES):
            if not request.read(_PIECE):
                return


def _page(what: str, status: int) -> HttpResponse:
    response = HttpResponse(
        render_to_string(f"compliance/unsubscribe_{what}.html", {"sender": _sender()}), status=status
    )
    response["Content-Security-Policy"] = _POLICY
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


def _sender() -> str:
    try:
        return str(playbook.section("sender").get("legal_name", ""))
    except (playbook.NoPlaybook, Error):
        return ""


def _moment(request: HttpRequest) -> datetime:
    """The real moment; a demonstration's own server hands in the moment it plays (no header can set this key)."""
    played = request.META.get("handoff.at")
    return played if isinstance(played, datetime) else clock.now()
