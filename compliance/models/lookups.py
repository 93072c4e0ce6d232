"""`column__among=values`: one of many values, handed over as one parameter instead of one each.

A batch names a thousand people. Django would compile and quote a thousand parameters for each question about them,
which takes longer than the answer.
"""

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, ForeignObject, Lookup
from django.db.models.sql.compiler import SQLCompiler

if TYPE_CHECKING:
    _Lookup = Lookup[Any]
else:
    _Lookup = Lookup
_KINDS = {"UUIDField": "uuid", "CharField": "text", "TextField": "text"}
_NUMBER = "bigint"


@ForeignObject.register_lookup
@Field.register_lookup
class Among(_Lookup):
    """As `in`, for any number of values of one column: text, whole numbers, UUIDs."""

    lookup_name = "among"
    prepare_rhs = False

    def __init__(self, lhs: Any, rhs: Iterable[Any]) -> None:
        super().__init__(lhs, list(rhs))

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        field = getattr(self.lhs.output_field, "target_field", self.lhs.output_field)
        kind = _KINDS.get(field.get_internal_type(), _NUMBER)
        # Text and numbers are what they are; a UUID is 32 digits to both databases.
        values = [value.hex for value in self.rhs] if kind == "uuid" else self.rhs
        return f"{column} {among(connection, kind)}", (*parameters, as_parameter(connection, values))


def among(connection: BaseDatabaseWrapper, kind: str = _NUMBER) -> str:
    """The condition after a column, with one placeholder, for statements written by hand."""
    return f"= ANY(%s::{kind}[])" if connection.vendor == "postgresql" else "IN (SELECT value FROM json_each(%s))"


def as_parameter(connection: BaseDatabaseWrapper, values: Sequence[Any]) -> str:
    """What belongs to that placeholder."""
    if connection.vendor != "postgresql":
        return json.dumps(values)
    # Written here and not by the driver, which takes ten times as long to quote a list.
    if not values or not isinstance(values[0], str):
        return "{" + ",".join(map(str, values)) + "}"
    joined = '","'.join(values)
    # Nearly always digests and keys, in which there is nothing to escape.
    if "\\" in joined or joined.count('"') != 2 * (len(values) - 1):
        joined = '","'.join(_escaped(text) for text in values)
    return f'{{"{joined}"}}'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
