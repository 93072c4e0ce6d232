"""Claim, clear, send, settle. At most one copy of a message ever leaves (spec X2; LAW §2).

A claim is a lease with a fencing token. The clearance is committed between RCPT and DATA; whatever dies after it
leaves the message *in doubt*, and nobody sends that again by himself.
"""

import hashlib
import logging
import secrets
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from compliance import clearance, clock, vault
from compliance.clearance import Ruling
from compliance.principals import SYSTEM
from compliance.transitions import move
from sequences import asks, letters, settling
from sequences.models import Mailbox, OutboundMessage
from sequences.render import MissingValue, UnsafeValue
from sequences.settling import Tried
from sequences.smtp import InDoubt, InsecureEndpoint, NotSent, Phase, UnsafeContent
from sequences.transport import Session, Unreachable
from sequences.wire import UnsafeLetter

_log = logging.getLogger(__name__)
_BATCH = 50
_AFTER_A_FAULT = timedelta(minutes=15)
_UNTIL_SOMEBODY_MENDS = timedelta(days=1)
_ASSUMED_AFTER = timedelta(hours=72)
_TOGETHER = ("mailbox", "template_version", "enrollment__contact__account", "enrollment__contact__card")
_BESIDES = ("enrollment__version__sequence", "enrollment__row__recipient_list", "enrollment__mailbox")


def send_round(at: datetime) -> dict[str, int]:
    """Send everything whose time has come; how many came to which end."""
    counts: Counter[str] = Counter()
    counts["expired"] += _expire(at)
    while batch := _claim(at):
        for mailbox, messages in _by_mailbox(batch):
            counts.update(_send_from(mailbox, messages, at))
    return dict(counts)


def recover_round(at: datetime) -> dict[str, int]:
    """Find what a dead worker left behind: claimed goes back, cleared is in doubt, old doubts are assumed sent."""
    dead = OutboundMessage.objects.filter(lease_until__lte=clock.lease_clock()).select_related(*_TOGETHER, *_BESIDES)
    claimed = list(dead.filter(state=OutboundMessage.State.CLAIMED))
    for message in claimed:
        settling.put_back(message, at, "worker_lost", at)
    cleared = list(dead.filter(state=OutboundMessage.State.CLEARED))
    for message in cleared:
        settling.doubt(message, "worker_lost", at)
    old = OutboundMessage.objects.filter(state=OutboundMessage.State.IN_DOUBT, settled_at__lte=at - _ASSUMED_AFTER)
    assumed = list(old.exclude(reason="assumed_sent").select_related(*_BESIDES, "enrollment__contact"))
    for message in assumed:
        settling.assume_sent(message, at)
    return {"put_back": len(claimed), "in_doubt": len(cleared), "assumed_sent": len(assumed)}


def _expire(at: datetime) -> int:
    stale = OutboundMessage.objects.filter(state=OutboundMessage.State.PLANNED, expires_at__lte=at)
    rows = list(stale.select_related(*_BESIDES, "enrollment__contact")[:_BATCH])
    for message in rows:
        settling.expire(message, at)
    return len(rows)


def _claim(at: datetime) -> list[OutboundMessage]:
    """Take a batch under a lease, in the order (due, enrollment); what another worker holds is skipped."""
    due = OutboundMessage.objects.filter(
        state=OutboundMessage.State.PLANNED, not_before__lte=at, expires_at__gt=at
    ).order_by("not_before", "enrollment_id")
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


def _send_from(mailbox: Mailbox, messages: Sequence[OutboundMessage], at: datetime) -> Counter[str]:
    try:
        with Session(mailbox) as session:
            return Counter(_send(session, message, at) for message in messages)
    except (Unreachable, InsecureEndpoint, vault.Unreadable) as error:
        _log.error("mailbox %s cannot be used: %s", mailbox.pk, error)
        code = f"mailbox_{type(error).__name__.lower()}"
        return Counter(settling.put_back(message, at + _AFTER_A_FAULT, code, at) for message in messages)


def _send(session: Session, message: OutboundMessage, at: datetime) -> str:
    try:
        content = _frozen(message, at)
    except (MissingValue, UnsafeValue, UnsafeLetter) as error:
        # What a person lacks was refused when the step was planned; this is ours to mend, and nobody's passage ends.
        _log.error("message %s could not be written: %s", message.pk, error)
        return settling.put_back(message, at + _UNTIL_SOMEBODY_MENDS, "wording_failed", at, reply=str(error)[:500])
    door = _Door(message, at)
    try:
        outcome = session.deliver(door.ask.address.text, content, door)
    except UnsafeContent as error:
        return settling.put_back(message, at + _UNTIL_SOMEBODY_MENDS, "unsafe_content", at, reply=str(error)[:500])
    except Exception as error:  # noqa: BLE001 - whatever breaks, the message must not stay on the wire unaccounted
        _log.exception("sending message %s broke off", message.pk)
        broken = type(error).__name__
        # Past the door nobody can know how far it came.
        outcome = InDoubt(Phase.DATA, broken) if door.opened else NotSent(Phase.GATE, broken)
    return settling.settle(Tried(message, door.ruling, outcome), at)


def _frozen(message: OutboundMessage, at: datetime) -> bytes:
    """The bytes of a message, made and stored at its first attempt and the same ever after."""
    if message.content is not None:
        return bytes(message.content)
    content = letters.freeze(message, at)
    columns = {
        "content": content,
        "content_digest": hashlib.sha256(content).hexdigest(),
        "first_attempt_at": at,
    }
    for name, value in columns.items():
        setattr(message, name, value)
    OutboundMessage.objects.filter(pk=message.pk, lease_token=message.lease_token).update(**columns)
    return content


class _Door:
    """Asks the final clearance when the server has accepted the recipient, and remembers what it said."""

    def __init__(self, message: OutboundMessage, at: datetime) -> None:
        self.ask = asks.for_message(message)
        self.ruling: Ruling | None = None
        self._message = message
        self._at = at

    @property
    def opened(self) -> bool:
        return self.ruling is not None and self.ruling.permitted

    def __call__(self) -> bool:
        (self.ruling,) = clearance.clear([self.ask], at=self._at, confirm=self._confirm)
        return self.opened

    def _confirm(self, permitted: Sequence[Ruling]) -> Collection[str]:
        """Compare the fencing token in the statement that marks the message cleared."""
        if not permitted:
            return []
        lease = {"lease_until": clock.lease_clock() + timedelta(seconds=settings.LEASE_SECONDS)}
        token = {"lease_token": self._message.lease_token}
        moved = move(self._message, "clear", by=SYSTEM, at=self._at, set=lease, where=token)
        return [row.ref for row in moved]
