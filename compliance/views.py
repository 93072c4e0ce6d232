"""The unsubscribe page: GET shows one button, POST obeys at once (RFC 8058; LAW UNS-03..10).

`PublicDoor` answers these addresses before any other middleware runs: no session, no cookie, no redirect, no CSRF
token, no host check and no language cookie can stand between a person and their opt-out.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import lru_cache

from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import get_language_from_request

from compliance import clock, deadlines, hosts, playbook, tokens, unsubscribing
from compliance.models import SuppressionReason

_log = logging.getLogger(__name__)
_PREFIX = "u/"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
_LOOK_AT = 2048
_PIECE, _PIECES = 64 * 1024, 256
# Longer than the slowest commit, and much shorter than the patience of whoever asks.
_DATABASE_SECONDS, _CLIENT_SECONDS = 3.0, 3.0

GetResponse = Callable[[HttpRequest], HttpResponse]


class PublicDoor:
    """Middleware that answers `/u/…` itself and hands everything else on."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path_info.lstrip("/")
        if path[: len(_PREFIX)].lower() == _PREFIX:
            return unsubscribe(request, path[len(_PREFIX) :].strip("/"))
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
            return _page("ask", 200, sender=_sender())
        return _stop(request, token, known)


def _stop(request: HttpRequest, text: str, token: tokens.Token) -> HttpResponse:
    _do_not_wait_for_ever(request)
    body = _beginning(request)
    reason = SuppressionReason.ONE_CLICK if b"One-Click" in (body or b"") else SuppressionReason.UNSUBSCRIBE_LINK
    try:
        with deadlines.within(_DATABASE_SECONDS):
            unsubscribing.record(token, reason, at=_moment(request))
        what, status = "done", 200
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the person has said no (LAW UNS-09)
        _log.warning("the database did not take an opt-out: %s", type(error).__name__)
        kept = unsubscribing.keep(text, token, reason, at=clock.host_clock())
        # What is neither in the database nor on disk is not promised, nor what the other hosts do not wait for: this
        # one said goodbye before it started again, and has not reached the database since. Who asks may try again.
        what, status = ("kept", 202) if kept and hosts.is_owed() else ("later", 503)
    if body:
        _drain(request)
    # A machine that unsubscribes reads no page; nobody is told a name by a database that does not answer.
    by_hand = reason == SuppressionReason.UNSUBSCRIBE_LINK
    return _page(what, status, sender=_sender() if what == "done" and by_hand else "")


def _do_not_wait_for_ever(request: HttpRequest) -> None:
    """Who announces a body and never sends it must not hold a thread, nor keep the opt-out from being obeyed."""
    line = request.META.get("gunicorn.socket")
    if line is not None:
        with suppress(OSError):
            line.settimeout(_CLIENT_SECONDS)


def _beginning(request: HttpRequest) -> bytes | None:
    """The body is looked at and never needed: empty, odd, endless or broken off (None), the token alone decides."""
    try:
        return request.read(_LOOK_AT)
    except OSError:
        return None


def _drain(request: HttpRequest) -> None:
    """Take the rest of the body: a connection that is closed before may lose the answer on its way."""
    with suppress(OSError):
        for _piece in range(_PIECES):
            if not request.read(_PIECE):
                return


def _page(what: str, status: int, *, sender: str = "") -> HttpResponse:
    response = HttpResponse(_rendered(what, sender, translation.get_language()), status=status)
    response["Content-Security-Policy"] = _POLICY
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


@lru_cache(maxsize=64)
def _rendered(what: str, sender: str, _language: str) -> bytes:
    """A page says nothing about who asks, so it is the same for all."""
    return render_to_string(f"compliance/unsubscribe_{what}.html", {"sender": sender}).encode()


def _sender() -> str:
    try:
        with deadlines.within(_DATABASE_SECONDS):
            return str(playbook.section("sender").get("legal_name", ""))
    except (playbook.NoPlaybook, Error):
        return ""


def _moment(request: HttpRequest) -> datetime:
    """The real moment; a demonstration's own server hands in the moment it plays (no header can set this key)."""
    played = request.META.get("handoff.at")
    return played if isinstance(played, datetime) else clock.now()
