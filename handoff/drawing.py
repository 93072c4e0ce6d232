"""Draws a state machine from its own arrows: a Mermaid diagram, and a table of who may take each (spec L1, GV5).

In English: these are pages of the documentation.
"""

from collections.abc import Callable, Iterator, Sequence

from django.db import models
from django.utils import translation

from compliance.transitions import Arrow, arrows
from handoff.roles import LABELS, ROLES

_SYSTEM = "system"

Also = Callable[[str, str], str]


def _nothing(arrow: str, state: str) -> str:
    return ""


def diagram(model: type[models.Model], also: Also = _nothing) -> str:
    """A `stateDiagram-v2` (Mermaid): every arrow from every one of its states, with who may take it.

    `also` says which permission an arrow needs from a state besides its own.
    """
    with translation.override("en"):
        return "\n".join(["stateDiagram-v2", f"    [*] --> {_first(model)}", *_lines(model, also)])


def table(model: type[models.Model]) -> str:
    """A Markdown table with a row for each arrow: from, to, who, and what it says of itself."""
    rows = ["| arrow | from | to | who | says |", "| --- | --- | --- | --- | --- |"]
    with translation.override("en"):
        for name, arrow in arrows(model).items():
            sources = ", ".join(state for state in _states(model) if state in arrow.sources)
            said = " ".join((getattr(model, name).__doc__ or "").split())
            rows.append(f"| {name} | {sources} | {arrow.target} | {', '.join(who(arrow))} | {said} |")
    return "\n".join(rows)


def who(arrow: Arrow, also: str = "") -> list[str]:
    """The roles that may take an arrow, in the order of the house, and the system."""
    needed = {arrow.permission, *filter(None, [also])}
    roles = [str(LABELS[role]) for role, granted in ROLES.items() if needed <= granted]
    return [*roles, *([_SYSTEM] if arrow.system else [])]


def _lines(model: type[models.Model], also: Also) -> Iterator[str]:
    for state in _states(model):
        for name, arrow in arrows(model).items():
            if state in arrow.sources:
                they = ", ".join(who(arrow, also(name, state)))
                yield f"    {state} --> {arrow.target}: {name.replace('_', ' ')} ({they})"


def _states(model: type[models.Model]) -> Sequence[str]:
    field = model._meta.get_field(next(iter(arrows(model).values())).field)
    return [str(key) for key, _label in field.choices or ()] if isinstance(field, models.Field) else []


def _first(model: type[models.Model]) -> str:
    field = model._meta.get_field(next(iter(arrows(model).values())).field)
    return str(field.default) if isinstance(field, models.Field) else ""
