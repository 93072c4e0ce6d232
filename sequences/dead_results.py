"""Counts how many of the first or last results of a list or a mailbox were dead addresses.

One statement for all scopes of a kind: the door asks before each message, and a batch goes out from many mailboxes.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from compliance.models.lookups import among, as_parameter
from sequences.dispositions import HARD_REASONS


class Counted(NamedTuple):
    """Whose results these are, in which order, and how many of them count."""

    table: str
    column: str
    order: str
    longest: int


COUNTED = {
    "list": Counted("sequences_recipientlist", "recipient_list_id", "m.settled_at, m.id", 50),
    "mailbox": Counted("sequences_mailbox", "mailbox_id", "m.settled_at DESC, m.id DESC", 200),
}
_RESULTS = """
SELECT k.id, (
    SELECT CAST(COALESCE(SUM(r.dead), 0) AS TEXT) || '/' || CAST(COUNT(*) AS TEXT) FROM (
        SELECT CASE WHEN m.reason {hard} OR EXISTS (
            SELECT 1 FROM sequences_messageevent e WHERE e.message_id = m.id AND e.kind = 'hard_bounce'
        ) THEN 1 ELSE 0 END AS dead
        FROM sequences_outboundmessage m
        WHERE m.{column} = k.id AND m.state IN ('accepted', 'rejected') {since}
        ORDER BY {order} LIMIT {longest}
    ) r
) FROM {table} k WHERE k.id {keys}
"""


def count(kind: str, keys: Sequence[int], since: datetime | None) -> Iterator[tuple[int, int, int]]:
    """(key, dead addresses, results) of each of these lists or mailboxes, of the results after `since`."""
    said = COUNTED[kind]
    sql = _RESULTS.format(
        hard=among(connection, "text"),
        since="AND m.settled_at > %s" if since else "",
        keys=among(connection),
        **said._asdict(),
    )
    told: list[Any] = [as_parameter(connection, sorted(HARD_REASONS)), since, as_parameter(connection, keys)]
    with connection.cursor() as cursor:
        cursor.execute(sql, [one for one in told if one is not None])
        rows = cursor.fetchall()
    for key, counts in rows:
        bad, of = counts.split("/")
        yield key, int(bad), int(of)
