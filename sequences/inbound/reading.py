"""Reads what intake must know of a mail beyond its addressee: who wrote, in answer to what, in which words.

Outside text is hostile: sizes are bounded before anything is parsed, identifiers are found by tolerant patterns in the
raw header (LAW SEC-15, SEC-16, THR-04), and whatever cannot be read is a mail without words, which waits for a person.
"""

import re
from dataclasses import dataclass
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import parseaddr

from inscriptis import get_text

_LOOKED_AT = 512 * 1024
_HTML = 100_000
_PARTS = 200
_IDS = re.compile(rb"<[^<>\s]{1,900}>")
_NOT_AUTOMATIC = re.compile(r"\s*no\b", re.IGNORECASE)


@dataclass(frozen=True)
class Mail:
    """`answers` are the identifiers in In-Reply-To and References, the nearest first; `text` is the whole body."""

    sender: str = ""
    subject: str = ""
    answers: tuple[str, ...] = ()
    text: str = ""
    automatic: bool = False


def read(raw: bytes) -> Mail:
    """What can be read of a mail; never raises."""
    try:
        return _read(raw[:_LOOKED_AT])
    except Exception:  # noqa: BLE001 - whatever a stranger sends, the next mail goes on (LAW SEC-16)
        return Mail()


def _read(raw: bytes) -> Mail:
    message = BytesParser(policy=compat32).parsebytes(raw)
    return Mail(
        sender=parseaddr(_decoded(message, "from"))[1],
        subject=_decoded(message, "subject")[:500],
        answers=_answers(message),
        text=_text(message),
        automatic=_is_automatic(message),
    )


def _decoded(message: Message, name: str) -> str:
    return str(make_header(decode_header(str(message.get(name, "")))))


def _answers(message: Message) -> tuple[str, ...]:
    found: list[str] = []
    for name in ("in-reply-to", "references"):
        for value in message.get_all(name, []):
            ids = [match.decode("ascii", "replace") for match in _IDS.findall(str(value).encode(errors="replace"))]
            found += reversed(ids)
    return tuple(dict.fromkeys(found))


def _is_automatic(message: Message) -> bool:
    """RFC 3834 §5: any keyword of Auto-Submitted but `no`, and reports (RFC 6522)."""
    said = message.get("auto-submitted")
    automatic = said is not None and not _NOT_AUTOMATIC.match(str(said))
    return automatic or message.get_content_type() == "multipart/report"


def _text(message: Message) -> str:
    plain = html = ""
    for number, part in enumerate(message.walk()):
        if number > _PARTS:
            break
        if part.get_filename() or part.is_multipart():
            continue
        if part.get_content_type() == "text/plain" and not plain:
            plain = _body(part)
        elif part.get_content_type() == "text/html" and not html:
            html = _body(part)
    return plain if plain.strip() else get_text(_without_quotes(html[:_HTML])) if html else ""


def _body(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        return payload.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        return payload.decode("utf-8", "replace")


def _without_quotes(html: str) -> str:
    """Quoted mail is a blockquote, or what Gmail and Outlook mark as such; nothing after it is looked at."""
    match = re.search(r"<blockquote|class=.?gmail_quote|id=.?(?:divRplyFwdMsg|appendonsend)", html, re.IGNORECASE)
    if match is None:
        return html
    start = html.rfind("<", 0, match.start() + 1)
    head, rest = html[:start], html[match.end() :]
    ends = rest.lower().rfind("</blockquote>")
    return head + (rest[ends + len("</blockquote>") :] if ends >= 0 else "")
