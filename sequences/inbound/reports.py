"""Decides which reports are believed: those about a message of ours, named by what only its receivers know (spec R6).

A forged report changes nothing: it names no identifier or token of ours and waits for a person. A believed one speaks
of that message's person alone, never of the addresses in it (LAW BNC-02, BNC-03, ARF-02). A bounce for good counts as
one only if it is our recipient who failed; where their mail was forwarded to failed, it is a bounce for now.
"""

import hashlib
from datetime import datetime, timedelta

from compliance import addresses
from compliance.principals import SYSTEM, actor
from compliance.transitions import move
from sequences import events
from sequences.classifier import Answer, Kind, Mail, classify
from sequences.inbound import reading
from sequences.models import InboundMessage, MessageEvent, OutboundMessage

KINDS = frozenset({Kind.BOUNCE, Kind.COMPLAINT})
HARD, SOFT = "hard", "soft"
_PROVEN = (
    InboundMessage.Match.TOKEN,
    InboundMessage.Match.IN_REPLY_TO,
    InboundMessage.Match.REFERENCES,
    InboundMessage.Match.RETURNED,
)
_LOOKED_BACK = timedelta(days=1)
_AT_ONCE = 100


def believe(row: InboundMessage, mail: Mail, answer: Answer, at: datetime) -> InboundMessage:
    """Record what a report tells of the message it is about; the row as it is then. Outside of any transaction."""
    kind = news(row.message, row.matched_by, mail, answer)
    if row.message is None or kind is None:
        return row
    events.record(row.message, kind, at=at, source=f"report:{row.pk}", digest=once(kind))
    told = {"decided_by": actor(SYSTEM), "decided_at": at}
    moved = move(row, "route", by=SYSTEM, at=at, set=told, reason=kind)
    return moved[0] if moved else InboundMessage.objects.get(pk=row.pk)


def report_round(at: datetime) -> dict[str, int]:
    """Believe what was stored by a process that died before it could."""
    waiting = InboundMessage.objects.filter(state=InboundMessage.State.WAITING, message__isnull=False)
    rows = waiting.filter(verdict__in=KINDS, received_at__gt=at - _LOOKED_BACK).select_related("message")
    done = 0
    for row in rows.order_by("pk")[:_AT_ONCE]:
        mail = reading.read(bytes(row.raw))
        done += believe(row, mail, classify(mail, at=row.received_at), at).state == InboundMessage.State.ROUTED
    return {"reports": done}


def news(message: OutboundMessage | None, by: str, mail: Mail, answer: Answer) -> MessageEvent.Kind | None:
    """What is to be recorded; None for what a person has to look at: unproven, unclear, or a fault of our own."""
    if message is None or by not in _PROVEN:
        return None
    if answer.kind == Kind.COMPLAINT:
        return MessageEvent.Kind.COMPLAINT if mail.feedback or answer.sure else None
    if answer.kind != Kind.BOUNCE or not answer.bounced:
        return None
    kinds = {one.kind for one in answer.bounced if _is_ours(message, one.address)} or {SOFT}
    if HARD in kinds and answer.sure:
        return MessageEvent.Kind.HARD_BOUNCE
    return MessageEvent.Kind.SOFT_BOUNCE if kinds & {HARD, SOFT} else None


def once(kind: MessageEvent.Kind) -> str:
    """The digest of news that counts once for a message, by however many roads it is told (LAW BNC-06)."""
    return hashlib.sha256(f"told:{kind}".encode()).hexdigest()


def _is_ours(message: OutboundMessage, address: str) -> bool:
    """Whether it is the address the message went to; a report that names none speaks of its only recipient."""
    return not address or addresses.same_person(address, message.enrollment.contact.address)
