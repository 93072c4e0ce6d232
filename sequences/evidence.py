"""Decides what proves that a server took a message whose answer was lost: anything that came back of it (LAW PIP-08).

A bounce, a complaint, an answer, the link in it followed: none of them can be without the message having gone. A doubt
with such evidence is settled as accepted, also one that counts as sent by now; its step is not planned again.
"""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from compliance.models import Suppression
from compliance.principals import SYSTEM
from compliance.transitions import move
from sequences import enrollment
from sequences.models import InboundMessage, MessageEvent, OutboundMessage

CODE = "evidence"
_AT_ONCE = 200


def came_back(messages: Collection[OutboundMessage]) -> set[int]:
    """Those of these messages, by primary key, of which something came back."""
    rows = OutboundMessage.objects.filter(pk__among=[row.pk for row in messages])
    told = Exists(MessageEvent.objects.filter(message=OuterRef("pk")))
    answered = Exists(InboundMessage.objects.filter(message=OuterRef("pk")))
    return set(rows.filter(Q(told) | Q(answered)).values_list("pk", flat=True)) | _followed(messages)


def settle_doubts(at: datetime) -> int:
    """Settle every doubt of which something came back; how many."""
    rows = OutboundMessage.objects.filter(state=OutboundMessage.State.IN_DOUBT).select_related("enrollment")
    found = list(rows.defer("content").order_by("pk"))
    proven = came_back(found)
    return sum(_accepted(row, at) for row in [row for row in found if row.pk in proven][:_AT_ONCE])


def _followed(messages: Collection[OutboundMessage]) -> set[int]:
    """Whose link was followed: the stop names the message it came from."""
    named = {f"message:{row.pk}": row.pk for row in messages}
    stops = Suppression.objects.filter(person__among={row.enrollment.person for row in messages}, source__among=named)
    return {named[source] for source in stops.values_list("source", flat=True)}


def _accepted(message: OutboundMessage, at: datetime) -> bool:
    seen = {"attempts_made": message.attempts_made}
    told = {"ref": message.ref, "step": message.step, "attempt": message.attempts_made, "code": CODE}
    said = {"reason": CODE, "settled_at": at}
    with transaction.atomic():
        moved = move(message, "accept", by=SYSTEM, at=at, set=said, where=seen, data=told)
        if moved:
            enrollment.advance(message.enrollment, message.step, at=at)
    return bool(moved)
