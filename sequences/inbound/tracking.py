"""Decides what it means for a message of ours what its provider tells of it (spec R1, R6; LAW BNC-06, SUP-11).

A provider's word that something bounced is believed as far as the answer of the recipient's server goes; without one,
as the provider calls it; in doubt it bounced for now. Opened and clicked mean nothing here, and leave nothing. What a
provider took and then did not send, because it keeps a list of its own, was not sent, and whoever is on that list for a
reason of theirs is stopped.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from anymail.signals import EventType, RejectReason
from django.db import transaction
from django.http import QueryDict

from compliance import addresses, audit, cards, suppression
from compliance.addresses import Address, AddressError
from compliance.models import SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from compliance.transitions import move
from sequences import enrollment, events
from sequences.dispositions import Effect, Phase, Reply, disposition, read_reply
from sequences.inbound.reports import once
from sequences.models import MessageEvent, OutboundMessage

Kind = MessageEvent.Kind
SUPPRESSED, REFUSED = "provider_suppressed", "provider_refused"
_WITHHELD = {
    RejectReason.BOUNCED: SuppressionReason.NO_SUCH_ADDRESS,
    RejectReason.INVALID: SuppressionReason.NO_SUCH_ADDRESS,
    RejectReason.SPAM: SuppressionReason.COMPLAINT,
    RejectReason.UNSUBSCRIBED: SuppressionReason.BY_API,
}
_NOT_THEIRS = {RejectReason.SPAM, RejectReason.BLOCKED, RejectReason.TIMED_OUT}
_OUR_IDS = re.compile(r"[a-z2-7]{26,80}@[A-Za-z0-9.-]{1,253}")
_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?![\d.])")
_ENHANCED = re.compile(r"\b([45])\.\d{1,3}\.\d{1,3}\b")
_SUPPRESSION = re.compile(r"suppress", re.IGNORECASE)
_HARD = {"hardbounce", "hardbounced", "hardfail", "permanent", "invalidemail"}
_SOFT = {"softbounce", "softbounced", "softfail", "transient", "temporary", "undetermined"}
_LOOKED_AT = 200_000
_LEAVES, _DEPTH, _IDS = 2000, 8, 50
_SHORTEST_QUEUE_ID = 10


class StillOnItsWay(RuntimeError):
    """The sender has not written down yet what the provider answered; it is to be told again."""


def tell(event: Any, *, provider: str, at: datetime) -> None:
    """Store what one event says and draw its consequences, once. Outside of any transaction."""
    kind, reason = str(event.event_type), str(event.reject_reason or "")
    writer = _address(event.recipient)
    message = _message(event, writer)
    if kind == EventType.BOUNCED and _SUPPRESSION.search(f"{event.description} {_bounce_type(event)}"):
        kind, reason = str(EventType.REJECTED), str(RejectReason.BOUNCED)
    if kind == EventType.DELIVERED and message is not None:
        _record(message, Kind.DELIVERED, provider, at)
    elif kind == EventType.BOUNCED or (kind == EventType.FAILED and _reply(_said(event))):
        _bounced(event, message, provider, at)
    elif kind == EventType.COMPLAINED:
        _complained(message, writer, provider, at)
    elif kind == EventType.UNSUBSCRIBED:
        _stop(message, writer, SuppressionReason.BY_API, provider, at)
    elif kind in {EventType.REJECTED, EventType.FAILED}:
        _withheld(message, writer, _WITHHELD.get(reason), provider, at)


def _bounced(event: Any, message: OutboundMessage | None, provider: str, at: datetime) -> None:
    if message is not None:
        _record(message, Kind.HARD_BOUNCE if is_hard(event) else Kind.SOFT_BOUNCE, provider, at)


def _complained(message: OutboundMessage | None, writer: Address | None, provider: str, at: datetime) -> None:
    if message is not None:
        _record(message, Kind.COMPLAINT, provider, at)
    else:
        # It counts for the last message they got (sequences.events).
        _stop(None, writer, SuppressionReason.COMPLAINT, provider, at)


def _withheld(
    message: OutboundMessage | None,
    writer: Address | None,
    because: SuppressionReason | None,
    provider: str,
    at: datetime,
) -> None:
    """The provider never sent it, whatever it said when it took it; its list is a fact for us, and not our list."""
    if message is not None:
        if message.state == OutboundMessage.State.CLEARED:
            raise StillOnItsWay(message.ref)
        code = SUPPRESSED if because else REFUSED
        with transaction.atomic():
            told = {"provider": provider[:80], "code": code}
            if move(message, "disown", by=SYSTEM, at=at, set={"reason": code}, data=told):
                enrollment.advance(message.enrollment, message.step, at=at)
    if because is not None and (message is not None or _is_known(writer)):
        _stop(message, writer, because, provider, at)


def _record(message: OutboundMessage, kind: Kind, provider: str, at: datetime) -> None:
    events.record(message, kind, at=at, source=f"provider:{provider}"[:80], digest=once(kind))


def _stop(
    message: OutboundMessage | None, writer: Address | None, reason: SuppressionReason, provider: str, at: datetime
) -> None:
    if message is not None:
        told = {"message": message.pk, "provider": provider[:80]}
        stop = Stop(reason, source=audit.reference(message), evidence=told)
        suppression.stop_digest(message.enrollment.contact.card.digest, stop, by=SYSTEM, at=at)
    elif writer is not None:
        stop = Stop(reason, source=f"provider:{provider}"[:80], evidence={"provider": provider[:80]})
        suppression.stop_address(writer, stop, by=SYSTEM, at=at)


def _is_known(writer: Address | None) -> bool:
    """Whether we have a card of them: a provider's list of bounces may be about anybody's mail."""
    return writer is not None and bool(cards.find([writer]))


def is_hard(event: Any) -> bool:
    """Whether the address does not exist (any more), as the recipient's server said, else as the provider calls it."""
    if event.reject_reason in _NOT_THEIRS:
        return False
    if reply := _reply(_said(event)):
        return disposition(Phase.RCPT, reply).effect == Effect.SUPPRESS_HARD
    names = set(_marks(event.esp_event))
    return bool(names & _HARD) and not names & _SOFT


