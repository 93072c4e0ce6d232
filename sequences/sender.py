"""Claim, clear, send, settle. At most one copy of a message ever leaves (spec X2; LAW §2).

A claim is a lease with a fencing token. The clearance is committed between RCPT and DATA, with the bytes it lets
out; whatever dies after it leaves the message *in doubt*, and nobody sends that again by himself.
"""

import hashlib
import logging
import secrets
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import Error, connection, transaction
from django.db.models import Q

from compliance import arming, clearance, clock, following, halts, host_stop, stopping
from compliance.clearance import Ruling
from compliance.principals import SYSTEM
from compliance.transitions import move
from sequences import asks, breakers, evidence, letters, results, settling
from sequences.models import Mailbox, OutboundMessage, PauseReason
from sequences.settling import Tried
from sequences.smtp import InDoubt, NotSent, Outcome, Phase, UnsafeContent
from sequences.transport import Session, Unreachable

_log = logging.getLogger(__name__)
_BATCH = 50
_SETTLED_AT_ONCE = 500
# A round decides under one moment; a longer one would send by yesterday's hours.
_ROUND = timedelta(seconds=60)
_AFTER_A_FAULT = timedelta(minutes=15)
_AFTER_A_STOP = timedelta(hours=1)
_UNTIL_SOMEBODY_MENDS = timedelta(days=1)
_ASSUMED_AFTER = timedelta(hours=72)
_SHUT = frozenset({"NotArmed", "JournalUnavailable", "OperationalError"})
_TOGETHER = ("mailbox", "template_version", "enrollment__contact__account", "enrollment__contact__card")
_BESIDES = ("enrollment__version__sequence", "enrollment__row__recipient_list", "enrollment__mailbox")


def send_round(at: datetime) -> dict[str, int]:
    """Send what is due, for a minute at the most: the rest is the next round's. How many came to which end."""
    counts: Counter[str] = Counter(results.drain())
    if host_stop.stands():
        return dict(counts + Counter({host_stop.CODE: 1}))
    if following.take_part(at):
        return dict(counts + Counter({"disarmed": 1}))
    ends = clock.lease_clock() + _ROUND
    counts["expired"] += _expire(at)
    while not stopping.asked() and (batch := _claim(at)):
        for mailbox, messages in _by_mailbox(batch):
            counts.update(_send_from(mailbox, messages, at, ends))
        if host_stop.stands() or clock.lease_clock() >= ends:
            break
    return dict(counts)


def recover_round(at: datetime) -> dict[str, int]:
    """Find what a dead worker left behind: claimed goes back, cleared is in doubt, old doubts are assumed sent.

    A doubt of which something came back is settled first.
    """
    counts = Counter({"put_back": 0, "in_doubt": 0, "assumed_sent": 0, **results.drain()})
    if proven := evidence.settle_doubts(at):
        counts["proven"] = proven
    dead = OutboundMessage.objects.filter(
        state__in=[OutboundMessage.State.CLAIMED, OutboundMessage.State.CLEARED], lease_until__lte=clock.lease_clock()
    )
    for message in dead.select_related(*_TOGETHER, *_BESIDES).order_by("pk")[:_SETTLED_AT_ONCE]:
        came_to = settling.take_over(message, at)
        if came_to == "in_doubt":
            grace = stopping.GRACE_SECONDS
            _log.critical(
                "message %s is in doubt: its worker ended while the server was being spoken to; "
                "whatever stops workers must give them %d seconds to end",
                message.pk,
                grace,
            )
        counts["in_doubt"] += came_to == "in_doubt"
        counts["put_back"] += came_to not in {"in_doubt", "lost"}
    old = OutboundMessage.objects.filter(state=OutboundMessage.State.IN_DOUBT, settled_at__lte=at - _ASSUMED_AFTER)
    old = old.exclude(reason="assumed_sent").select_related(*_BESIDES, "enrollment__contact")
    for message in old.order_by("pk")[:_SETTLED_AT_ONCE]:
        settling.assume_sent(message, at)
        counts["assumed_sent"] += 1
    return dict(counts)


