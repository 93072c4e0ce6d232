"""Decides how Liquid tags travel through Markdown and HTML unharmed: as lower-case words that no text contains."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from .grammar import Tag

_BRACE = "b"
_SHOWN = "v"
_STEERING = "c"
_IN_URL = "u"


@dataclass(frozen=True)
class Tokens:
    """The words standing in for the tags of one text: `stem`, the tag's index, one letter for its role."""

    stem: str
    tags: tuple[Tag, ...]

    @property
    def any(self) -> re.Pattern[str]:
        """Matches every stand-in; group 1 is the index, group 2 the role."""
        return re.compile(rf"{self.stem}(\d+)([{_BRACE}{_SHOWN}{_STEERING}{_IN_URL}])")

    @property
    def steering_line(self) -> re.Pattern[str]:
        """Matches a line of nothing but `{% … %}` tags."""
        return re.compile(rf"(?:\s*{self.stem}\d+{_STEERING})+\s*")

    def replace(self, text: str) -> str:
        """The text with a word in place of each tag."""
        pieces: list[str] = []
        end = 0
        for index, tag in enumerate(self.tags):
            role = _STEERING if tag.controls else _SHOWN
            pieces += [text[end : tag.start], f"{self.stem}{index}{role}"]
            end = tag.end
        return "".join([*pieces, text[end:]])

    def guard(self, text: str) -> str:
        """Literal text in which no brace is left that Liquid could take for its own."""
        return text.replace("{", f"{self.stem}0{_BRACE}")

    def encoded(self, url: str) -> str:
        """A link in which every value will be percent-encoded."""
        return re.sub(rf"({self.stem}\d+){_SHOWN}", rf"\1{_IN_URL}", url)

    def restore(self, text: str) -> str:
        """The text as Liquid source again."""
        return self.any.sub(lambda match: self._source(int(match[1]), match[2]), text)

    def found(self, text: str) -> Sequence[Tag]:
        """The tags that a text holds, in order."""
        return [self.tags[int(match[1])] for match in self.any.finditer(text) if match[2] != _BRACE]

    def whole(self, text: str) -> Tag | None:
        """The one tag that a text consists of, if it does."""
        match = self.any.fullmatch(text)
        return self.tags[int(match[1])] if match and match[2] != _BRACE else None

    def _source(self, index: int, role: str) -> str:
        if role == _BRACE:
            return "{{ '{' }}"
        text = self.tags[index].text
        return f"{text[:-2].rstrip()} | url_part }}}}" if role == _IN_URL else text


def tokens_for(*texts: str, tags: Sequence[Tag]) -> Tokens:
    """Stand-ins that occur in none of the texts; the same texts always get the same ones."""
    stems = (f"q{hashlib.sha256(f'{attempt}{texts}'.encode()).hexdigest()[:10]}n" for attempt in count())
    return Tokens(next(stem for stem in stems if not any(stem in text.lower() for text in texts)), tuple(tags))