def _said(event: Any) -> str:
    return " ".join(str(one) for one in (event.mta_response, event.description) if one)[:2000]


def _reply(said: str) -> Reply | None:
    """The answer of the recipient's server in what a provider hands on of it; None where there is none."""
    if found := _CODE.search(said):
        return read_reply(int(found[1]), said[found.end(1) :].lstrip(" -").encode())
    if found := _ENHANCED.search(said):
        # Only the enhanced code was handed on; its first digit is that of the other one (RFC 3463 §2).
        return read_reply(int(found[1]) * 100 + 50, said[found.start() :].encode())
    return None


def _message(event: Any, writer: Address | None) -> OutboundMessage | None:
    """The message an event is about, by our Message-ID wherever it stands, else by the provider's own number of it."""
    rows = OutboundMessage.objects.select_related("enrollment__contact__card", "mailbox").defer("content")
    text = f"{event.message_id} {_flat(event.esp_event)}"[:_LOOKED_AT]
    names = [f"<{name}>" for name in list(dict.fromkeys(_OUR_IDS.findall(text)))[:_IDS]]
    if names and (found := rows.filter(message_id__in=names).first()):
        return found
    number = str(event.message_id or "").strip("<>").partition("@")[0][:200]
    card = cards.find([writer]).get(writer.canonical) if writer else None
    if card is None or len(number) < _SHORTEST_QUEUE_ID:
        return None
    # What the provider answered to DATA names it; and only among the messages to this very person.
    theirs = rows.filter(enrollment__contact__card__person=card.person_id, reply__contains=number)
    return theirs.order_by("-pk").first()


def _flat(payload: Any) -> str:
    try:
        return json.dumps(payload, default=str)
    except (TypeError, ValueError):
        return str(payload)


def _bounce_type(event: Any) -> str:
    payload = event.esp_event
    bounce = payload.get("bounce") if isinstance(payload, dict) else None
    return str(bounce.get("bounceSubType", "")) if isinstance(bounce, dict) else ""


def _marks(payload: Any) -> Iterator[str]:
    """Every short word in a payload, and every name that is said to be so, in plain letters."""
    for (name, value), _number in zip(_leaves(payload, "", _DEPTH), range(_LEAVES), strict=False):
        if value is True or value is False:
            if _letters(name) == "hardbounce":
                yield "hardbounce" if value else "softbounce"
        elif isinstance(value, str) and len(value) < 40:
            yield _letters(value)


def _leaves(payload: Any, name: str, depth: int) -> Iterator[tuple[str, Any]]:
    if depth and isinstance(payload, QueryDict):
        payload = dict(payload.lists())
    if depth and isinstance(payload, dict):
        for key, value in payload.items():
            yield from _leaves(value, str(key), depth - 1)
    elif depth and isinstance(payload, list):
        for value in payload:
            yield from _leaves(value, name, depth - 1)
    else:
        yield name, payload


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())


def _address(text: Any) -> Address | None:
    try:
        return addresses.parse(str(text or ""))
    except AddressError:
        return None
