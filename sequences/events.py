"""Takes what is told about a message after it was handed over, once, and draws the consequences (LAW ARF-01, BNC-06).

A complaint or a bounce for good stops the person in the transaction that stores the news. News of a message that
should never have gone, and the sweep over what was accepted, open the incident (spec CO4).
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _now

from compliance import audit, incidents, suppression, timeline
from compliance.invariants import Late, sent_after_stop
from compliance.models import AddressCard, Decision, Incident, Outcome, Suppression, SuppressionReason, Touch
from compliance.principals import SYSTEM, Principal, System, actor
from compliance.suppression import Stop
from compliance.timeline import Moment
from compliance.transitions import NotPermitted
from sequences import breakers
from sequences.dispositions import HARD_REASONS
from sequences.models import Attempt, Mailbox, MessageEvent, OutboundMessage

BY_HAND = "by hand"
RECORD = "compliance.record_stop"
_STOPS = {
    MessageEvent.Kind.COMPLAINT: SuppressionReason.COMPLAINT,
    MessageEvent.Kind.HARD_BOUNCE: SuppressionReason.NO_SUCH_ADDRESS,
}
# A round that was late or lost is made good by the next ones; the promises are asked of everything besides.
_LOOKED_BACK = timedelta(minutes=30)
_WEEK = timedelta(days=7)
_CHUNK = 500


def record(
    message: OutboundMessage, kind: MessageEvent.Kind, *, at: datetime, source: str, digest: str, by: Principal = SYSTEM
) -> MessageEvent | None:
    """Store one piece of news and draw its consequences; None when it was known. `digest` names the news itself.

    Commits before it returns. Raises NotPermitted for a person who may not record stops, and RuntimeError where a stop
    follows and the caller holds a transaction: its locks would be taken before those of the halts that may come next.
    """
    if not isinstance(by, System) and not (by.is_active and by.has_perm(RECORD)):
        raise NotPermitted(f"{actor(by)} may not record what was told about a message")
    if reason := _STOPS.get(kind):
        row = _stored_with_stop(message, kind, reason, at=at, source=source, digest=digest, by=by)
    else:
        row = _stored(message, kind, at=at, source=source, digest=digest, by=by)
    if row is not None:
        report([message.ref], at)
        breakers.trip(breakers.scopes_of(message), at)
    return row


def complain_by_hand(message: OutboundMessage, *, by: Principal, at: datetime) -> MessageEvent | None:
    """A member of staff was told that the recipient complained; once for each message (LAW ARF-06)."""
    digest = hashlib.sha256(BY_HAND.encode()).hexdigest()
    return record(message, MessageEvent.Kind.COMPLAINT, at=at, source=BY_HAND, digest=digest, by=by)


def report(refs: Sequence[str], at: datetime) -> list[Incident]:
    """Open an incident for each of these messages that went to somebody who had been stopped, or around the door."""
    late: dict[str, list[Late]] = {}
    for one in sent_after_stop(refs):
        late.setdefault(one.ref, []).append(one)
    around = set(refs) - set(_permitted(refs))
    found = OutboundMessage.objects.filter(ref__in={*late, *around}).exclude(state__in=_NEVER_WENT)
    rows = found.select_related("mailbox", "enrollment").order_by("pk")
    return [_opened(row, late.get(row.ref, []), at) for row in rows]


def reconcile_round(at: datetime) -> dict[str, int]:
    """Compare what servers accepted of late with the stops, and count complaints that came without a message."""
    mailboxes = list(Mailbox.objects.values_list("pk", flat=True))
    settled = {"state__in": breakers.RESULTS, "settled_at__gt": at - _LOOKED_BACK}
    rows = OutboundMessage.objects.filter(mailbox__in=mailboxes, **settled).exclude(state__in=_NEVER_WENT)
    refs = list(rows.values_list("ref", flat=True))
    chunks = (refs[start : start + _CHUNK] for start in range(0, len(refs), _CHUNK))
    opened = sum(row.opened_at == at for chunk in chunks for row in report(chunk, at))
    return {"incidents": opened, "complaints": _attribute(at)}


_NEVER_WENT = (
    OutboundMessage.State.PLANNED,
    OutboundMessage.State.CLAIMED,
    OutboundMessage.State.REJECTED,
    OutboundMessage.State.REFUSED,
    OutboundMessage.State.CANCELLED,
    OutboundMessage.State.EXPIRED,
)


def _stored(
    message: OutboundMessage, kind: MessageEvent.Kind, *, at: datetime, source: str, digest: str, by: Principal
) -> MessageEvent | None:
    with transaction.atomic():
        told = {"at": at, "source": source[:80]}
        row, made = MessageEvent.objects.get_or_create(message=message, kind=kind, digest=digest, defaults=told)
        if made:
            subject = audit.reference(message)
            audit.record("sequences.messageevent.recorded", subject, by=by, at=at, code=kind, event=row.pk)
    return row if made else None


def _stored_with_stop(
    message: OutboundMessage,
    kind: MessageEvent.Kind,
    reason: SuppressionReason,
    *,
    at: datetime,
    source: str,
    digest: str,
    by: Principal,
) -> MessageEvent | None:
    with transaction.atomic(durable=True):
        row = _stored(message, kind, at=at, source=source, digest=digest, by=by)
        if row is not None:
            stop = Stop(reason, source=f"message:{message.pk}", evidence={"message": message.pk, "event": row.pk})
            suppression.stop_digest(_card_of(message).digest, stop, by=by, at=at)
    return row


def _card_of(message: OutboundMessage) -> AddressCard:
    """The card the message was cleared for; the contact may have another address by now, or none."""
    cleared = Decision.objects.filter(ref=message.ref).exclude(card=0).order_by("-attempt").first()
    card = AddressCard.objects.filter(pk=cleared.card).first() if cleared else None
    return card or message.enrollment.contact.card


def _permitted(refs: Collection[str]) -> list[str]:
    return list(Decision.objects.filter(ref__in=refs, outcome=Outcome.PERMIT).values_list("ref", flat=True))


def _opened(message: OutboundMessage, late: Sequence[Late], at: datetime) -> Incident:
    """The list and the mailbox stand still: what let it through is in who was loaded, or in what sends."""
    scopes = {message.mailbox.key} | ({f"list:{message.recipient_list_id}"} if message.recipient_list_id else set())
    what = _now("went to somebody who had been stopped") if late else _now("went without a permission")
    return incidents.open_once(
        f"sent_after_stop:{message.ref}",
        Incident.Kind.SENT_AFTER_STOP,
        Incident.Severity.SEV2,
        _now("Message %(ref)s %(what)s") % {"ref": message.ref, "what": what},
        {
            "subjects": [audit.reference(message)],
            "message": message.pk,
            "ref": message.ref,
            "person": message.enrollment.person,
            "mailbox": message.mailbox_id,
            "recipient_list": message.recipient_list_id,
            "permitted": sorted({one.permitted for one in late}),
            "stopped": sorted({one.stopped for one in late}),
        },
        by=SYSTEM,
        at=at,
        halt_scopes=scopes,
    )


def _attribute(at: datetime) -> int:
    """A complaint that named a person and no message counts for the last message that person got (LAW ARF-06)."""
    rows = Suppression.objects.filter(reason=SuppressionReason.COMPLAINT, at__gt=at - _WEEK, person__isnull=False)
    return sum(_counted(stop) for stop in rows.order_by("pk") if not {"message", "from"} & set(stop.evidence))


def _counted(stop: Suppression) -> bool:
    touch = (
        Touch.objects.filter(person=stop.person or UUID(int=0), order_no__lt=stop.order_no)
        .order_by("-order_no")
        .first()
    )
    message = OutboundMessage.objects.filter(ref=touch.ref).first() if touch else None
    if message is None:
        return False
    digest = hashlib.sha256(f"stop:{stop.pk}".encode()).hexdigest()
    told = {"at": stop.at, "source": audit.reference(stop)}
    kind = MessageEvent.Kind.COMPLAINT
    _row, made = MessageEvent.objects.get_or_create(message=message, kind=kind, digest=digest, defaults=told)
    return made


@timeline.tell
def moments(facts: Mapping[str, Any]) -> Iterator[Moment]:
    """Tries and news of the message of an incident, or the bad news of the list, mailbox or domain that stopped."""
    if message := facts.get("message"):
        for one in Attempt.objects.filter(message=message).order_by("number"):
            told = {"attempt": one.number}
            yield Moment(one.at, f"try.{one.outcome}", f"sequences.outboundmessage:{message}", detail=told)
        yield from _told(MessageEvent.objects.filter(message=message))
    kind, _colon, key = str(facts.get("scope", "")).partition(":")
    if kind in _HELD:
        key = f"@{key}" if kind == "sending-domain" else key
        dead = OutboundMessage.objects.filter(**{_HELD[kind]: key}, state=OutboundMessage.State.REJECTED)
        for row in dead.filter(reason__in=HARD_REASONS).order_by("-settled_at")[:_SHOWN]:
            yield Moment(row.settled_at or row.planned_at, "try.rejected", audit.reference(row), code=row.reason)
        yield from _told(MessageEvent.objects.filter(**{f"message__{_HELD[kind]}": key}))


def _told(rows: QuerySet[MessageEvent]) -> Iterator[Moment]:
    for one in rows.order_by("-pk")[:_SHOWN]:
        yield Moment(one.at, f"news.{one.kind}", f"sequences.outboundmessage:{one.message_id}")


_SHOWN = 50
_HELD = {"list": "recipient_list", "mailbox": "mailbox", "sending-domain": "mailbox__address__iendswith"}
