"""Writes new rows by a statement whose text is made once for each table.

Composing an INSERT takes the ORM several times as long as PostgreSQL takes to obey it, and the ledger is written with
every opt-out, clearance and change of state.
"""

from collections.abc import Sequence
from functools import lru_cache

from django.db import connection
from django.db.models import Field, Model

_FEW = 20


def insert(rows: Sequence[Model]) -> None:
    """Insert new rows of one model by one statement; they have their keys afterwards. Raises django.db.Error."""
    if not rows:
        return
    model = type(rows[0])
    if len(rows) > _FEW:
        # Composing it costs little for each of many, and SQLite takes only so many values at once.
        model._default_manager.bulk_create(rows)
        return
    text, fields = _statement(model, len(rows), connection.vendor)
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for row in rows for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        for row, (key,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = key
            row._state.adding, row._state.db = False, connection.alias


@lru_cache(maxsize=64)
def _statement(model: type[Model], count: int, _vendor: str) -> tuple[str, list["Field[object, object]"]]:
    quote, meta = connection.ops.quote_name, model._meta
    fields = [field for field in meta.concrete_fields if not field.primary_key]
    columns = ", ".join(quote(str(field.column)) for field in fields)
    row = f"({', '.join(['%s'] * len(fields))})"
    rows = ", ".join([row] * count)
    # The names are those of our own models; what others wrote is among the values.
    text = f"INSERT INTO {quote(meta.db_table)} ({columns}) VALUES {rows} RETURNING {quote(str(meta.pk.column))}"  # noqa: S608
    return text, fields
