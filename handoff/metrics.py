"""Numbers as plain data, each counted from the tables that hold the facts."""

from collections import Counter

from django.db import connection
from django.db.models import Count

from compliance import audit
from compliance.models import Suppression
from sequences.models import Enrollment, OutboundMessage

# A cleared message whose person had been stopped under a lower order number: must never exist (LAW G1, §2.2).
SENDS_AFTER_STOP = """
SELECT COUNT(DISTINCT d.id) FROM compliance_decision d
JOIN compliance_addressdigest a ON a.card_id = d.card
JOIN compliance_suppressiondigest sd ON sd.digest = a.digest
JOIN compliance_suppression s ON s.id = sd.suppression_id
WHERE d.outcome = 'permit' AND s.order_no < d.order_no
"""
# Two permissions for one message when the earlier one was not proven unsent: a second copy could have gone (LAW G2).
CLEARED_TWICE = """
SELECT COUNT(*) FROM (
    SELECT d.ref FROM compliance_decision d
    JOIN sequences_outboundmessage m ON m.ref = d.ref
    JOIN sequences_attempt t ON t.message_id = m.id AND t.number = d.attempt
    WHERE d.outcome = 'permit' AND t.outcome IN ('accepted', 'indoubt')
    GROUP BY d.ref HAVING COUNT(*) > 1
) AS twice
"""


def message_states() -> dict[str, int]:
    """How many messages are in each state."""
    return dict(Counter(OutboundMessage.objects.values_list("state", flat=True)))


def messages_refused() -> dict[str, int]:
    """Messages that did not go for good, by reason."""
    gone = (OutboundMessage.State.REFUSED, OutboundMessage.State.REJECTED, OutboundMessage.State.EXPIRED)
    rows = OutboundMessage.objects.filter(state__in=gone)
    return dict(Counter(rows.values_list("reason", flat=True)))


def enrollment_ends() -> dict[str, int]:
    """How passages ended, by reason; those under way as `active`."""
    rows = Enrollment.objects.values_list("state", "exit_reason").annotate(count=Count("pk"))
    return {reason or state: count for state, reason, count in rows}


def opt_outs() -> dict[str, int]:
    """Recorded stops by how they reached us."""
    return dict(Counter(Suppression.objects.values_list("reason", flat=True)))


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


def _count(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])
