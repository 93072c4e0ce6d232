"""Decides how a body written in Markdown is read: one pass of CommonMark over the text with its tags as words.

Left out of CommonMark: code blocks, setext headings and link references: what a person would type into a letter by
accident (four blanks, two dashes above a signature). Refused: images and raw HTML, which could fetch or run something
that nobody signed (LAW APR-06).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from .flaws import Flaw, Source, WordingError
from .grammar import Tag
from .tokens import Tokens
from .values import holds_link, is_mail_link, is_web_link

Home = tuple[int, ...]

_DEEPEST = 12
_HOST = re.compile(r"https://[^/?#]*|mailto:[^?]*")


class _Reader(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802 - the library's name
        """Accept every target here: one that is refused silently would arrive as raw brackets."""
        return True


def _steering_rule(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """A line of nothing but `{% … %}` stands between blocks, never inside a paragraph."""
    line = state.src[state.bMarks[start_line] + state.tShift[start_line] : state.eMarks[start_line]]
    if not state.env["steering_line"].fullmatch(line):
        return False
    if not silent:
        token = state.push("steering", "", 0)
        token.content = line.strip()
        token.map = [start_line, start_line + 1]
        state.line = start_line + 1
    return True


def _steering_html(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    return tokens[index].content + "\n"


def _reader() -> MarkdownIt:
    # HTML is read as such so that it can be refused; nothing of it is ever rendered.
    reader = _Reader("commonmark", {"html": True, "maxNesting": 2 * _DEEPEST})
    reader.disable(["code", "fence", "lheading", "reference"])
    reader.block.ruler.before("blockquote", "steering", _steering_rule, {"alt": ["paragraph", "blockquote", "list"]})
    reader.add_render_rule("steering", _steering_html)
    return reader


_READER = _reader()


@dataclass(frozen=True)
class Body:
    """A body read and checked: the blocks of CommonMark, with tags and braces as words."""

    blocks: list[Token]
    tokens: Tokens

    def html(self) -> str:
        """The HTML of the body alone, still with words for tags."""
        return str(_READER.renderer.render(self.blocks, _READER.options, {}))


def read_body(source: Source, tokens: Tokens) -> Body:
    """Read the body. Raises WordingError for images, links that are none, and tags that cross the markup."""
    blocks = _READER.parse(tokens.replace(source.text), {"steering_line": tokens.steering_line})
    inspection = _Inspection(source, tokens)
    for block, home in _with_homes(blocks):
        inspection.look_at(block, home)
    inspection.close()
    return Body(blocks, tokens)


def _with_homes(tokens: Sequence[Token], outer: Home = ()) -> Iterator[tuple[Token, Home]]:
    """Each token with the chain of elements that are open around it, named by their place in the stream."""
    chain = list(outer)
    for place, token in enumerate(tokens):
        if token.nesting < 0:
            chain.pop()
        yield token, tuple(chain)
        if token.nesting > 0:
            chain.append(place)


@dataclass
class _Inspection:
    """One walk over a body: where each tag has landed, and whether every link is one."""

    source: Source
    tokens: Tokens
    homes: dict[int, Home] = field(default_factory=dict)
    line: int = 0

    def look_at(self, block: Token, home: Home) -> None:
        self.line = block.map[0] if block.map else self.line
        if len(home) > _DEEPEST:
            raise self._flaw(Flaw.TOO_DEEP, "too many lists or quotes within each other")
        if block.type == "html_block":
            raise self._html(block.content)
        if block.type == "steering":
            self._settle(block.content, home)
        children = block.children or []
        for place, (child, inner) in enumerate(_with_homes(children, home)):
            self._look_inside(child, children[place + 1 :], inner)

    def close(self) -> None:
        """A tag that Markdown swallowed would be signed by approvers and reach nobody."""
        for tag in self.tokens.tags:
            if tag.start not in self.homes:
                raise self.source.flaw(tag.start, Flaw.TAG_CROSSES_MARKUP, "this tag does not reach the reader")

    def _look_inside(self, child: Token, rest: Sequence[Token], home: Home) -> None:
        if child.type == "image":
            raise self._flaw(Flaw.IMAGE, "pictures are not sent; link to the page that shows it")
        if child.type == "html_inline":
            raise self._html(child.content)
        if child.type == "link_open":
            self._read_link(child, rest)
        self._settle(child.content, home)
        child.content = self.tokens.guard(child.content)

    def _settle(self, text: str, home: Home) -> None:
        """Note where each tag stands; what belongs together must stand in the same element."""
        for tag in self.tokens.found(text):
            self.homes[tag.start] = home
            if tag.controls and self.homes.get(self.tokens.tags[tag.group].start) != home:
                message = f"{tag.word!r} stands in another paragraph or mark than its beginning"
                raise self.source.flaw(tag.start, Flaw.TAG_CROSSES_MARKUP, message)

    def _read_link(self, link: Token, rest: Sequence[Token]) -> None:
        target = str(link.attrs["href"])
        if "title" in link.attrs:
            raise self._flaw(Flaw.HIDDEN_TEXT, "a link title is text that readers do not see")
        if not any(child.content.strip() for child in takewhile(lambda child: child.type != "link_close", rest)):
            raise self._flaw(Flaw.EMPTY_LINK, "a link has a text")
        inside = self.tokens.found(target)
        self.homes.update({tag.start: () for tag in inside})
        whole = self.tokens.whole(target)
        if whole is None or not holds_link(whole.word):
            self._check_target(target, inside)
            link.attrs["href"] = self.tokens.encoded(target)

    def _check_target(self, target: str, inside: Sequence[Tag]) -> None:
        if any(tag.controls for tag in inside):
            raise self._flaw(Flaw.LINK_TARGET, "put the condition around the link, not into its target", inside)
        if not is_mail_link(target) and not (target.startswith("https://") and is_web_link(target)):
            raise self._flaw(Flaw.LINK_TARGET, "a link starts with https:// or mailto:", inside)
        host = _HOST.match(target)
        if host and self.tokens.found(host[0]):
            raise self._flaw(Flaw.VARIABLE_IN_HOST, "where a link leads is written out, not filled in", inside)

    def _html(self, text: str) -> WordingError:
        """At the tag itself: it stands in the source as it was typed."""
        tag, _newline, _rest = self.tokens.restore(text).strip().partition("\n")
        starts = [0, *(end + 1 for end, char in enumerate(self.source.text) if char == "\n")]
        offset = self.source.text.find(tag, starts[self.line])
        message = f"{tag[:40]!r} is HTML, which is not obeyed; write Markdown, or `between backticks` to show it"
        return self.source.flaw(max(offset, starts[self.line]), Flaw.HTML, message)

    def _flaw(self, code: Flaw, message: str, tags: Sequence[Tag] = ()) -> WordingError:
        if tags:
            return self.source.flaw(tags[0].start, code, message)
        return self.source.flaw_in_line(self.line, code, message)
