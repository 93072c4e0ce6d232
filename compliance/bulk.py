"""Writes many rows of one table at once, without an object for each: what the door decides, a batch at a time."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.models import DateTimeField, Field, JSONField, Model


def insert(table: type[Model], columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Values in the order of `columns` (fields of the table); JSON as text. All rows or none. Raises IntegrityError."""
    known = {field.name: field for field in table._meta.concrete_fields}
    fields = [known[name] for name in columns]
    names = ", ".join(f'"{field.column}"' for field in fields)
    into = f'"{table._meta.db_table}" ({names})'
    if connection.vendor == "postgresql":
        _copy(into, fields, rows)
        return
    values = [[_stored(field, value) for field, value in zip(fields, row, strict=True)] for row in rows]
    places = ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {into} VALUES ({places})", values)  # noqa: S608 - names of our own tables


def _copy(into: str, fields: "Sequence[Field[Any, Any]]", rows: Iterable[Sequence[object]]) -> None:
    moments = [place for place, field in enumerate(fields) if isinstance(field, DateTimeField)]
    written: dict[object, str | None] = {None: None}
    # What the driver raises while copying becomes one of Django's errors.
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY {into} FROM STDIN") as copy,
    ):
        for row in rows:
            values = list(row)
            # A batch has few moments, and the driver would write each anew.
            for place in moments:
                moment = values[place]
                if moment not in written:
                    written[moment] = str(moment)
                values[place] = written[moment]
            copy.write_row(values)


def _stored(field: "Field[Any, Any]", value: object) -> Any:
    return value if isinstance(field, JSONField) else field.get_db_prep_save(value, connection)
