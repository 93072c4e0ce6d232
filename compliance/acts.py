"""What a person may do with a row now, and everything that stands against what they may not (spec L5, W1).

An act is one arrow together with the verb that takes it. Pages, commands and API offer the same acts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from django.db import models
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import is_naive, make_aware
from django.utils.translation import gettext_lazy as _

from compliance.factor import Kind
from compliance.principals import Principal
from compliance.refusals import Refusal, Refused, unless_said
from compliance.transitions import arrows


@dataclass(frozen=True)
class Consent:
    """What the person said when they pressed the button: a comment, the digest of what they were shown, and `more`.

    `more` holds what they wrote into the fields of the act, by name; `token` proves what they were shown.
    """

    comment: str = ""
    digest: str = ""
    more: Mapping[str, str] = field(default_factory=dict)
    token: str = ""

    def said(self, name: str) -> str:
        """What was written into a field of the act; empty when nothing was."""
        return self.more.get(name, "").strip()

    def date(self, name: str) -> date | None:
        """What was said, as a day; None when it is none."""
        try:
            return parse_date(self.said(name))
        except ValueError:
            return None

    def moment(self, name: str) -> datetime | None:
        """What was said, as a moment, in the zone of the page unless it names one; None when it is none."""
        try:
            found = parse_datetime(self.said(name))
        except ValueError:
            return None
        return make_aware(found) if found and is_naive(found) else found


Check = Callable[[Any, Principal], list[Refusal]]
Due = Callable[[Any, datetime], list[Refusal]]
Do = Callable[..., models.Model]


def _nothing(row: Any, by: Principal) -> list[Refusal]:
    return []


def _at_any_time(row: Any, at: datetime) -> list[Refusal]:
    return []


class Asked(StrEnum):
    """How a field of an act is filled in."""

    WORDS = "words"
    CHOICE = "choice"
    DATE = "date"
    MOMENT = "moment"


Choices = Callable[[], Sequence[tuple[str, Any]]]


def _no_choices() -> Sequence[tuple[str, Any]]:
    return ()


@dataclass(frozen=True)
class Field:
    """One more thing that an act asks for: words of one's own, one of `choices`, a day or a moment."""

    name: str
    label: Any
    help: Any = ""
    longest: int = 4000
    asked: Asked = Asked.WORDS
    choices: Choices = _no_choices
    required: bool = True


@dataclass(frozen=True)
class Act:
    """One arrow as it is offered. `check` returns every further reason against it, `due` those of the moment; `do`
    takes it.

    `do(row, by=…, at=…, consent=…)` returns the row as it is afterwards. `kind` says whether a person has to use
    their second factor first, `shows` that they are shown something first and prove it with a token.
    """

    arrow: str
    do: Do
    check: Check = _nothing
    due: Due = _at_any_time
    comment_required: bool = False
    danger: bool = False
    fields: tuple[Field, ...] = ()
    kind: Kind | None = None
    shows: bool = False


@dataclass(frozen=True)
class Offer:
    """An act for one row and one person: open, or closed with every reason."""

    act: Act
    label: str
    refusals: tuple[Refusal, ...]

    @property
    def open(self) -> bool:
        return not self.refusals


def offers(row: models.Model, acts: Sequence[Act], by: Principal, at: datetime | None = None) -> list[Offer]:
    """Every act on this row, in order of declaration; without a moment, reasons of the moment are left out."""
    declared = arrows(type(row))
    return [Offer(act, declared[act.arrow].label, tuple(_refusals(row, act, by, at))) for act in acts]


def perform(row: models.Model, act: Act, *, by: Principal, at: datetime, consent: Consent) -> models.Model:
    """Take the act. Raises Refused with every reason when it is not open."""
    refusals = [*_refusals(row, act, by, at), *_unsaid(act, consent)]
    if refusals:
        raise Refused(refusals)
    return act.do(row, by=by, at=at, consent=consent)


def _unsaid(act: Act, consent: Consent) -> list[Refusal]:
    found = unless_said(consent.comment) if act.comment_required else []
    for asked in act.fields:
        found += _against(asked, consent)
    return found


def _against(asked: Field, consent: Consent) -> list[Refusal]:
    said, where = consent.said(asked.name), str(asked.label)
    if not said:
        return [Refusal("field_missing", _("Please fill this in."), where)] if asked.required else []
    if len(said) > asked.longest:
        too_long = _("Please be shorter: %(count)d characters at the most.") % {"count": asked.longest}
        return [Refusal("field_too_long", too_long, where)]
    if asked.asked is Asked.CHOICE and said not in dict(asked.choices()):
        return [Refusal("unknown_choice", _("This is none of the choices."), where)]
    if asked.asked is Asked.DATE and consent.date(asked.name) is None:
        return [Refusal("no_date", _("This is no date; write it like 2026-12-24."), where)]
    if asked.asked is Asked.MOMENT and consent.moment(asked.name) is None:
        return [Refusal("no_moment", _("This is no moment; write it like 2026-12-24 10:30."), where)]
    return []


def _refusals(row: models.Model, act: Act, by: Principal, at: datetime | None) -> list[Refusal]:
    arrow = arrows(type(row))[act.arrow]
    state = getattr(row, arrow.field)
    found = []
    if state not in arrow.sources:
        shown = row._meta.get_field(arrow.field)
        label = dict(shown.flatchoices).get(state, state) if isinstance(shown, models.Field) else state
        found.append(Refusal("wrong_state", _("Not from the state “%(state)s”.") % {"state": label}))
    if not arrow.open_to(by):
        found.append(Refusal("not_permitted", _("Your roles do not include this.")))
    if found and found[0].code == "wrong_state":
        return found
    return [*found, *act.check(row, by), *(act.due(row, at) if at else [])]
