"""The example playbook, and the same with one thing changed, for tests."""

import copy
from typing import Any

from handoff import installing

_GONE = object()


def document() -> dict[str, Any]:
    """The example's own document, to be changed at will."""
    return copy.deepcopy(dict(installing.read_playbook(installing.EXAMPLE).document))


def changed(place: str, value: Any = _GONE) -> dict[str, Any]:
    """The example with another value at `a.b.c`, or without that key."""
    whole = document()
    *way, last = place.split(".")
    row = whole
    for key in way:
        row = row.setdefault(key, {})
    if value is _GONE:
        del row[last]
    else:
        row[last] = value
    return whole
