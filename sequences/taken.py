"""Marks an incoming mail as taken up by the desk, once: what follows upstairs follows of it no second time."""

from datetime import datetime

from sequences.models import InboundMessage


def take_up(row: InboundMessage, *, at: datetime) -> bool:
    """Whether it was this call that took it; of two at once one waits and is told no. In the caller's transaction."""
    mine = InboundMessage.objects.filter(pk=row.pk, state=InboundMessage.State.ROUTED, taken_at__isnull=True)
    return bool(mine.update(taken_at=at))
