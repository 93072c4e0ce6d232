"""Stops a mailbox for a fault of its own, and starts it when a person has mended that.

A person who wants a mailbox to stand still places a halt on it, which two people lift (compliance.halts).
"""

from datetime import datetime

from django.db import connection, transaction

from compliance import locks, vault
from compliance.acts import Act, Consent
from compliance.factor import Kind
from compliance.principals import Principal
from compliance.transitions import move
from sequences.approval import only
from sequences.models import Mailbox, OutboundMessage

_FOR_THE_STOP = ("mailbox_stopped", "login_refused", "session_refused")


def stop(row: Mailbox, *, by: Principal, at: datetime, consent: Consent) -> Mailbox:
    """The server refuses this sender: nothing more leaves from it until a person has mended that.

    It binds every clearance that commits later. A stopped one stays stopped, for the first reason.
    """
    with transaction.atomic(durable=not connection.in_atomic_block):
        locks.own_scopes([row.key])
        because = consent.comment[:500]
        moved = move(row, "stop", by=by, at=at, reason=because, set={"stopped_because": because})
    return moved[0] if moved else Mailbox.objects.get(pk=row.pk)


def start(row: Mailbox, *, by: Principal, at: datetime, consent: Consent) -> Mailbox:
    """A person says that the fault is mended; what waited for it is asked again at once."""
    with transaction.atomic():
        moved = only(move(row, "start", by=by, at=at, reason=consent.comment, set={"stopped_because": ""}))
        held = OutboundMessage.objects.filter(mailbox=moved, state=OutboundMessage.State.PLANNED)
        held.filter(reason__in=_FOR_THE_STOP, not_before__gt=at).update(not_before=at)
    return moved


def password_of(row: Mailbox) -> str:
    """The password in clear, for the transport only. Raises vault.Unreadable."""
    return vault.unseal(row.secret) if row.secret else ""


def inbox_login(row: Mailbox) -> tuple[str, str]:
    """User name and password in clear with which its answers are read, for the reader only. Raises vault.Unreadable."""
    password = vault.unseal(row.imap_secret) if row.imap_secret else password_of(row)
    return row.imap_username or row.username or row.address, password


ACTS = (Act("start", start, comment_required=True, kind=Kind.STARTS),)
