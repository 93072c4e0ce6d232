"""Decides how a wording becomes a message: the one renderer for preview, test, rehearsal and send (spec T1).

Markdown is compiled once per wording, with Liquid's tags as words that Markdown leaves alone; Liquid then runs per
person, escaping by context. Whatever stands in a value, it arrives as text.
"""

from .flaws import Flaw, WordingError
from .skeleton import KNOWN_VARIABLES, RENDERER_VERSION, Rendered, Skeleton, compile_wording
from .values import UNSAFE_CHARACTERS, MissingValue, UnsafeValue, is_link, is_mail_link, is_web_link

__all__ = [
    "KNOWN_VARIABLES",
    "RENDERER_VERSION",
    "UNSAFE_CHARACTERS",
    "Flaw",
    "MissingValue",
    "Rendered",
    "Skeleton",
    "UnsafeValue",
    "WordingError",
    "compile_wording",
    "is_link",
    "is_mail_link",
    "is_web_link",
]
