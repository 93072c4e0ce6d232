"""Takes back what a relay of our own still holds for somebody who has opted out since (LAW SMTP-10).

A relay's 250 is custody, not delivery: a queue keeps trying for days. Works where the setting RELAY_RECALL names the
command that removes one queued message, on the machine of the relay; elsewhere there is nothing to take back from.
"""

import logging
import re
import shlex
import subprocess
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat

from compliance import audit, heartbeats, installation
from compliance.models import AddressDigest, Heartbeat, Suppression
from compliance.principals import SYSTEM
from sequences.models import Mailbox, OutboundMessage

_log = logging.getLogger(__name__)
# Postfix keeps trying for five days by default (maximal_queue_lifetime).
_LONGEST_IN_A_QUEUE = timedelta(days=5)
_QUEUE_ID = re.compile(r"\bqueued as ([0-9A-Za-z]{5,40})\b")
_PATIENCE = 20
_AT_ONCE = 200
_DONE = "recall:"


def recall_round(at: datetime) -> dict[str, int]:
    """Recall for each stop once; how many messages the relay was told to drop."""
    if not settings.RELAY_RECALL:
        return {"recalled": 0}
    return {"recalled": sum(_recall_for(stop, at) for stop in _fresh_stops(at))}


def _fresh_stops(at: datetime) -> list[Suppression]:
    mark = Concat(Value(_DONE), Cast("pk", CharField()))
    recent = Suppression.objects.filter(at__gt=at - _LONGEST_IN_A_QUEUE).annotate(mark=mark)
    done = Heartbeat.objects.filter(kind=Heartbeat.Kind.ONCE, name=OuterRef("mark"))
    return list(recent.filter(~Exists(done)).order_by("-pk")[:_AT_ONCE])


def _recall_for(stop: Suppression, at: datetime) -> int:
    held = [(row, found[1]) for row in _in_custody(stop, at) if (found := _QUEUE_ID.search(row.reply))]
    told = [_drop(row, queue_id, at) for row, queue_id in held]
    if not all(told):
        return 0
    # Only now: what a relay could not be told is told again by the next round.
    heartbeats.once(f"{_DONE}{stop.pk}", at=at)
    return len(held)


def _in_custody(stop: Suppression, at: datetime) -> Sequence[OutboundMessage]:
    """What our own relays took for these people, not so long ago that no queue would still hold it."""
    rows = OutboundMessage.objects.filter(
        state=OutboundMessage.State.ACCEPTED,
        settled_at__gt=at - _LONGEST_IN_A_QUEUE,
        mailbox__provider=Mailbox.Provider.RELAY,
        enrollment__contact__card__person__in=_people(stop),
    )
    found = rows.select_related("mailbox").defer("content").order_by("pk")
    return [row for row in found if installation.is_loopback(row.mailbox.host)]


def _people(stop: Suppression) -> Collection[UUID]:
    spelled = AddressDigest.objects.filter(digest__in=stop.digests.values("digest"))
    return {*spelled.values_list("card__person", flat=True), *([stop.person] if stop.person else [])}


def _drop(row: OutboundMessage, queue_id: str, at: datetime) -> bool:
    """Tell the relay; whether it was told, which the exit status 0 says.

    `postsuper -d` ends with 0 too when the message has left the queue: then it is no longer the relay's to drop.
    """
    command = [part.replace("{queue_id}", queue_id) for part in shlex.split(settings.RELAY_RECALL)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=False)  # noqa: S603 - settings
    except (OSError, subprocess.TimeoutExpired) as error:
        _log.critical("the relay cannot be told to drop message %s: %s", row.pk, type(error).__name__)
        return False
    if done.returncode:
        _log.critical("the relay did not take back message %s: exit status %d", row.pk, done.returncode)
        return False
    audit.record("sequences.outboundmessage.recalled", audit.reference(row), by=SYSTEM, at=at, queue=queue_id)
    return True
