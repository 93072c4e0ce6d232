"""Decides which characters look alike: the prototypes and the skeleton of UTS 39 §4, over the data beside this module.

The data are ours and not a library's: digests of skeletons are kept for good, and those made by other data would no
longer be found.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path

# Default_Ignorable_Code_Point: shown as nothing, zero-width and bidirectional controls among them.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# The one full stop between labels that NFKC leaves (UTS 46 §4).
_IDEOGRAPHIC_STOP = "\u3002"


def folded(text: str) -> str:
    """The text as it is seen: without characters that are not, and full-width and styled letters as plain ones."""
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", text)).replace(_IDEOGRAPHIC_STOP, ".")


def readings(text: str) -> tuple[str, ...]:
    """What a text is read as, in lower case: each character outside ASCII replaced by the one it is taken for.

    Two where capitals are taken for others than their small letters are (Cyrillic В for B, в for ʙ).
    """
    if text.isascii():
        # Nearly every address, and each is asked when its card is made.
        return (text.lower(),)
    seen = folded(text)
    return tuple(dict.fromkeys(_plain(form).lower() for form in (seen.lower(), seen)))


def skeleton(text: str) -> str:
    """What a text and all that look like it share, in lower case; two of plain ASCII may share it as well (UTS 39 §4).

    In lower case, because addresses are: the prototype of `0` is a capital O.
    """
    return _decomposed(_decomposed(text).translate(_prototypes())).lower()


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", _decomposed(text).translate(_prototypes_outside_ascii()))


def _decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


@cache
def _prototypes() -> Mapping[int, str]:
    lines = Path(__file__).with_name("confusables.txt").read_text(encoding="utf-8").splitlines()
    entries = (line.split() for line in lines if line and not line.startswith("#"))
    return {int(source, 16): "".join(chr(int(one, 16)) for one in prototype) for source, *prototype in entries}


@cache
def _prototypes_outside_ascii() -> Mapping[int, str]:
    return {source: prototype for source, prototype in _prototypes().items() if source > 127}
