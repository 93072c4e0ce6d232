"""What a person may do with a row now, and everything that stands against what they may not (spec L5, W1).

An act is one arrow together with the verb that takes it. Pages, commands and API offer the same acts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from compliance.principals import Principal
from compliance.refusals import Refusal, Refused
from compliance.transitions import arrows


@dataclass(frozen=True)
class Consent:
    """What the person said when they pressed the button: a comment, and the digest of what they were shown."""

    comment: str = ""
    digest: str = ""


Check = Callable[[Any, Principal], list[Refusal]]
Do = Callable[..., models.Model]


def _nothing(row: Any, by: Principal) -> list[Refusal]:
    return []


@dataclass(frozen=True)
class Act:
    """One arrow as it is offered. `check` returns every further reason against it; `do` takes it.

    `do(row, by=…, at=…, consent=…)` returns the row as it is afterwards.
    """

    arrow: str
    do: Do
    check: Check = _nothing
    comment_required: bool = False
    danger: bool = False


@dataclass(frozen=True)
class Offer:
    """An act for one row and one person: open, or closed with every reason."""

    act: Act
    label: str
    refusals: tuple[Refusal, ...]

    @property
    def open(self) -> bool:
        return not self.refusals


def offers(row: models.Model, acts: Sequence[Act], by: Principal) -> list[Offer]:
    """Every act on this row, in order of declaration."""
    declared = arrows(type(row))
    return [Offer(act, declared[act.arrow].label, tuple(_refusals(row, act, by))) for act in acts]


def perform(row: models.Model, act: Act, *, by: Principal, at: datetime, consent: Consent) -> models.Model:
    """Take the act. Raises Refused with every reason when it is not open."""
    refusals = _refusals(row, act, by)
    if act.comment_required and not consent.comment.strip():
        refusals.append(Refusal("comment_missing", _("Please say why; the comment is kept in the log.")))
    if refusals:
        raise Refused(refusals)
    return act.do(row, by=by, at=at, consent=consent)


def _refusals(row: models.Model, act: Act, by: Principal) -> list[Refusal]:
    arrow = arrows(type(row))[act.arrow]
    state = getattr(row, arrow.field)
    found = []
    if state not in arrow.sources:
        shown = row._meta.get_field(arrow.field)
        label = dict(shown.flatchoices).get(state, state) if isinstance(shown, models.Field) else state
        found.append(Refusal("wrong_state", _("Not from the state “%(state)s”.") % {"state": label}))
    if not arrow.open_to(by):
        found.append(Refusal("not_permitted", _("Your roles do not include this.")))
    return found if found and found[0].code == "wrong_state" else [*found, *act.check(row, by)]
