"""Decides what a wording may say in Liquid: which tags, which filters, how many, how deep.

Only `if`, `elsif`, `else` and `unless` remain of the tags. Every value is one line of text, so there is nothing to
loop over; `assign` and `capture` would make names that the list of known variables cannot vouch for.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from liquid import BoundTemplate, Environment, RenderContext, Token
from liquid.builtin.content import Literal
from liquid.builtin.illegal import Illegal
from liquid.builtin.output import Output
from liquid.builtin.tags.if_tag import IfTag
from liquid.builtin.tags.unless_tag import UnlessTag
from liquid.mode import Mode
from liquid.undefined import UNDEFINED, StrictDefaultUndefined, is_undefined

from .flaws import Flaw, Source
from .values import UNSAFE_CHARACTERS

LONGEST = {"subject": 500, "preview": 500, "body": 20_000}
MOST_TAGS = 200
DEEPEST = 5

_TAG = re.compile(r"\{\{[^\n]*?\}\}|\{%[^\n]*?%\}")
_WORD = re.compile(r"\{[{%]\s*([\w.-]*)")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_OPENERS = {"if", "unless"}
_BRANCHES = {"elsif", "else"}
_CLOSERS = {"endif": "if", "endunless": "unless"}


@dataclass(frozen=True)
class Tag:
    """One `{{ … }}` or `{% … %}`. `word` is the variable or the tag's name; `group` numbers what belongs together."""

    start: int
    end: int
    text: str
    word: str
    group: int = -1

    @property
    def controls(self) -> bool:
        """Whether it steers (`{% … %}`) instead of saying something."""
        return self.text.startswith("{%")


class Absent(StrictDefaultUndefined):
    """A value nobody gave: may be tested and defaulted, never shown."""

    __slots__ = ()
    allowed_properties = StrictDefaultUndefined.allowed_properties | {"__class__", "__liquid__"}

    def __liquid__(self) -> object:
        return None


class _FlatContext(RenderContext):
    """Looks a whole path up in one flat map of strings: nothing has attributes, items or a clock (LAW MSG-07)."""

    __slots__ = ()

    def get(self, path: list[object], *, token: Token | None, default: object = UNDEFINED) -> object:
        """The value of a path such as `["contact", "first_name"]`, or Absent."""
        name = ".".join(map(str, path))
        value = self.globals.get(name)
        return self.env.undefined(name, token=token) if value is None else value


class _FlatTemplate(BoundTemplate):
    context_class = _FlatContext


class _StrictIf(IfTag):
    mode = Mode.STRICT


class _StrictUnless(UnlessTag):
    mode = Mode.STRICT


class Dialect(Environment):
    """Liquid with four tags and seven filters. `url_part` is for compiled links and no name an author may use."""

    block_nesting_limit = DEEPEST + 1
    context_depth_limit = 4
    loop_iteration_limit = 1
    local_namespace_limit = 1
    suppress_blank_control_flow_blocks = False
    template_class = _FlatTemplate

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        for tag in (Literal, Output, Illegal, _StrictIf, _StrictUnless):
            self.add_tag(tag)
        for name, function in _FILTERS.items():
            self.add_filter(name, function)


def read_tags(source: Source) -> tuple[Tag, ...]:
    """Every tag of a part, in order, with its group; refuses what no parser should have to see."""
    _refuse_bulk(source)
    tags: list[Tag] = []
    for match in _TAG.finditer(source.text):
        if len(tags) == MOST_TAGS:
            raise source.flaw(match.start(), Flaw.TOO_MANY_TAGS, f"more than {MOST_TAGS} tags")
        tags.append(_read_tag(source, match))
    _refuse_stray_openers(source, tags)
    return _grouped(source, tags)


def _refuse_bulk(source: Source) -> None:
    longest = LONGEST[source.part]
    if len(source.text) > longest:
        raise source.flaw(longest, Flaw.TOO_LONG, f"more than {longest} characters")
    inner = source.text.translate({9: " ", 10: " "}) if source.part == "body" else source.text
    if match := UNSAFE_CHARACTERS.search(inner):
        raise source.flaw(match.start(), Flaw.CONTROL_CHARACTER, f"U+{ord(match[0]):04X} is not allowed")


