"""Tables that may only grow: triggers by which the database itself refuses anything else (LAW AUD-01).

`lifted()` exists for databases of tests and demonstrations, which are emptied and played again; it refuses to run
anywhere else.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

# table → columns that may still change
Tables = Mapping[str, Sequence[str]]


class KeptForGood(RuntimeError):
    """Somebody tried to lift the triggers of a database that belongs to neither a test nor a demonstration."""


def install(connection: BaseDatabaseWrapper, tables: Tables) -> None:
    """Create the triggers for `tables` (idempotent)."""
    remove(connection, tables)
    for table, free in tables.items():
        _run(connection, _create(connection, table, free))


def remove(connection: BaseDatabaseWrapper, tables: Tables) -> None:
    """Drop the triggers for `tables`."""
    if connection.vendor == "postgresql":
        _run(connection, [line.format(table=table) for table in tables for line in _PG_DROP])
    else:
        _run(connection, [line.format(table=table) for table in tables for line in _SQLITE_DROP])


@contextmanager
def lifted(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Without these triggers inside the block, in the database of a test or a demonstration only."""
    if not _is_played_with(connection):
        raise KeptForGood(str(connection.settings_dict["NAME"]))
    off, on = _switches(connection)
    _run(connection, off)
    try:
        yield
    finally:
        _run(connection, on)


def kept(connection: BaseDatabaseWrapper) -> dict[str, list[str]]:
    """{table: columns that may still change} as PostgreSQL's triggers have it."""
    with connection.cursor() as cursor:
        cursor.execute(_PG_FREE)
        return dict(cursor.fetchall())


def grants(connection: BaseDatabaseWrapper, role: str) -> list[str]:
    """The statements that let a role run this service, and only add to what is kept for good (LAW AUD-01).

    To be run by the owner of the tables; the role must exist. Running them again changes nothing.
    """
    who = connection.ops.quote_name(role)
    lines = [
        f"GRANT USAGE ON SCHEMA public TO {who}",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {who}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {who}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {who}",
    ]
    for table, free in sorted(kept(connection).items()):
        lines.append(f"REVOKE UPDATE, DELETE ON {table} FROM {who}")
        if free:
            columns = ", ".join(connection.ops.quote_name(column) for column in free)
            lines.append(f"GRANT UPDATE ({columns}) ON {table} TO {who}")
    return lines


def _is_played_with(connection: BaseDatabaseWrapper) -> bool:
    name = Path(str(connection.settings_dict["NAME"])).name
    if name.startswith("test_") or "mode=memory" in name:
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT purpose FROM compliance_installation")
        return cursor.fetchall() in ([("demo",)], [("test",)])


def _switches(connection: BaseDatabaseWrapper) -> tuple[list[str], list[str]]:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_PG_TABLES)
            tables = [table for (table,) in cursor.fetchall()]
            return (
                [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables],
                [f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in tables],
            )
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%only grows%'")
        found = cursor.fetchall()
    return [f"DROP TRIGGER {name}" for name, _sql in found], [sql for _name, sql in found]


def _run(connection: BaseDatabaseWrapper, statements: Sequence[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _create(connection: BaseDatabaseWrapper, table: str, free: Sequence[str]) -> list[str]:
    quote = connection.ops.quote_name
    columns = ", ".join(quote(column) for column in _columns(connection, table) if column not in free)
    lines = (_PG_FUNCTION, *_PG) if connection.vendor == "postgresql" else _SQLITE
    return [line.replace("{table}", table).replace("{of}", columns) for line in lines]


def _columns(connection: BaseDatabaseWrapper, table: str) -> list[str]:
    with connection.cursor() as cursor:
        description: Any = connection.introspection.get_table_description(cursor, table)
    return [column.name for column in description]


_PG_FUNCTION = """
CREATE OR REPLACE FUNCTION handoff_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% only grows: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation'; END $$
"""
_PG = (
    "CREATE TRIGGER {table}_keep BEFORE UPDATE OF {of} OR DELETE ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION handoff_append_only()",
    "CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION handoff_append_only()",
)
_PG_DROP = ("DROP TRIGGER IF EXISTS {table}_keep ON {table}", "DROP TRIGGER IF EXISTS {table}_truncate ON {table}")
_PG_TABLES = """
SELECT DISTINCT t.tgrelid::regclass::text FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
WHERE p.proname = 'handoff_append_only' ORDER BY 1
"""
_PG_FREE = """
SELECT t.tgrelid::regclass::text,
       ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = t.tgrelid AND a.attnum > 0
             AND NOT a.attisdropped AND a.attnum <> ALL (t.tgattr) ORDER BY a.attnum)
FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
WHERE p.proname = 'handoff_append_only' AND t.tgname = t.tgrelid::regclass || '_keep'
"""
_SQLITE = (
    "CREATE TRIGGER {table}_no_update BEFORE UPDATE OF {of} ON {table} "
    "BEGIN SELECT RAISE(ABORT, '{table} only grows: UPDATE refused'); END",
    "CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
    "BEGIN SELECT RAISE(ABORT, '{table} only grows: DELETE refused'); END",
)
_SQLITE_DROP = ("DROP TRIGGER IF EXISTS {table}_no_update", "DROP TRIGGER IF EXISTS {table}_no_delete")
