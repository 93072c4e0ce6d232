"""The locks of the door, in one fixed order and no other: scopes, then address cards, then budgets.

A stop takes exclusively what a clearance takes shared, or the same card; whoever commits first is first, and the
order number, drawn while the locks are held, says so (LAW §2.2). On SQLite an IMMEDIATE transaction holds the one
write lock, so the row and advisory locks are not needed there.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet

from compliance.models import AddressCard
from compliance.models.lookups import as_parameter

EVERYTHING = "installation"
_OWNER = """
SELECT person_id, digest, id FROM compliance_addresscard
WHERE person_id = (SELECT person_id FROM compliance_addresscard WHERE digest = %s)
ORDER BY digest
"""
_FRESH = """
SELECT current_setting('transaction_isolation'), pg_is_in_recovery(), set_config('statement_timeout', %s, true)
"""
# Nothing is tried for what is there: a conflict would use up a number each time, and there are hundreds in a batch.
_BUDGETS_MADE = """
INSERT INTO compliance_budget (key) SELECT asked.key FROM unnest(%s::text[]) AS asked(key)
WHERE NOT EXISTS (SELECT FROM compliance_budget b WHERE b.key = asked.key) ORDER BY asked.key ON CONFLICT DO NOTHING
"""
_BUDGETS_HELD = """
SELECT COUNT(*) FROM (
    SELECT FROM compliance_budget WHERE key = ANY(%s::text[]) ORDER BY key FOR UPDATE
) AS held
"""
_ADVISORY = "SELECT {function}(number) FROM unnest(%s::bigint[]) AS number"


class NotReadCommitted(RuntimeError):
    """The transaction would not see a stop that has just been committed (LAW PIP-04)."""


@dataclass(frozen=True)
class Owner:
    """A person whose cards are locked: {digest: key}."""

    person: UUID
    cards: Mapping[str, int]


def assert_fresh_reads() -> None:
    """Refuse to decide on a snapshot that may be old, or by a statement that takes longer than a mail server waits.

    The bound ends with the transaction (LAW G6, FT-17); SQLite waits as long as its connection says.
    """
    _assert_transaction()
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(_FRESH, [f"{settings.DOOR_SECONDS}s"])
        isolation, replica, _bound = cursor.fetchone()
    if isolation != "read committed" or replica:
        raise NotReadCommitted(f"isolation {isolation}, replica {replica}")


def share_scopes(scopes: Iterable[str]) -> None:
    """(1) Shared locks on every scope a batch touches; `installation` is always among them."""
    _advisory("pg_advisory_xact_lock_shared", {EVERYTHING, *scopes})


def own_scopes(scopes: Iterable[str]) -> None:
    """(1) Exclusive locks, for halts, withdrawals and anything else that must bind the next clearance."""
    _advisory("pg_advisory_xact_lock", set(scopes))


def lock_cards(persons: Iterable[UUID]) -> list[AddressCard]:
    """(2) Row locks on every address card of these persons, in order of digest.

    A row that merely refers to a card (a contact an import is storing) does not hold them up, nor they it.
    """
    return list(_cards_of(persons))


def lock_card_digests(persons: Iterable[UUID]) -> dict[tuple[int, UUID], str]:
    """The same locks for a large batch: {(card, person): digest} instead of a thousand objects."""
    rows = _cards_of(persons).values_list("pk", "person_id", "digest")
    return {(card, person): digest for card, person, digest in rows}


def lock_owner(digest: str) -> Owner | None:
    """(2) The same for whoever has the card of this digest, found and locked by one statement.

    That card is not among theirs if it went to somebody else, or away, while it was waited for.
    """
    _assert_transaction()
    with connection.cursor() as cursor:
        cursor.execute(_OWNER + ("FOR NO KEY UPDATE" if connection.vendor == "postgresql" else ""), [digest])
        rows = cursor.fetchall()
    return Owner(UUID(str(rows[0][0])), {spelled: key for _person, spelled, key in rows}) if rows else None


def lock_budgets(keys: Iterable[str]) -> None:
    """(3) Row locks on shared caps, in order of key; missing rows are made first."""
    _assert_transaction()
    if connection.vendor != "postgresql":
        return
    wanted = as_parameter(connection, sorted(set(keys)))
    with connection.cursor() as cursor:
        cursor.execute(_BUDGETS_MADE, [wanted])
        cursor.execute(_BUDGETS_HELD, [wanted])


def draw_order(count: int) -> Sequence[int]:
    """`count` rising numbers, drawn while the locks are held: the only order between stops and clearances."""
    _assert_transaction()
    if count == 0:
        return []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT nextval('compliance_order') FROM generate_series(1, %s)", [count])
            return sorted(number for (number,) in cursor.fetchall())
        cursor.execute("UPDATE compliance_order SET value = value + %s RETURNING value", [count])
        (last,) = cursor.fetchone()
        # SQLite runs the statement only as far as its rows are fetched.
        cursor.fetchall()
    return range(last - count + 1, last + 1)


def _cards_of(persons: Iterable[UUID]) -> QuerySet[AddressCard]:
    return AddressCard.objects.filter(person__among=set(persons)).order_by("digest").select_for_update(no_key=True)


def _assert_transaction() -> None:
    # Outside of one, PostgreSQL would give the lock back at once and say nothing.
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("locks are held to the end of a transaction; open one first")


def _advisory(function: str, scopes: Iterable[str]) -> None:
    _assert_transaction()
    if connection.vendor != "postgresql":
        return
    numbers = sorted(_number(scope) for scope in scopes)
    with connection.cursor() as cursor:
        # One trip for a whole batch; the rows of an array come in its order, and so are the locks taken.
        cursor.execute(_ADVISORY.replace("{function}", function), [numbers])


def _number(scope: str) -> int:
    return int.from_bytes(hashlib.sha256(f"handoff/{scope}".encode()).digest()[:8], signed=True)
