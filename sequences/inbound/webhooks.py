"""What mail providers tell us over the web: mail that came in, and what became of ours (spec R1; LAW SUP-11).

django-anymail reads what each provider says. Nothing is open unless a secret is set and the provider is named; a wrong
secret is refused before anything is read. What is understood is stored before the answer, once, however often it is
told; what cannot be stored now is answered with 503, so that the provider tells it again.
"""

import hashlib
import logging
from email.errors import HeaderParseError
from email.message import EmailMessage
from email.policy import compat32
from typing import Any

from anymail import signals
from anymail.exceptions import AnymailError
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt

from compliance import clock
from sequences.inbound import tracking
from sequences.inbound.intake import take

_log = logging.getLogger(__name__)
_VIEWS = "anymail.urls"
_NOT_UNDERSTOOD = (AnymailError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class NotTaken(RuntimeError):
    """We are at fault, not what was told: it is to be told again."""


@csrf_exempt
def receive(request: HttpRequest, path: str) -> HttpResponse:
    """One call of a provider at `<provider>/tracking/` or `<provider>/inbound/`."""
    provider = path.partition("/")[0]
    if not settings.ANYMAIL.get("WEBHOOK_SECRET") or provider not in settings.WEBHOOK_PROVIDERS:
        raise Http404
    try:
        view = resolve(f"/{path}", _VIEWS)
    except Resolver404 as error:
        raise Http404 from error
    try:
        answer: HttpResponse = view.func(request, *view.args, **view.kwargs)
    except (NotTaken, OSError, Error) as error:
        _log.error("what %s told could not be taken in: %s", provider, type(error.__cause__ or error).__name__)
        return HttpResponse("It could not be taken in; tell it again.", status=503, content_type="text/plain")
    except ImproperlyConfigured as error:
        _log.error("the webhook of %s is not set up: %s", provider, type(error).__name__)
        return HttpResponse("This webhook is not set up for that.", status=400, content_type="text/plain")
    except _NOT_UNDERSTOOD as error:
        _log.warning("what %s told cannot be understood: %s", provider, type(error).__name__)
        return HttpResponse("That cannot be understood.", status=400, content_type="text/plain")
    return answer


def _mail_came_in(sender: object, event: Any, esp_name: str, **_more: Any) -> None:
    if event.message is None:
        return
    try:
        take(_raw(event.message), recipient=event.message.envelope_recipient or "", at=clock.now())
    except Exception as error:
        raise NotTaken from error


def _told_of_ours(sender: object, event: Any, esp_name: str, **_more: Any) -> None:
    try:
        tracking.tell(event, provider=esp_name, at=clock.now())
    except Exception as error:
        raise NotTaken from error


# The library's own interface; these are no news between our floors.
signals.inbound.connect(_mail_came_in)
signals.tracking.connect(_told_of_ours)


def _raw(message: EmailMessage) -> bytes:
    """The octets of a mail as the provider gave it: the same for the same mail, told however often."""
    _bound(message)
    try:
        # The other policy would read every header, and some break it (LAW SEC-16).
        return message.as_bytes(policy=compat32)
    except (AttributeError, LookupError, TypeError, ValueError, HeaderParseError):
        headers = "".join(f"{name}: {value}\r\n" for name, value in message.raw_items())
        return f"{headers}\r\n{_content(message)}".encode(errors="surrogateescape")


def _bound(message: EmailMessage) -> None:
    """Parts that were put together from a payload are separated by what they hold, not by chance."""
    seed = hashlib.sha256(_content(message).encode(errors="backslashreplace")).hexdigest()[:32]
    for number, part in enumerate(message.walk()):
        if part.is_multipart() and part.get_content_maintype() == "multipart" and not part.get_boundary():
            part.set_boundary(f"=_{seed}_{number}")


def _content(message: EmailMessage) -> str:
    return "\r\n".join(str(part.get_payload()) for part in message.walk() if not part.is_multipart())
