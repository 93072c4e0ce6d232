"""The lever: the only way to change a state. One compare-and-set update, one audit insert, the rows that moved.

Arrows are declared on the models with django-fsm's `@transition`; their `custom` may say `system=True` (the
installation itself may take it) and `audited=False` (a lease: its outcome is recorded, not each step).
Losing a race is a normal return: the row is simply not among those that moved.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django_fsm import FSMField

from compliance import audit
from compliance.principals import Principal, System, actor

Row = TypeVar("Row", bound=models.Model)


class NotPermitted(PermissionDenied):
    """The principal may not take this arrow from any state."""


class ForkedArrow(TypeError):
    """A method declares ways that differ in target or permission; each needs a name of its own."""


@dataclass(frozen=True)
class Arrow:
    """One declared arrow: from which states, to which, who may take it."""

    name: str
    field: str
    sources: frozenset[str]
    target: str
    permission: str
    system: bool
    audited: bool
    label: str

    def open_to(self, by: Principal) -> bool:
        """Whether this principal may take the arrow at all."""
        if isinstance(by, System):
            return self.system
        return by.is_active and bool(self.permission) and by.has_perm(self.permission)


def arrows(model: type[models.Model]) -> dict[str, Arrow]:
    """Every arrow of a model's one state field, by name, in order of declaration."""
    field = _state_field(model)
    found = {}
    for name, method in _methods(model):
        found[name] = _arrow(name, field, method)
    return found


def move(
    rows: Row | Sequence[Row],
    arrow: str,
    *,
    by: Principal,
    at: datetime,
    reason: str = "",
    set: Mapping[str, Any] | None = None,  # noqa: A002
    where: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
) -> list[Row]:
    """Take `arrow` for one row or a batch of one model; return fresh copies of the rows that moved.

    `set` gives columns that change with the state, `where` further conditions of the compare-and-set (a fencing
    token), `data` what the audit entry says besides. Raises NotPermitted when the principal may not take the arrow.
    Instances handed in are stale afterwards: go on with what is returned.
    """
    batch = [rows] if isinstance(rows, models.Model) else list(rows)
    if not batch:
        return []
    model = type(batch[0])
    chosen = arrows(model)[arrow]
    if not chosen.open_to(by):
        raise NotPermitted(f"{actor(by)} may not {arrow} a {model._meta.label_lower}")
    keys = [row.pk for row in batch]
    with transaction.atomic():
        was = _states(model, keys, chosen) if chosen.audited else {}
        moved = _compare_and_set(model, keys, chosen, set or {}, where or {})
        if chosen.audited:
            audit.record_all(_notes(moved, chosen, was, reason, data or {}), by=by, at=at)
    return moved


def _states(model: type[models.Model], keys: Sequence[Any], arrow: Arrow) -> dict[Any, str]:
    """What the log says each row moved from; the instances handed in may be older than the rows."""
    if len(arrow.sources) == 1:
        return dict.fromkeys(keys, next(iter(arrow.sources)))
    rows = model._default_manager.filter(pk__in=keys).order_by("pk").select_for_update(no_key=True)
    return dict(rows.values_list("pk", arrow.field))


def _compare_and_set(
    model: type[Row], keys: Sequence[Any], arrow: Arrow, columns: Mapping[str, Any], where: Mapping[str, Any]
) -> list[Row]:
    token = secrets.token_hex(8)
    table = model._default_manager
    source = table.filter(pk__in=keys, **{f"{arrow.field}__in": arrow.sources}, **where)
    source.update(**{arrow.field: arrow.target, "move_token": token}, **columns)
    return list(table.filter(pk__in=keys, move_token=token).order_by("pk"))


def _notes(
    moved: Sequence[models.Model],
    arrow: Arrow,
    was: Mapping[Any, str],
    reason: str,
    data: Mapping[str, Any],
) -> list[audit.Note]:
    return [
        audit.Note(
            verb=f"{row._meta.label_lower}.{arrow.name}",
            subject=audit.reference(row),
            data={"from": was[row.pk], "to": arrow.target, **data},
            reason=reason,
        )
        for row in moved
    ]


def _state_field(model: type[models.Model]) -> str:
    (field,) = [field for field in model._meta.get_fields() if isinstance(field, FSMField)]
    return str(field.name)


def _methods(model: type[models.Model]) -> list[tuple[str, Any]]:
    return [(name, method) for name, method in vars(model).items() if hasattr(method, "_django_fsm")]


def _arrow(name: str, field: str, method: Any) -> Arrow:
    ways = method._django_fsm.transitions
    first, *others = ways.values()
    if any((way.target, way.permission) != (first.target, first.permission) for way in others):
        raise ForkedArrow(name)
    return Arrow(
        name=name,
        field=field,
        sources=frozenset(str(source) for source in ways),
        target=str(first.target),
        permission=first.permission or "",
        system=bool(first.custom.get("system")),
        audited=bool(first.custom.get("audited", True)),
        label=str(first.custom.get("label", name)),
    )
