"""Decides whether somebody asks to be left in peace, in their own words. Missing one is the worst error there is.

The words of each language are data (opt_outs.toml); every pattern is linear in what it reads (LAW THR-07, SEC-19).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from sequences.classifier.own_words import own_words
from sequences.classifier.plain import bare, plain
from sequences.classifier.wordbook import Patterns, any_of, compiled, load, without

_DATA = "opt_outs.toml"
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
    asks: Patterns
    unless: Patterns


def asks_to_stop(subject: str, text: str) -> Wish | None:
    """The wish in a reply, or None. `text` is the whole body; what is quoted in it does not count."""
    own = plain(own_words(text))
    if not own.strip(" .!?-"):
        # Nothing written below the subject: then the subject is what they say, unless it only answers ours.
        own = "" if _REPLY.match(subject) else plain(subject)
    return _wish(own[:_LOOKED_AT])


def _wish(said: str) -> Wish | None:
    alone = _POLITE.sub("", said).strip(" .!?,;:-\n\"'")
    for name, language in _languages().items():
        if len(alone) <= _LONGEST_ALONE and bare(alone.split("\n")[0].strip(" .!?,;:-")) in language.alone:
            return Wish(name, alone)
        if words := any_of(language.asks, without(language.unless, said)):
            return Wish(name, words.strip())
    return None


@cache
def _languages() -> Mapping[str, _Language]:
    return {
        name: _Language(
            alone=frozenset(bare(plain(word)) for word in rows.get("alone", [])),
            asks=compiled(rows["asks"], re.NOFLAG),
            unless=compiled(rows.get("unless", []), re.NOFLAG),
        )
        for name, rows in load(_DATA).items()
    }