def _expire(at: datetime) -> int:
    rows = OutboundMessage.objects.filter(_stale(at), state=OutboundMessage.State.PLANNED).order_by("expires_at", "pk")
    # What pauses does not grow old: nobody shall find that a step was left out meanwhile (spec SQ5).
    rows = rows.filter(enrollment__paused_at=None).exclude(reason__in=PauseReason.values)
    found = rows.select_related(*_BESIDES, "enrollment__contact")[:_SETTLED_AT_ONCE]
    return sum(settling.expire(message, at) == "expired" for message in found)


def _stale(at: datetime) -> Q:
    old_bytes = Q(content__isnull=False, first_attempt_at__lte=at - letters.OLDEST)
    return Q(expires_at__lte=at) | old_bytes


def _claim(at: datetime) -> list[OutboundMessage]:
    """Take a batch under a lease, in the order (due, enrollment); what another worker holds is skipped."""
    due = OutboundMessage.objects.filter(~_stale(at), state=OutboundMessage.State.PLANNED, not_before__lte=at).order_by(
        "not_before", "enrollment_id"
    )
    lease = {
        "lease_token": secrets.token_hex(16),
        "lease_until": clock.lease_clock() + timedelta(seconds=settings.LEASE_SECONDS),
    }
    with transaction.atomic():
        if connection.vendor == "postgresql":
            due = due.select_for_update(skip_locked=True)
        taken = move(list(due[:_BATCH]), "claim", by=SYSTEM, at=at, set=lease)
    rows = OutboundMessage.objects.filter(pk__in=[row.pk for row in taken]).select_related(*_TOGETHER, *_BESIDES)
    return list(rows.order_by("not_before", "enrollment_id"))


def _by_mailbox(batch: Sequence[OutboundMessage]) -> list[tuple[Mailbox, list[OutboundMessage]]]:
    groups: dict[int, tuple[Mailbox, list[OutboundMessage]]] = {}
    for message in batch:
        groups.setdefault(message.mailbox_id, (message.mailbox, []))[1].append(message)
    return list(groups.values())


def _send_from(mailbox: Mailbox, messages: Sequence[OutboundMessage], at: datetime, ends: datetime) -> Counter[str]:
    if stopping.asked():
        return _all_back(messages, at, "", at)
    # A stopped mailbox is left in peace: a login that was refused must not be tried again every hour.
    if not Mailbox.objects.filter(pk=mailbox.pk, state=Mailbox.State.ACTIVE).exists():
        return _all_back(messages, at + _AFTER_A_STOP, "mailbox_stopped", at)
    try:
        session = Session(mailbox)
    except (Unreachable, ValueError) as error:
        # Nothing was spoken yet: another machine than we may reach, a password in clear text, an unreadable secret.
        _log.error("mailbox %s cannot be used: %s", mailbox.pk, error)
        return _all_back(messages, at + _AFTER_A_FAULT, f"mailbox_{type(error).__name__.lower()}", at)
    with session:
        return _send_in(session, mailbox, messages, at, ends)


def _send_in(
    session: Session, mailbox: Mailbox, messages: Sequence[OutboundMessage], at: datetime, ends: datetime
) -> Counter[str]:
    counts: Counter[str] = Counter()
    for number, message in enumerate(messages, start=1):
        came_to, outcome = _send(session, message, at)
        counts[came_to] += 1
        if came_to == "rejected":
            breakers.trip(breakers.scopes_of(message), at)
        if pause := settling.pause_after(outcome):
            until, reason = at + pause[0], pause[1]
            settling.hold_back(mailbox, until, reason)
            return counts + _all_back(messages[number:], until, reason, at)
        if _is_shut(outcome) or host_stop.stands() or stopping.asked() or clock.lease_clock() >= ends:
            return counts + _all_back(messages[number:], at, "", at)
    return counts


def _is_shut(outcome: Outcome | None) -> bool:
    """Whether the door itself cannot be used from here, so that the next message would fare no better."""
    return isinstance(outcome, NotSent) and outcome.phase == Phase.GATE and outcome.error in _SHUT