def _read_tag(source: Source, match: re.Match[str]) -> Tag:
    text = match[0]
    word = _WORD.match(text)
    tag = Tag(match.start(), match.end(), text, word[1] if word else "")
    if text[2] == "-" or text[-3] == "-":
        raise source.flaw(tag.start, Flaw.WHITESPACE_CONTROL, "trim marks (-) are not allowed")
    if tag.controls and tag.word not in _OPENERS | _BRANCHES | set(_CLOSERS):
        raise source.flaw(tag.start, Flaw.UNKNOWN_TAG, f"unknown tag {tag.word!r}")
    if "[" in _QUOTED.sub("", text):
        raise source.flaw(tag.start, Flaw.BAD_EXPRESSION, "write names with a dot, without brackets")
    if tag.controls and tag.word in {"else", *_CLOSERS} and text[2:-2].strip() != tag.word:
        raise source.flaw(tag.start, Flaw.BAD_EXPRESSION, f"{tag.word!r} stands alone")
    return tag


def _refuse_stray_openers(source: Source, tags: list[Tag]) -> None:
    edges = [0, *(edge for tag in tags for edge in (tag.start, tag.end)), len(source.text)]
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        found = [place for opener in ("{{", "{%") if (place := source.text.find(opener, start, end)) >= 0]
        if found:
            raise source.flaw(min(found), Flaw.UNCLOSED_TAG, "a tag opens here and does not close on its line")


def _grouped(source: Source, tags: list[Tag]) -> tuple[Tag, ...]:
    """Give `if`, its branches and its end one number; refuse what does not pair."""
    grouped: list[Tag] = []
    still_open: list[int] = []
    for index, tag in enumerate(tags):
        group = -1
        if tag.controls:
            group = _group_of(source, tags, still_open, index)
        grouped.append(Tag(tag.start, tag.end, tag.text, tag.word, group))
    if still_open:
        opener = tags[still_open[-1]]
        raise source.flaw(opener.start, Flaw.UNCLOSED_TAG, f"{opener.word!r} is never closed")
    return tuple(grouped)


def _group_of(source: Source, tags: list[Tag], still_open: list[int], index: int) -> int:
    tag = tags[index]
    if tag.word in _OPENERS:
        if len(still_open) == DEEPEST:
            raise source.flaw(tag.start, Flaw.TOO_DEEP, f"more than {DEEPEST} tags within each other")
        still_open.append(index)
        return index
    if not still_open or _CLOSERS.get(tag.word, tags[still_open[-1]].word) != tags[still_open[-1]].word:
        raise source.flaw(tag.start, Flaw.MISPLACED_TAG, f"{tag.word!r} belongs to nothing here")
    return still_open.pop() if tag.word in _CLOSERS else still_open[-1]


def _plain(value: object) -> str:
    # Liquid marks string literals as safe HTML under autoescape; an author's text is escaped like any other.
    return str.__str__(value) if isinstance(value, str) else str(value)


def _on_text(function: Callable[..., str]) -> Callable[..., object]:
    """A filter over plain text that lets an absent value pass, so that a later `default` still sees it."""

    def apply(value: object, *arguments: Any) -> object:
        return value if is_undefined(value) else function(_plain(value), *arguments)

    return apply


def _default(value: object, fallback: object) -> object:
    kept = fallback if is_undefined(value) else value
    return kept if is_undefined(kept) else _plain(kept)


def _truncate(text: str, length: int, end: str = "...") -> str:
    return text if len(text) <= length else text[: length - len(end)] + _plain(end)


_FILTERS: dict[str, Callable[..., object]] = {
    "default": _default,
    "upcase": _on_text(str.upper),
    "downcase": _on_text(str.lower),
    "capitalize": _on_text(str.capitalize),
    "strip": _on_text(str.strip),
    "truncate": _on_text(_truncate),
    # Each part escapes by its own context already; escaping again would show `&amp;` to the reader (LAW MSG-08).
    "escape": _on_text(str),
    "url_part": _on_text(lambda text: quote(text, safe="")),
}

FOR_TEXT = Dialect(undefined=Absent)
FOR_HTML = Dialect(undefined=Absent, autoescape=True)
