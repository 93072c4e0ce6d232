"""Decides whether mail of this installation can leave the machine."""

from datetime import datetime, timedelta

from compliance import installation
from sequences.models import Mailbox

_SLACK = timedelta(seconds=60)


class LiveMailbox(RuntimeError):
    """Time may not be played while a mailbox speaks to another machine."""


def leaving() -> list[Mailbox]:
    """The mailboxes whose server is not this machine."""
    return [mailbox for mailbox in Mailbox.objects.order_by("pk") if not installation.is_loopback(mailbox.host)]


def assert_time_may_be_played(at: datetime, *, now: datetime) -> None:
    """A moment later than now needs a transport that is a catcher on this machine (spec X4). Raises LiveMailbox."""
    if at <= now + _SLACK:
        return
    if real := leaving():
        raise LiveMailbox(f"mailbox {real[0].address} speaks to {real[0].host}; time is not played with real mail")
