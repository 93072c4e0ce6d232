"""Numbers as plain data, each counted from the tables that hold the facts."""

from typing import Any

from django.db.models import Count, QuerySet

from compliance import audit
from compliance.invariants import SENDS_AFTER_STOP
from compliance.models import Suppression
from handoff.models import Lead
from sequences.invariants import CLEARED_TWICE, SENT_WITHOUT_CLEARANCE, STRANDED
from sequences.models import Enrollment, InboundMessage, OutboundMessage


def message_states() -> dict[str, int]:
    """How many messages are in each state."""
    return _by(OutboundMessage.objects.all(), "state")


def messages_refused() -> dict[str, int]:
    """Messages that did not go for good, by reason."""
    gone = (OutboundMessage.State.REFUSED, OutboundMessage.State.REJECTED, OutboundMessage.State.EXPIRED)
    return _by(OutboundMessage.objects.filter(state__in=gone), "reason")


def answers() -> dict[str, int]:
    """What came back, by class."""
    return _by(InboundMessage.objects.all(), "verdict")


def enrollment_ends() -> dict[str, int]:
    """How passages ended, by reason; those under way as `active`."""
    rows = Enrollment.objects.values_list("state", "exit_reason").annotate(count=Count("pk"))
    return {reason or state: count for state, reason, count in rows}


def opt_outs() -> dict[str, int]:
    """Recorded stops by how they reached us."""
    return _by(Suppression.objects.all(), "reason")


def stage_moves() -> dict[str, int]:
    """Arrows taken on the ladder, from the audit log."""
    moves = audit.count_by_verb("handoff.lead.")
    return {verb.rpartition(".")[2]: count for verb, count in moves.items()}


def stages() -> dict[str, int]:
    """How many leads stand on each rung."""
    return _by(Lead.objects.filter(contact__merged_into__isnull=True), "stage")


def sends_after_stop() -> int:
    """Messages cleared although a stop was recorded before; anything but 0 is an incident."""
    return SENDS_AFTER_STOP.count()


def cleared_twice() -> int:
    """Messages that may have gone twice; anything but 0 is an incident."""
    return CLEARED_TWICE.count()


def sent_without_clearance() -> int:
    """Messages that went, or may have gone, around the door; anything but 0 is an incident."""
    return SENT_WITHOUT_CLEARANCE.count()


def stranded() -> int:
    """Passages that nothing will ever move again; anything but 0 is an incident."""
    return STRANDED.count()


def _by(rows: QuerySet[Any], column: str) -> dict[str, int]:
    found = rows.order_by(column).values_list(column).annotate(count=Count("pk"))
    return {str(name): count for name, count in found}
