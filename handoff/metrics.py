"""Numbers as plain data, each counted from the tables that hold the facts."""

from typing import Any

from django.db import connection
from django.db.models import Count, QuerySet

from compliance import audit
from compliance.models import Suppression
from sequences.models import Enrollment, OutboundMessage

# A cleared message whose person had been stopped under a lower order number: must never exist (LAW G1, §2.2).
SENDS_AFTER_STOP = """
SELECT COUNT(*) FROM (
    SELECT d.id FROM compliance_decision d
    JOIN compliance_addressdigest a ON a.card_id = d.card
    JOIN compliance_suppressiondigest sd ON sd.digest = a.digest
    JOIN compliance_suppression s ON s.id = sd.suppression_id
    WHERE d.outcome = 'permit' AND s.order_no < d.order_no
    UNION
    SELECT d.id FROM compliance_decision d
    JOIN compliance_suppression s ON s.person = d.person
    WHERE d.outcome = 'permit' AND s.order_no < d.order_no
) AS late
"""
# Two permissions for one message, none of them proven unsent: a second copy could have gone (LAW G2). A permission
# without an attempt counts too: its worker died, or is on the wire.
CLEARED_TWICE = """
SELECT COUNT(*) FROM (
    SELECT d.ref FROM compliance_decision d
    JOIN sequences_outboundmessage m ON m.ref = d.ref
    WHERE d.outcome = 'permit' AND NOT EXISTS (
        SELECT 1 FROM sequences_attempt t
        WHERE t.message_id = m.id AND t.number = d.attempt AND t.outcome IN ('notsent', 'rejected')
    )
    GROUP BY d.ref HAVING COUNT(*) > 1
) AS twice
"""
# Messages on the wire or beyond for which the door gave no permission (LAW G3).
SENT_WITHOUT_CLEARANCE = """
SELECT COUNT(*) FROM sequences_outboundmessage m
WHERE m.state IN ('cleared', 'accepted', 'in_doubt') AND NOT EXISTS (
    SELECT 1 FROM compliance_decision d WHERE d.ref = m.ref AND d.outcome = 'permit'
)
"""
# Passages under way with neither a time for their next step nor a message of it that somebody will settle (LAW G4).
STRANDED = """
SELECT COUNT(*) FROM sequences_enrollment e
WHERE e.state = 'active' AND e.due_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM sequences_outboundmessage m
    WHERE m.enrollment_id = e.id AND m.step = e.next_step
    AND m.state IN ('planned', 'claimed', 'cleared', 'in_doubt')
)
"""


def message_states() -> dict[str, int]:
    """How many messages are in each state."""
    return _by(OutboundMessage.objects.all(), "state")


def messages_refused() -> dict[str, int]:
    """Messages that did not go for good, by reason."""
    gone = (OutboundMessage.State.REFUSED, OutboundMessage.State.REJECTED, OutboundMessage.State.EXPIRED)
    return _by(OutboundMessage.objects.filter(state__in=gone), "reason")


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


def sends_after_stop() -> int:
    """Messages cleared although a stop was recorded before; anything but 0 is an incident."""
    return _count(SENDS_AFTER_STOP)


def cleared_twice() -> int:
    """Messages that may have gone twice; anything but 0 is an incident."""
    return _count(CLEARED_TWICE)


def sent_without_clearance() -> int:
    """Messages that went, or may have gone, around the door; anything but 0 is an incident."""
    return _count(SENT_WITHOUT_CLEARANCE)


def stranded() -> int:
    """Passages that nothing will ever move again; anything but 0 is an incident."""
    return _count(STRANDED)


def _by(rows: QuerySet[Any], column: str) -> dict[str, int]:
    found = rows.order_by(column).values_list(column).annotate(count=Count("pk"))
    return {str(name): count for name, count in found}


def _count(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])
