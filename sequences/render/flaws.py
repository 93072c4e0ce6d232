"""Decides how a flaw in a wording is named, and where it points: the part, the line and the column of its source."""

from dataclasses import dataclass
from enum import StrEnum


class Flaw(StrEnum):
    """Why a wording cannot be compiled. Codes for people and programs; the edge turns them into sentences."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    TOO_MANY_TAGS = "too_many_tags"
    TOO_DEEP = "too_deep"
    CONTROL_CHARACTER = "control_character"
    WHITESPACE_CONTROL = "whitespace_control"
    UNCLOSED_TAG = "unclosed_tag"
    MISPLACED_TAG = "misplaced_tag"
    UNKNOWN_TAG = "unknown_tag"
    UNKNOWN_FILTER = "unknown_filter"
    UNKNOWN_VARIABLE = "unknown_variable"
    BAD_EXPRESSION = "bad_expression"
    BAD_ARGUMENT = "bad_argument"
    BLANK_DEFAULT = "blank_default"
    FILTERED_URL = "filtered_url"
    MAY_BE_BLANK = "may_be_blank"
    TAG_CROSSES_MARKUP = "tag_crosses_markup"
    HTML = "html"
    IMAGE = "image"
    HIDDEN_TEXT = "hidden_text"
    EMPTY_LINK = "empty_link"
    LINK_TARGET = "link_target"
    VARIABLE_IN_HOST = "variable_in_host"


class WordingError(ValueError):
    """A wording refused at compile time. `line` and `column` count from 1 in the source of `part`."""

    def __init__(self, part: str, line: int, column: int, code: str, message: str) -> None:
        super().__init__(f"{part}:{line}:{column}: {code}: {message}")
        self.part = part
        self.line = line
        self.column = column
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Source:
    """One part as its author wrote it, with line ends as `\\n`. `part` is `subject`, `preview` or `body`."""

    part: str
    text: str

    def flaw(self, offset: int, code: Flaw, message: str) -> WordingError:
        """The error at a character offset of this part."""
        line = self.text.count("\n", 0, offset) + 1
        return WordingError(self.part, line, offset - self.text.rfind("\n", 0, offset), code, message)

    def flaw_in_line(self, index: int, code: Flaw, message: str) -> WordingError:
        """The error somewhere in a line, counted from 0, of which no column is known: it points at the first text."""
        line = self.text.split("\n")[index]
        return WordingError(self.part, index + 1, len(line) - len(line.lstrip()) + 1, code, message)