def _all_back(messages: Sequence[OutboundMessage], until: datetime, reason: str, at: datetime) -> Counter[str]:
    return Counter(settling.put_back(message, until, reason, at) or "left" for message in messages)


def _send(session: Session, message: OutboundMessage, at: datetime) -> tuple[str, Outcome | None]:
    """What the message came to, and what the server did if it was spoken to."""
    try:
        door = _Door(message, at)
    except Error:
        raise
    except Exception as error:  # noqa: BLE001 - one message that cannot be written must not stop the others
        # What a person lacks was refused when the step was planned; this is ours to mend, and nobody's passage ends.
        _log.error("message %s could not be written: %s", message.pk, error)
        until = at + _UNTIL_SOMEBODY_MENDS
        return settling.put_back(message, until, "wording_failed", at, reply=str(error)[:500]), None
    if halts.standing({halts.EVERYTHING, *door.ask.scopes}):
        # The door would say no, but only after RCPT: where nothing is to go, no more dead addresses are named either.
        return settling.put_back(message, at + _AFTER_A_STOP, "halted", at), None
    try:
        outcome = session.deliver(door.ask.address.text, door.content, door)
    except UnsafeContent as error:
        until = at + _UNTIL_SOMEBODY_MENDS
        return settling.put_back(message, until, "unsafe_content", at, reply=str(error)[:500]), None
    except host_stop.HaltedOnHost:
        # Another host may take it at once.
        return settling.put_back(message, at, host_stop.CODE, at), None
    except arming.NotArmed as error:
        held = settling.put_back(message, at + _AFTER_A_FAULT, error.fault.code, at)
        return held, NotSent(Phase.GATE, type(error).__name__)
    except Exception as error:  # noqa: BLE001 - whatever breaks, the message must not stay on the wire unaccounted
        _log.exception("sending message %s broke off", message.pk)
        broken = type(error).__name__
        # Past the door nobody can know how far it came.
        outcome = InDoubt(Phase.DATA, broken) if door.opened else NotSent(Phase.GATE, broken)
    return _settled(Tried(message, door.ruling, outcome), at), outcome


def _settled(tried: Tried, at: datetime) -> str:
    try:
        return settling.settle(tried, at)
    except Error:
        # The server has answered and the database is away. The round ends here; the next one settles this first.
        results.keep(tried, at)
        raise


class _Door:
    """Asks the final clearance when the server has accepted the recipient, and remembers what it said.

    The bytes are made once for all tries (LAW MSG-05), but only with the first yes: what the door has not seen must
    not wait in the row and go out after the person's data was put right.
    """

    def __init__(self, message: OutboundMessage, at: datetime) -> None:
        self.ask = asks.for_message(message)
        self.ruling: Ruling | None = None
        self._message = message
        self._at = at
        kept = letters.still_fit(message, at)
        self._fresh = kept is None
        self.content = letters.freeze(message, at) if kept is None else kept
        message.content_digest = hashlib.sha256(self.content).hexdigest()

    @property
    def opened(self) -> bool:
        return self.ruling is not None and self.ruling.permitted

    def __call__(self) -> bool:
        host_stop.assert_may_send()
        (self.ruling,) = clearance.clear([self.ask], at=self._at, confirm=self._confirm)
        return self.opened

    def _confirm(self, permitted: Sequence[Ruling]) -> Collection[str]:
        """Compare the fencing token in the statement that marks the message cleared."""
        if not permitted:
            return []
        told = {"lease_until": clock.lease_clock() + timedelta(seconds=settings.LEASE_SECONDS), **self._frozen()}
        token = {"lease_token": self._message.lease_token}
        moved = move(self._message, "clear", by=SYSTEM, at=self._at, set=told, where=token)
        return [row.ref for row in moved]

    def _frozen(self) -> dict[str, object]:
        if not self._fresh:
            return {}
        return {"content": self.content, "content_digest": self._message.content_digest}
