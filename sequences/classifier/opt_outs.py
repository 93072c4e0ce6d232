"""Decides whether somebody asks to be left in peace, in their own words. Missing one is the worst error there is.

The words of each language are data (opt_outs.toml); every pattern is linear in what it reads (LAW THR-07, SEC-19).
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sequences.classifier.own_words import own_words

_DATA = Path(__file__).with_name("opt_outs.toml")
_LONGEST_ALONE = 60
_LOOKED_AT = 4000
_REPLY = re.compile(r"^\s*(?:\w{1,6}\s*[:：]\s*)+", re.IGNORECASE)
_POLITE = re.compile(
    r"\b(?:please|pls|plz|thanks|thank you|thx|bitte|danke|merci|svp|por favor|gracias|per favore|grazie|graag|dank|"
    r"aub|alstublieft|alsjeblieft|obrigad[oa]|proszę|prosím|děkuji|tack|takk|tak|kiitos|köszönöm|спасибо|пожалуйста)\b"
)


@dataclass(frozen=True)
class Wish:
    """The decisive words, and the language whose pattern found them."""

    language: str
    words: str


@dataclass(frozen=True)
class _Language:
    alone: frozenset[str]
    asks: tuple[re.Pattern[str], ...]
    unless: tuple[re.Pattern[str], ...]


def asks_to_stop(subject: str, text: str) -> Wish | None:
    """The wish in a reply, or None. `text` is the whole body; what is quoted in it does not count."""
    own = _plain(own_words(text))
    if not own.strip(" .!?-"):
        # Nothing written below the subject: then the subject is what they say, unless it only answers ours.
        own = "" if _REPLY.match(subject) else _plain(subject)
    return _wish(own[:_LOOKED_AT])


def _wish(said: str) -> Wish | None:
    bare = _POLITE.sub("", said).strip(" .!?,;:-\n\"'")
    for name, language in _languages().items():
        if len(bare) <= _LONGEST_ALONE and bare.split("\n")[0].strip(" .!?,;:-") in language.alone:
            return Wish(name, bare)
        said_so = _without(said, language.unless)
        for pattern in language.asks:
            if found := pattern.search(said_so):
                return Wish(name, found[0].strip())
    return None


def _without(said: str, unless: tuple[re.Pattern[str], ...]) -> str:
    """What is left when the phrases that only look like a wish are taken away."""
    for pattern in unless:
        said = pattern.sub(" … ", said)
    return said


def _plain(text: str) -> str:
    """One form for everything that looks alike: width, case, apostrophes, hyphens, blanks."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = re.sub(r"[’‘´`]", "'", text)
    text = re.sub(r"[‐‑–—]", "-", text)  # noqa: RUF001 - the dashes people type
    return re.sub(r"[ \t\u00a0]+", " ", re.sub(r"(?<=\S)\n(?=\S)", " ", text))


@cache
def _languages() -> Mapping[str, _Language]:
    data = tomllib.loads(_DATA.read_text(encoding="utf-8"))
    return {
        name: _Language(
            alone=frozenset(_plain(word) for word in rows.get("alone", [])),
            asks=tuple(re.compile(pattern) for pattern in rows["asks"]),
            unless=tuple(re.compile(pattern) for pattern in rows.get("unless", [])),
        )
        for name, rows in data.items()
    }
