"""Decides which reports are believed: those about a message of ours, named by what only its receivers know (spec R6).

A forged report changes nothing: it names no identifier or token of ours and waits for a person. A believed one speaks
of that message's person alone, never of the addresses in it (LAW BNC-02, BNC-03, ARF-02). A bounce for good counts as
one only if it is our recipient who failed; where their mail was forwarded to failed, it is a bounce for now.
"""

import hashlib
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Belief:
    """What a report comes to: the news to be recorded, if any, and whether nobody has to look at it besides."""

    news: MessageEvent.Kind | None = None
    settled: bool = False


def believe(row: InboundMessage, mail: Mail, answer: Answer, at: datetime) -> InboundMessage:
    """Record what a report tells of the message it is about; the row as it is then. Outside of any transaction."""
    found = belief(row.message, row.matched_by, mail, answer)
    if row.message is not None and found.news is not None:
        events.record(row.message, found.news, at=at, source=_source(row), digest=once(found.news))
    if not found.settled:
        return row
    told = {"decided_by": actor(SYSTEM), "decided_at": at}
    moved = move(row, "route", by=SYSTEM, at=at, set=told, reason=found.news or "")
    return moved[0] if moved else InboundMessage.objects.get(pk=row.pk)


def report_round(at: datetime) -> dict[str, int]:
    """Believe what was stored by a process that died before it could."""
    waiting = InboundMessage.objects.filter(state=InboundMessage.State.WAITING, message__isnull=False)
    rows = waiting.filter(verdict__in=KINDS, received_at__gt=at - _LOOKED_BACK).defer("raw").order_by("pk")[:_AT_ONCE]
    told = set(MessageEvent.objects.filter(source__in=map(_source, rows)).values_list("source", flat=True))
    done = 0
    for row in [row for row in rows if _source(row) not in told]:
        mail = reading.read(bytes(row.raw))
        done += believe(row, mail, classify(mail, at=row.received_at), at).state == InboundMessage.State.ROUTED
    return {"reports": done}


def belief(message: OutboundMessage | None, by: str, mail: Mail, answer: Answer) -> Belief:
    """A report in prose counts as a bounce for now, and somebody looks at it; so they do at what nothing proves, at
    what is unclear, and at a fault of our own (LAW BNC-03, BNC-08)."""
    if message is None or by not in _PROVEN or not answer.sure:
        return Belief()
    if answer.kind == Kind.COMPLAINT:
        return Belief(MessageEvent.Kind.COMPLAINT, settled=True)
    if answer.kind != Kind.BOUNCE:
        return Belief()
    if not answer.bounced:
        # It takes longer, or nobody is named: no news of a bounce.
        return Belief(settled=answer.subclass == SOFT)
    kinds = {one.kind for one in answer.bounced if _is_ours(message, one.address)} or {SOFT}
    if HARD in kinds and mail.recipients:
        return Belief(MessageEvent.Kind.HARD_BOUNCE, settled=True)
    return Belief(MessageEvent.Kind.SOFT_BOUNCE, settled=HARD not in kinds) if kinds & {HARD, SOFT} else Belief()


def once(kind: MessageEvent.Kind) -> str:
    """The digest of news that counts once for a message, by however many roads it is told (LAW BNC-06)."""
    return hashlib.sha256(f"told:{kind}".encode()).hexdigest()


def _source(row: InboundMessage) -> str:
    return f"report:{row.pk}"


def _is_ours(message: OutboundMessage, address: str) -> bool:
    """Whether it is the address the message went to; a report that names none speaks of its only recipient."""
    return not address or addresses.same_person(address, message.enrollment.contact.address)
