"""Decides what becomes of messages that a restored database means to send and the journal knows as cleared.

Nobody can tell whether the server took them: they are in doubt from the moment they were cleared, and count as sent
72 hours after it, like any other doubt (LAW PIP-08, PIP-14).
"""

import secrets
from datetime import datetime
from uuid import UUID

from django.db import transaction

from compliance import replay
from compliance.models import Decision, Outcome
from compliance.principals import SYSTEM
from compliance.transitions import move
from sequences.models import Attempt, OutboundMessage

_AT_ONCE = 500
_CODE = "maybe_sent_before"
State = OutboundMessage.State


def replay_round(at: datetime) -> dict[str, int]:
    """Put in doubt what is planned and was cleared in a life that was lost; how many."""
    # Only replayed clearances stand below zero: without any, this is one look at the end of an index.
    lost = Decision.objects.filter(order_no__lt=0, outcome=Outcome.PERMIT, code=replay.CODE)
    if not lost.exists():
        return {"maybe_sent": 0}
    rows = OutboundMessage.objects.filter(state=State.PLANNED, ref__in=lost.values("ref"))
    messages = list(rows.select_related("enrollment__contact__card").order_by("pk")[:_AT_ONCE])
    wanted = lost.filter(ref__in=[row.ref for row in messages]).order_by("at")
    found = {(row.ref, row.person): row for row in wanted}
    return {"maybe_sent": sum(_doubt(row, found.get((row.ref, _person(row))), at) for row in messages)}


def _person(message: OutboundMessage) -> UUID:
    return message.enrollment.contact.card.person_id


def _doubt(message: OutboundMessage, lost: Decision | None, at: datetime) -> bool:
    """From planned to in doubt, as if the worker that cleared it had just been found dead."""
    if lost is None:
        return False
    tries = max(message.attempts_made, _number(message, lost))
    ours = {"lease_token": secrets.token_hex(16)}
    with transaction.atomic():
        claimed = move(message, "claim", by=SYSTEM, at=at, set={**ours, "lease_until": at})
        cleared = move(claimed, "clear", by=SYSTEM, at=at, where=ours)
        told = {"reason": _CODE, "settled_at": lost.at, "attempts_made": tries}
        moved = move(cleared, "doubt", by=SYSTEM, at=at, set=told, where=ours, data={"code": _CODE})
        if moved:
            _write_tries(message, lost, tries)
    return bool(moved)


def _write_tries(message: OutboundMessage, lost: Decision, tries: int) -> None:
    """The lost try, and those before it: that there was a later one proves that they were not accepted."""
    number = _number(message, lost)
    known = set(message.attempts.values_list("number", flat=True))
    Attempt.objects.bulk_create(
        Attempt(message=message, number=earlier, at=lost.at, outcome="notsent", answer=replay.CODE)
        for earlier in range(1, tries)
        if earlier not in known and earlier != number
    )
    told = {"at": lost.at, "outcome": "indoubt" if number == lost.attempt else replay.CODE, "answer": replay.CODE}
    Attempt.objects.update_or_create(message=message, number=number, defaults=told)


def _number(message: OutboundMessage, lost: Decision) -> int:
    return lost.attempt if lost.attempt < replay.LOST_ATTEMPTS else message.attempts_made + 1
