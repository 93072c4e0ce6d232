"""Decides which languages are known, and in which of them a text is written. Their words are data (words/*.toml)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sequences.classifier.wordbook import Patterns, compiled, load

_WORDS = Path(__file__).with_name("words")
_WORD = re.compile(r"[^\W\d_]{1,30}(?:'[^\W\d_]{1,10})?")
_LOOKED_AT = 4000
_ENGLISH = "en"
_FEWER = 3
_TELLING = 3


@dataclass(frozen=True)
class Language:
    """`person` are the words of people, `machine` those of their programs; `dates` is read by `absences`."""

    name: str
    common: frozenset[str]
    person: Mapping[str, Patterns]
    machine: Mapping[str, Patterns]
    opt_out: Mapping[str, Patterns]
    complaint: Mapping[str, Patterns]
    dates: Mapping[str, Any]


@cache
def languages() -> Mapping[str, Language]:
    """By their two letters (ISO 639-1)."""
    return {path.stem: _language(path.stem) for path in sorted(_WORDS.glob("*.toml"))}


def in_order(text: str) -> tuple[Language, ...]:
    """Those a plain text may be written in, the likeliest first; all of them if its words do not tell."""
    words = _WORD.findall(text[:_LOOKED_AT])
    known = languages()
    counted = {name: sum(word in row.common for word in words) for name, row in known.items()}
    most = max(counted.values())
    names = [name for name in known if counted[name] * _FEWER >= most or most < _TELLING]
    return tuple(known[name] for name in sorted(names, key=lambda name: (-counted[name], name != _ENGLISH)))


def _language(name: str) -> Language:
    data = load(f"words/{name}.toml")
    parts = ("person", "machine", "opt_out", "complaint")
    patterns = {part: {key: compiled(rows) for key, rows in data.get(part, {}).items()} for part in parts}
    return Language(name=name, common=frozenset(data["common"]), dates=data.get("dates", {}), **patterns)
