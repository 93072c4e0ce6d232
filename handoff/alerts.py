"""Tells members of staff at once what waits for them: each notice once, tried until a server takes it (spec H3)."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import QuerySet

from compliance.admin_pages import page_of
from compliance.audit import reference
from handoff.models import Alert
from sequences import transport
from sequences.transport import Unreachable

_log = logging.getLogger(__name__)
_CHUNK = 100
# Longer than a mail server is waited for, so that nobody sends what somebody is sending.
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=2), timedelta(hours=1)
_DOUBLINGS = 5


def tell(to: User, row: models.Model, title: str, text: str, *, cause: str, at: datetime) -> Alert | None:
    """Have somebody told about a row, with the address of its page; None when the same cause told them before."""
    key = f"{cause}:{to.pk}"[:160]
    page = f"{settings.PUBLIC_URL.rstrip('/')}{page_of(reference(row))}"
    told = {
        "to": to,
        "title": title[:200].replace("\n", " "),
        "text": f"{text}\n\n{page}\n",
        "subject": reference(row),
        "made_at": at,
        "not_before": at,
    }
    alert, made = Alert.objects.get_or_create(key=key, defaults=told)
    return alert if made else None


def send_round(at: datetime) -> dict[str, int]:
    """Send what has not been sent; what no server takes stays and is tried again, ever more seldom."""
    sent = 0
    for alert in _waiting(at).select_related("to").order_by("pk")[:_CHUNK]:
        # Taken before it is sent: of two rounds at once only one sends it.
        mine = _waiting(at).filter(pk=alert.pk, tries=alert.tries)
        if mine.update(tries=alert.tries + 1, not_before=at + _pause(alert.tries)) and _sent(alert):
            Alert.objects.filter(pk=alert.pk).update(sent_at=at)
            sent += 1
    return {"alerts": sent}


def _waiting(at: datetime) -> QuerySet[Alert]:
    return Alert.objects.filter(sent_at__isnull=True, not_before__lte=at)


def _pause(tries: int) -> timedelta:
    return min(_FIRST_PAUSE * (1 << min(tries, _DOUBLINGS)), _LONGEST_PAUSE)


def _sent(alert: Alert) -> bool:
    try:
        transport.mail_staff(alert.title, alert.text, [alert.to.email])
    except Unreachable:
        # A copy of an installation tells nobody; the page still shows what waits.
        return False
    except OSError as error:
        # Whatever a mail server refuses or breaks off is one of these; the next round tries again.
        _log.warning("an alert could not be sent: %s", type(error).__name__)
        return False
    return True
