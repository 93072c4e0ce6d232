"""Decides how the plain text part reads: the same blocks as the HTML, links as `text (address)`, lines up to 78.

The text is written from the blocks once per wording; only the breaking of lines waits until the values are in.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from markdown_it.token import Token

from .body import Body
from .tokens import Tokens

_WIDTH = 78
_LEAD = re.compile(r"((?:> ?)*)( *(?:- |\d{1,3}\. )?)")
_RULE = "-" * 20
_ARRANGEMENT = re.compile(rf"^(?: |>|- |\d+\. )*(?:{_RULE})?", re.MULTILINE)
_SPARE_LINES = re.compile(r"\n(?:(?:> ?)*\n){2,}")


def plain(body: Body) -> str:
    """The text part as Liquid source, one line per paragraph."""
    writer = _Writer(body.tokens)
    for block in body.blocks:
        writer.take(block)
    return "".join(writer.written)


def spoken(text: str) -> str:
    """The text part without what only arranges it: leads of lists and quotes, rules."""
    return _ARRANGEMENT.sub("", text)


def wrap(text: str) -> str:
    """Break lines at 78 characters where there is a blank, keeping list and quote indents; never inside an address."""
    lines = [line for long in text.split("\n") for line in _wrapped(long)]
    return _SPARE_LINES.sub("\n\n", "\n".join(lines)).strip("\n") + "\n"


def _wrapped(line: str) -> list[str]:
    if len(line) <= _WIDTH and "  " not in line:
        return [line.rstrip(" ")]
    match = _LEAD.match(line)
    quote, lead = (match[1], match[2]) if match else ("", "")
    rest = " ".join(word for word in line[len(quote) + len(lead) :].split(" ") if word)
    start, room, lines = quote + lead, _WIDTH - len(quote + lead), []
    while (cut := _cut(rest, room)) > 0:
        lines.append(start + rest[:cut])
        rest = rest[cut + 1 :]
        start = quote + " " * len(lead)
    return [*lines, (start + rest).rstrip(" ")]


def _cut(text: str, room: int) -> int:
    """Where to break: the last blank that fits, else the first one there is, else -1."""
    if len(text) <= room:
        return -1
    fitting = text.rfind(" ", 0, room + 1)
    return fitting if fitting > 0 else text.find(" ", room)


@dataclass
class _Writer:
    tokens: Tokens
    written: list[str] = field(default_factory=list)
    leads: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    fresh: str = ""

    def take(self, block: Token) -> None:
        """Write one block; the leads of lists and quotes are kept while they are open."""
        if block.type == "steering":
            self.written.append(self.tokens.restore(block.content))
        elif block.type == "inline":
            self._say(_inline(block.children or [], self.tokens))
        elif block.type == "hr":
            self._say(_RULE)
            self._pause()
        elif block.nesting > 0:
            self._enter(block)
        elif block.nesting < 0:
            self._leave(block)

    def _enter(self, block: Token) -> None:
        if block.type in {"bullet_list_open", "ordered_list_open"}:
            self.numbers.append(int(block.attrs.get("start", 1)) if block.type == "ordered_list_open" else -1)
        elif block.type == "list_item_open":
            mark = f"{self.numbers[-1]}. " if self.numbers[-1] >= 0 else "- "
            self.numbers[-1] += self.numbers[-1] >= 0
            self.fresh = self._lead() + mark
            self.leads.append(" " * len(mark))
        elif block.type == "blockquote_open":
            self.fresh = self._lead() + "> "
            self.leads.append("> ")

    def _leave(self, block: Token) -> None:
        if block.type in {"bullet_list_close", "ordered_list_close"}:
            self.numbers.pop()
            if not self.numbers:
                self._pause()
        elif block.type in {"list_item_close", "blockquote_close"}:
            self.leads.pop()
            self.fresh = ""
            if block.type == "blockquote_close":
                self._pause()
        elif block.type in {"paragraph_close", "heading_close"} and not block.hidden:
            self._pause()

    def _say(self, text: str) -> None:
        for line in text.split("\n"):
            self.written += [self._lead(), line, "\n"]
            self.fresh = ""

    def _lead(self) -> str:
        return self.fresh or "".join(self.leads)

    def _pause(self) -> None:
        self.written += ["".join(self.leads).rstrip(), "\n"]


def _inline(children: Sequence[Token], tokens: Tokens) -> str:
    pieces: list[str] = []
    target, begun = "", 0
    for child in children:
        if child.type == "link_open":
            target, begun = _shown(tokens.restore(str(child.attrs["href"]))), len(pieces)
        elif child.type == "link_close":
            pieces += [f" ({target})"] if "".join(pieces[begun:]) != target else []
        else:
            pieces.append(_BREAKS.get(child.type) or tokens.restore(child.content))
    return "".join(pieces)


def _shown(target: str) -> str:
    return target if "?" in target else target.removeprefix("mailto:")


_BREAKS = {"softbreak": " ", "hardbreak": "\n"}
