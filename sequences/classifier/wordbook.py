"""Decides how the words of the classifier are read: TOML files beside the code, patterns compiled once."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sequences.classifier.plain import bare

Patterns = tuple[re.Pattern[str], ...]


@cache
def load(name: str) -> Mapping[str, Any]:
    """The data of one file."""
    return tomllib.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))


def compiled(patterns: Iterable[str], flags: re.RegexFlag = re.MULTILINE) -> Patterns:
    """For text in the form of `plain` and `bare`: no capitals, no accents, no sharp s; its lines are paragraphs."""
    return tuple(re.compile(bare(pattern.replace("ß", "ss")), flags) for pattern in patterns)


def any_of(patterns: Patterns, text: str) -> str:
    """The words of a plain text that the first pattern found in it matches, or nothing."""
    simple = bare(text)
    return next((text[match.start() : match.end()] for pattern in patterns if (match := pattern.search(simple))), "")


def without(patterns: Patterns, text: str) -> str:
    """A plain text in which the words that match are blotted out."""
    for pattern in patterns:
        for match in reversed(list(pattern.finditer(bare(text)))):
            text = text[: match.start()] + "…" * len(match[0]) + text[match.end() :]
    return text
