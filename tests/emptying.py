"""Empties the database after a transactional test: what the test filled, in one transaction.

Django would truncate every table there is and make all permissions anew; PostgreSQL takes a second for it, each time.
"""

from collections.abc import Callable

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.test import TransactionTestCase

from compliance.append_only import lifted

_MADE = (ContentType, Permission, Group, Group.permissions.through)


def emptying(furnish: Callable[[], object]) -> Callable[[TransactionTestCase], None]:
    """What stands in for Django's own. `furnish` puts into a migrated database what else each test shall find there."""
    flush: Callable[[TransactionTestCase], None] = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]
    furnish()
    made = _made()

    def empty(case: TransactionTestCase) -> None:
        nonlocal made
        if _made() == made:
            _delete(_filled())
            return
        with lifted(connection):
            flush(case)
        furnish()
        made = _made()

    return empty


def _made() -> list[list[tuple[object, ...]]]:
    """The rows that every test finds."""
    return [list(model._base_manager.order_by("pk").values_list()) for model in _MADE]


def _filled() -> list[str]:
    """Every other table that has rows."""
    made = {model._meta.db_table for model in _MADE}
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - made
    probes = [f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in sorted(tables)]  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(probes))
        return [table for (table,) in cursor.fetchall()]


def _delete(tables: list[str]) -> None:
    # The triggers of some tables refuse exactly this.
    with transaction.atomic(), lifted(connection), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608
        # PostgreSQL gives no trigger back while it has foreign keys to check.
        connection.check_constraints()
