"""Decides which values may fill a wording: present, printable, of sane length, real addresses where a link is meant.

LAW MSG-03 (no controls), MSG-06 (a missing value is an error with its name), MSG-08 (URLs are URLs).
"""

import re
from collections.abc import Iterable, Mapping

UNSAFE_CHARACTERS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""C0 and C1 controls, line and paragraph separators, bidirectional controls, lone surrogates."""

_BLANKS = (
    " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u202f\u205f\u3000\u00ad\u180e\u200b\u2060\ufeff\u115f\u1160\u3164\uffa0"
)
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_PORT = r"(?::\d{1,5})?"
_REST = r"(?:[/?#][!#-;=?-\[\]_a-z~]*)?"
_URL = re.compile(rf"https://{_LABEL}(?:\.{_LABEL})*{_PORT}{_REST}|http://(?:localhost|127\.0\.0\.1){_PORT}{_REST}")
_MAILTO = re.compile(r"mailto:[A-Za-z0-9!#$%&'*+/=^_`{|}~.-]+@[A-Za-z0-9.-]+(?:\?[!#-;=?-\[\]_a-z~]*)?")
_LONGEST = 1_000


class MissingValue(ValueError):  # noqa: N818 - the name is what callers say: "missing value: contact.first_name"
    """A person has no value, or only blanks, for a variable that the wording uses without a stated default."""

    def __init__(self, variable: str) -> None:
        super().__init__(f"missing value: {variable}")
        self.variable = variable


class UnsafeValue(ValueError):  # noqa: N818
    """A value with control characters, over 1,000 characters, or not a link where the variable is one."""

    def __init__(self, variable: str) -> None:
        super().__init__(f"unsafe value: {variable}")
        self.variable = variable


def is_link(text: str) -> bool:
    """Whether the text is one https, loopback http (for trials) or mailto address, in plain ASCII, without userinfo."""
    return bool(_URL.fullmatch(text) or _MAILTO.fullmatch(text))


def is_web_link(text: str) -> bool:
    """Whether the text is one https address, or an http one that cannot leave this machine."""
    return bool(_URL.fullmatch(text))


def is_mail_link(text: str) -> bool:
    """Whether the text is one `mailto:` address with at most a query."""
    return bool(_MAILTO.fullmatch(text))


def holds_link(variable: str) -> bool:
    """Whether a variable stands for a whole link, by its name."""
    return variable.endswith("_url")


def fill(values: Mapping[str, str], *, required: Iterable[str], optional: Iterable[str]) -> dict[str, str]:
    """The values that a wording uses, trimmed: `{"contact.first_name": "Ada"}`; optional blank ones are left out.

    Raises MissingValue for a required variable, UnsafeValue for any used one. Values not used are not looked at.
    """
    filled = {}
    for name in required:
        filled[name] = _checked(name, values.get(name))
        if not filled[name]:
            raise MissingValue(name)
    for name in optional:
        if text := _checked(name, values.get(name)):
            filled[name] = text
    return filled


def _checked(name: str, value: str | None) -> str:
    if not value:
        return ""
    # The unbound method gives a plain str back: a str subclass marked as safe HTML would pass through autoescape.
    text = str.strip(value, _BLANKS)
    if len(value) > _LONGEST or UNSAFE_CHARACTERS.search(value):
        raise UnsafeValue(name)
    if text and holds_link(name) and not is_link(text):
        raise UnsafeValue(name)
    return text
