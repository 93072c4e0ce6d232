"""Tries the unsubscribe link from outside, over its public address, and says when it last worked (LAW UNS-15).

The trial unsubscribes nobody: its token names a digest that no address has. Every request carries a number of its
own, so that yesterday's answer from somebody's cache does not pass for today's.
"""

import http.client
import logging
import urllib.request
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings

from compliance import clock, heartbeats, installation, tokens, unsubscribing
from compliance.heartbeats import Kind
from compliance.models import Heartbeat, Purpose, Suppression, SuppressionReason

_log = logging.getLogger(__name__)
_EVERY = timedelta(minutes=5)
_PATIENCE_SECONDS = 10
_OK = 200
_BODY = b"List-Unsubscribe=One-Click"
_FORM = "application/x-www-form-urlencoded"


class Broken(Exception):
    """The link does not do what every message sent promises. Says what happened, never the token."""


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_asked: object) -> None:
        """A provider's one-click request follows nothing (RFC 8058 §3.1), so neither does the trial."""


def canary_round(at: datetime) -> Mapping[str, int]:
    """Try the link when the last success is five minutes old; only production has a public address to try."""
    now = clock.lease_clock()
    last = heartbeats.owed(Kind.CANARY).get(heartbeats.LINK)
    if installation.purpose() != Purpose.PRODUCTION or (last and now - last < _EVERY):
        return {}
    try:
        try_link(now)
    except Broken as broken:
        _log.error("the unsubscribe link does not work from outside: %s", broken)
        return {"link_broken": 1}
    heartbeats.beat(Kind.CANARY, heartbeats.LINK, at=now)
    return {"link_works": 1}


def try_link(now: datetime) -> None:
    """Open the page, unsubscribe nobody, and see that it was recorded. Raises Broken."""
    digest, number = unsubscribing.trial_digest(now), int(now.timestamp())
    token = tokens.make(tokens.Purpose.UNSUBSCRIBE, message=number, digest=digest)
    url = f"{settings.PUBLIC_URL}/u/{token}"
    if b'<form method="post">' not in _ask(url, None, "the page"):
        raise Broken("the page is not ours")
    _ask(url, _BODY, "one click")
    arrived = Heartbeat.objects.filter(kind=Kind.CANARY, name=heartbeats.ARRIVED, detail=str(number))
    stopped = Suppression.objects.filter(reason=SuppressionReason.CANARY, digests__digest=digest)
    if not (arrived.exists() and stopped.exists()):
        raise Broken("one click was answered, but not recorded")


def _ask(url: str, body: bytes | None, what: str) -> bytes:
    if not url.startswith(("https://", "http://")):
        raise Broken("PUBLIC_URL does not begin with https://")
    try:
        request = urllib.request.Request(url, body, {"Content-Type": _FORM} if body else {})  # noqa: S310 - just checked
        with urllib.request.build_opener(_Stay).open(request, timeout=_PATIENCE_SECONDS) as answer:
            if answer.status != _OK:
                raise Broken(f"{what}: status {answer.status}")
            if answer.headers.get("Set-Cookie") is not None:
                raise Broken(f"{what}: a cookie was set")
            page: bytes = answer.read(65536)
            return page
    except (OSError, ValueError, http.client.HTTPException) as error:
        # An HTTPError shows its status; it and everything else may show the address, which holds the token.
        raise Broken(f"{what}: {type(error).__name__} {getattr(error, 'code', '')}".strip()) from None
