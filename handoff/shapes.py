"""Decides whether data has the shape it should have, and names every place where it has not. Pure.

A shape is a function of a value and its place that yields a refusal for each fault; shapes are put together to larger
ones. Nothing is mended and nothing is guessed: a number in quotes is no number.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from compliance.refusals import Refusal

Shape = Callable[[Any, str], Iterator[Refusal]]

_SAID = 60
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_MOST_NAMES = 200
_KINDS: Sequence[tuple[type, Any]] = (
    (bool, _("true or false")),
    (str, _("a text")),
    (int, _("a whole number")),
    (float, _("a number")),
    (Mapping, _("a table")),
    (list, _("a list")),
)


def text(longest: int = 500) -> Shape:
    """Words, at most `longest` characters, without control characters but line breaks."""

    def shape(value: Any, where: str) -> Iterator[Refusal]:
        if not isinstance(value, str):
            yield _wrong(where, _("a text"), value)
        elif not value.strip():
            yield Refusal("missing", _("says nothing"), where)
        elif len(value) > longest:
            yield Refusal("too_long", _("longer than %(longest)d characters") % {"longest": longest}, where)
        elif any(not one.isprintable() and one != "\n" for one in value):
            yield Refusal("unreadable", _("has characters that nobody sees"), where)

    return shape


def whole(least: int, most: int) -> Shape:
    """A whole number between two others, both included."""

    def shape(value: Any, where: str) -> Iterator[Refusal]:
        if isinstance(value, bool) or not isinstance(value, int):
            yield _wrong(where, _("a whole number"), value)
        elif not least <= value <= most:
            said = _("must be %(least)d to %(most)d") % {"least": least, "most": most}
            yield Refusal("out_of_range", said, where)

    return shape


def one_of(*known: str) -> Shape:
    """One of a closed list."""

    def shape(value: Any, where: str) -> Iterator[Refusal]:
        if not isinstance(value, str):
            yield _wrong(where, _("a text"), value)
        elif value not in known:
            yield _not_known("not_in_list", _("“%(said)s” is none of %(known)s"), value, known, where)

    return shape


def readable(read: Callable[[str], object]) -> Shape:
    """A text that `read` can read; what it raises as ValueError is told."""

    def shape(value: Any, where: str) -> Iterator[Refusal]:
        faults = list(text()(value, where))
        yield from faults
        if not faults:
            try:
                read(value)
            except ValueError as error:
                yield Refusal("unreadable", str(error), where)

    return shape


def listed(each: Shape, least: int = 1, most: int = 200) -> Shape:
    """A list of values of one shape; places count from 1."""

    def shape(value: Any, where: str) -> Iterator[Refusal]:
        if not isinstance(value, list):
            yield _wrong(where, _("a list"), value)
        elif not least <= len(value) <= most:
            said = _("needs %(least)d to %(most)d entries") % {"least": least, "most": most}
            yield Refusal("out_of_range", said, where)
        else:
            for number, one in enumerate(value, start=1):
                yield from each(one, f"{where}[{number}]")

    return shape


def table(needed: Mapping[str, Shape], besides: Mapping[str, Shape] | None = None) -> Shape:
    """A table with these keys, and perhaps those besides, and no other."""
    known = {**needed, **(besides or {})}

    def shape(value: Any, where: str) -> Iterator[Refusal]:
        if not isinstance(value, Mapping):
            yield _wrong(where, _("a table"), value)
            return
        for key in needed:
            if key not in value:
                yield Refusal("missing", _("missing"), _below(where, key))
        for key, one in value.items():
            if key in known:
                yield from known[key](one, _below(where, key))
            else:
                said = _("unknown key; known are %(known)s")
                yield _not_known("unknown_key", said, "", list(known), _below(where, key))

    return shape


def names(each: Shape) -> Shape:
    """A table with keys of the writer's own, at least one."""

    def shape(value: Any, where: str) -> Iterator[Refusal]:
        if not isinstance(value, Mapping):
            yield _wrong(where, _("a table"), value)
        elif not 0 < len(value) <= _MOST_NAMES:
            said = _("needs %(least)d to %(most)d entries") % {"least": 1, "most": _MOST_NAMES}
            yield Refusal("out_of_range", said, where)
        else:
            for key, one in value.items():
                if not _NAME.fullmatch(key):
                    yield Refusal("unreadable", _("a name has letters, digits and _ only"), _below(where, key))
                yield from each(one, _below(where, key))

    return shape


def name(value: Any, where: str) -> Iterator[Refusal]:
    """A name of the writer's own, as programs know it."""
    if not isinstance(value, str):
        yield _wrong(where, _("a text"), value)
    elif not _NAME.fullmatch(value):
        yield Refusal("unreadable", _("a name has letters, digits and _ only"), where)


def _below(where: str, key: str) -> str:
    said = key if len(key) <= _SAID else key[:_SAID] + "…"
    said = said if said.isprintable() and said.strip() else repr(said)
    return f"{where}.{said}" if where else said


def _wrong(where: str, wanted: Any, value: Any) -> Refusal:
    found = next((said for kind, said in _KINDS if isinstance(value, kind)), type(value).__name__)
    return Refusal("wrong_type", _("needs %(wanted)s, not %(found)s") % {"wanted": wanted, "found": found}, where)


def _not_known(code: str, said: Any, value: str, known: Sequence[str], where: str) -> Refusal:
    short = "".join(one if one.isprintable() else "�" for one in value[:_SAID])
    return Refusal(code, said % {"said": short, "known": ", ".join(known)}, where)
