"""Decides which recipients a delivery report names, and what became of each (RFC 3464 §2.3, RFC 6533).

Reports are written by strangers' programs: fields are found by tolerant patterns, each a line at most.
"""

import re
from collections.abc import Iterator

from sequences.classifier.mail import Recipient

_RECIPIENTS = 100
_READ = 64_000
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{1,40})[ \t]*:[ \t]*(.*)")
_FOLD = re.compile(r"\n[ \t]+")
_TYPED = re.compile(r"^\s*[A-Za-z0-9.-]{1,20}\s*;\s*")
_NUMBER = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?!\.?\d)")
_NAMING = {"final-recipient", "original-recipient", "x-actual-recipient", "action"}


def recipients(text: str) -> tuple[Recipient, ...]:
    """The groups that name a recipient, 100 at most."""
    text = text[:_READ].replace("\r\n", "\n")
    return tuple(_recipients(text))[:_RECIPIENTS]


def fields(block: str) -> Iterator[tuple[str, str]]:
    """Fields of one group, unfolded, their names in lower case."""
    for line in _FOLD.sub(" ", block).split("\n"):
        if found := _FIELD.match(line):
            yield found[1].lower(), found[2].strip()


def address(value: str) -> str:
    """`rfc822; <a@b>` without its type and brackets."""
    return _TYPED.sub("", value[:1000]).strip().strip("<>").strip()[:320]


def number(text: str) -> str:
    """The first enhanced status code (RFC 3463) in a text, or nothing."""
    found = _NUMBER.search(text)
    return found[0] if found else ""


def _recipients(text: str) -> Iterator[Recipient]:
    for block in re.split(r"\n(?:[ \t]*\n)+", text):
        known = dict(reversed(list(fields(block))))
        if _NAMING & known.keys():
            yield Recipient(
                address=address(known.get("final-recipient", "")),
                original=address(known.get("original-recipient", "")),
                action=known.get("action", "").split(" ")[0].lower().strip(";,.")[:20],
                status=number(known.get("status", "")),
                diagnostic=_TYPED.sub("", known.get("diagnostic-code", ""))[:1000],
            )
