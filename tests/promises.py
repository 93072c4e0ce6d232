"""Breaks promises behind the verbs' back, as only the owner of a database could, and says which are found broken."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from compliance import invariants, locks, sealer
from compliance.append_only import lifted
from compliance.models import Decision, Touch
from tests.cast import TUESDAY
from tests.sequences.campaign import play, under_way
from tests.sequences.scripted_smtp import ScriptedServer


def broken() -> dict[str, int]:
    """How often each promise is broken, without those that hold."""
    return {one.name: count for one in invariants.declared() if (count := one.count())}


def sent(people: int = 1) -> None:
    """Messages that were accepted, of passages with another step; all that was recorded is sealed."""
    with ScriptedServer() as server:
        under_way(server.port, people=people, steps=2)
        play()
    sealer.seal_round(TUESDAY)


def raw(statement: str, *values: str | int | None) -> None:
    """Run a statement without the triggers that keep tables from changing."""
    # PostgreSQL alters no table while checks of it are outstanding.
    connection.check_constraints()
    with lifted(connection), connection.cursor() as cursor:
        cursor.execute(statement, values)
        connection.check_constraints()


@contextmanager
def unchecked(table: str, *constraints: str) -> Iterator[None]:
    """Inside the block the database does not check these; the rollback of the test brings them back."""
    connection.check_constraints()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for name in constraints:
                cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        else:
            cursor.execute("PRAGMA ignore_check_constraints = ON")
        yield
        if connection.vendor != "postgresql":
            cursor.execute("PRAGMA ignore_check_constraints = OFF")


def permitted_again(**columns: object) -> Decision:
    """A permission, with its touch, for a second try at the one message."""
    row, touch = Decision.objects.order_by("pk")[0], Touch.objects.order_by("pk")[0]
    with transaction.atomic():
        (order,) = locks.draw_order(1)
    attempt = row.attempt + 1
    row.pk, row.order_no, row.attempt = None, order, attempt
    touch.pk, touch.order_no, touch.attempt = None, order, attempt
    for name, value in columns.items():
        setattr(row, name, value)
        if name in {"ref", "person"}:
            setattr(touch, name, value)
    row.save(force_insert=True)
    touch.save(force_insert=True)
    return row
