"""Decides which form of a text is compared: one for everything that looks alike (width, case, apostrophes, hyphens)."""

import re
import unicodedata

_APOSTROPHES = re.compile(r"[’‘´`]")
_DASHES = re.compile(r"[‐‑–—]")  # noqa: RUF001 - the dashes people type
_BLANKS = re.compile(r"[ \t\u00a0]+")
_BROKEN = re.compile(r"(?<=\S)\n(?=\S)")


def plain(text: str) -> str:
    """In lower case, with paragraphs but without line breaks inside them."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = _APOSTROPHES.sub("'", text)
    text = _DASHES.sub("-", text)
    return _BLANKS.sub(" ", _BROKEN.sub(" ", text))


class _Bare(dict[int, int]):
    """From a letter with an accent to the one without; any other character stays."""

    def __missing__(self, code: int) -> int:
        parts = unicodedata.normalize("NFD", chr(code))
        bare = ord(parts[0]) if len(parts) > 1 and all(map(unicodedata.combining, parts[1:])) else code
        self[code] = bare
        return bare


_BARE = _Bare()


def bare(text: str) -> str:
    """Without accents, which people leave out and patterns need not name; as long as the text, letter for letter."""
    return text.translate(_BARE)


def one_line(text: str) -> str:
    """The same with one blank between any two words."""
    return " ".join(plain(text).split())
