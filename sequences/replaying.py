"""Decides what becomes of messages that a restored database holds as open and the journal knows as cleared (later).

Nobody can tell whether the server took them: they are in doubt from the moment they were cleared, and count as sent
72 hours after it, like any other doubt (LAW PIP-08, PIP-14).
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from compliance import companies, persons, replay
from compliance.models import Decision, Outcome
from compliance.principals import SYSTEM
from compliance.transitions import move
from sequences import company_merging, merging
from sequences.models import Attempt, OutboundMessage

_AT_ONCE = 500
_CODE = "maybe_sent_before"
State = OutboundMessage.State
_OPEN = (State.PLANNED, State.CLEARED, State.IN_DOUBT)


def replay_round(at: datetime) -> dict[str, int]:
    """Put in doubt what was cleared in a life that was lost, and is planned or on the wire here; how many.

    Contacts follow first whom a journal has merged or split, and accounts which companies are one.
    """
    for person in persons.to_follow(_AT_ONCE):
        merging.follow(person, at=at)
    for change in companies.to_follow(_AT_ONCE):
        company_merging.follow(change, at=at)
    # Only replayed clearances stand below zero: without any, this is one look at the end of an index.
    lost = Decision.objects.filter(order_no__lt=0, outcome=Outcome.PERMIT, code=replay.CODE)
    if not lost.exists():
        return {"maybe_sent": 0}
    told = Attempt.objects.filter(message=OuterRef("pk"), answer=replay.CODE, outcome="indoubt")
    rows = OutboundMessage.objects.filter(state__in=_OPEN, ref__in=lost.values("ref")).exclude(Exists(told))
    messages = list(rows.select_related("enrollment__contact__card").order_by("pk")[:_AT_ONCE])
    wanted = lost.filter(ref__in=[row.ref for row in messages]).order_by("at")
    found = {(row.ref, row.person): row for row in wanted}
    return {"maybe_sent": sum(_doubt(row, found.get((row.ref, _person(row))), at) for row in messages)}


def _person(message: OutboundMessage) -> UUID:
    return message.enrollment.contact.card.person_id


def _doubt(message: OutboundMessage, lost: Decision | None, at: datetime) -> bool:
    """Its last try is the lost one, as if the worker that cleared it had just been found dead."""
    if lost is None or (message.state != State.PLANNED and not _is_later(lost, message)):
        return False
    tries = max(message.attempts_made, _number(message, lost))
    told = {"reason": _CODE, "settled_at": lost.at, "attempts_made": tries}
    with transaction.atomic():
        if moved := _moved(message, told, at):
            _write_tries(message, lost, tries)
    return moved


def _is_later(lost: Decision, message: OutboundMessage) -> bool:
    """Whether the lost try came after the one on the wire, and so proves that this one had failed."""
    here = message.attempts_made + (message.state == State.CLEARED)
    ours = Decision.objects.filter(ref=message.ref, attempt=here, outcome=Outcome.PERMIT).first()
    return here < lost.attempt < replay.LOST_ATTEMPTS and ours is not None and ours.at < lost.at


def _moved(message: OutboundMessage, told: Mapping[str, Any], at: datetime) -> bool:
    if message.state == State.IN_DOUBT:
        # Whoever found its worker dead did not know of the later try; what was assumed of the earlier one stands.
        still = OutboundMessage.objects.filter(pk=message.pk, state=State.IN_DOUBT, attempts_made=message.attempts_made)
        kept = {"reason": message.reason} if message.reason == "assumed_sent" else {}
        return bool(still.update(**{**told, **kept}))
    ours = {"lease_token": secrets.token_hex(16)}
    if message.state == State.PLANNED:
        claimed = move(message, "claim", by=SYSTEM, at=at, set={**ours, "lease_until": at})
        rows = move(claimed, "clear", by=SYSTEM, at=at, where=ours)
    else:
        rows, ours = [message], {"lease_token": message.lease_token}
    return bool(move(rows, "doubt", by=SYSTEM, at=at, set=told, where=ours, data={"code": _CODE}))


def _write_tries(message: OutboundMessage, lost: Decision, tries: int) -> None:
    """The lost try, and those before it: that there was a later one proves that they were not accepted."""
    number = _number(message, lost)
    known = set(message.attempts.exclude(outcome="indoubt").values_list("number", flat=True))
    for earlier in range(1, tries):
        if earlier not in known and earlier != number:
            said = {"at": lost.at, "outcome": "notsent", "answer": replay.CODE}
            Attempt.objects.update_or_create(message=message, number=earlier, defaults=said)
    told = {"at": lost.at, "outcome": "indoubt" if number == lost.attempt else replay.CODE, "answer": replay.CODE}
    Attempt.objects.update_or_create(message=message, number=number, defaults=told)


def _number(message: OutboundMessage, lost: Decision) -> int:
    return lost.attempt if lost.attempt < replay.LOST_ATTEMPTS else message.attempts_made + 1
