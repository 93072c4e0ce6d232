"""Decides what can be read of the raw bytes of a mail: who wrote, in answer to what, in which words.

Outside text is hostile: sizes are bounded before anything is parsed, identifiers are found by tolerant patterns in the
raw header (LAW SEC-15, SEC-16, THR-04), and whatever cannot be read is a mail without words, which waits for a person.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import compat32
from email.utils import parseaddr, parsedate_to_datetime

from sequences.classifier.mail import Mail
from sequences.inbound import reading_bodies as bodies
from sequences.inbound import reading_reports as reports

__all__ = ["Mail", "read"]

_LOOKED_AT = 512 * 1024
_HEADERS = 200
_HEADER_CHARS = 2000
_IDS = re.compile(r"<[^<>\s]{1,900}>")
_NOT_AUTOMATIC = re.compile(r"\s*(?:\([^()]{0,200}\)\s*)*no\b", re.IGNORECASE)
_PARTSTAT = re.compile(r"^ATTENDEE[^\n]{0,2000}?PARTSTAT=\"?([A-Z-]{3,20})", re.MULTILINE | re.IGNORECASE)
_FOLD = re.compile(r"\r?\n[ \t]")
_FIELD = re.compile(rb"[!-9;-~]{1,80}:|[ \t]|From ")
_TRACED = re.compile(rb"(?:Received|Return-Path|Delivered-To|Message-ID)[ \t]*:", re.IGNORECASE)


def read(raw: bytes) -> Mail:
    """What can be read of a mail; never raises."""
    head = bodies.opaque(_mended(raw[:_LOOKED_AT].lstrip()))
    try:
        return _read(BytesParser(policy=compat32).parsebytes(head))
    except Exception:  # noqa: BLE001 - whatever a stranger sends, the next mail goes on (LAW SEC-16)
        return _headers_alone(head)


def _mended(raw: bytes) -> bytes:
    """A header whose long lines were broken without a blank is one all the same; the parser would end it there."""
    end = re.search(rb"\r?\n\r?\n", raw)
    lines = raw[: end.start() if end else 0].split(b"\n")
    if len(lines) > _HEADERS * 10 or not any(_TRACED.match(line) for line in lines):
        return raw
    whole = b"\n".join(line if _FIELD.match(line) else b" " + line for line in lines)
    return whole + raw[end.start() if end else 0 :]


def _headers_alone(raw: bytes) -> Mail:
    """What the header says of a mail whose body breaks every parser."""
    try:
        message = BytesHeaderParser(policy=compat32).parsebytes(raw)
        return _enveloped(message, _headers(message))
    except Exception:  # noqa: BLE001 - see above
        return Mail()


def _read(message: Message) -> Mail:
    headers = _headers(message)
    mail = _enveloped(message, headers)
    parts = bodies.parts(message)
    text = bodies.text(parts)
    return replace(
        mail,
        text=text,
        parts=tuple(bodies.kind(part) for part in parts),
        partstat=_partstat(parts),
        **vars(reports.read(parts, text)),
    )


def _enveloped(message: Message, headers: Sequence[tuple[str, str]]) -> Mail:
    first = dict(reversed(headers))
    name, sender = parseaddr(first.get("from", ""))
    return Mail(
        sender=sender,
        name=name,
        subject=" ".join(first.get("subject", "").split())[:500],
        answers=_answers(message),
        automatic=_is_automatic(message, first),
        date=_date(first.get("date", "")),
        message_id=next(iter(_IDS.findall(first.get("message-id", ""))), ""),
        headers=tuple(headers),
        content_type=message.get_content_type(),
        report_type=_parameter(message, "report-type"),
    )


def _headers(message: Message) -> list[tuple[str, str]]:
    rows: Iterable[tuple[str, object]] = message.raw_items()
    return [(name.lower(), _decoded(str(value))) for name, value in list(rows)[:_HEADERS]]


def _decoded(value: str) -> str:
    """One header value as people read it: RFC 2047 undone, bare bytes taken for UTF-8 or Latin-1."""
    value = bodies.without_surrogates(_FOLD.sub(" ", value[:_HEADER_CHARS]))
    if "=?" not in value:
        return value.strip()
    try:
        return str(make_header(decode_header(value))).strip()
    except (LookupError, ValueError, HeaderParseError):
        return value.strip()


def _answers(message: Message) -> tuple[str, ...]:
    found: list[str] = []
    for name in ("in-reply-to", "references"):
        for value in message.get_all(name, []):
            found += reversed(_IDS.findall(str(value).encode(errors="replace").decode("ascii", "replace")))
    return tuple(dict.fromkeys(found))


def _is_automatic(message: Message, headers: dict[str, str]) -> bool:
    """RFC 3834 §5: any keyword of Auto-Submitted but `no`, and reports (RFC 6522)."""
    said = headers.get("auto-submitted")
    automatic = said is not None and not _NOT_AUTOMATIC.match(said)
    return automatic or message.get_content_type() == "multipart/report"


def _date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _parameter(message: Message, name: str) -> str:
    value = message.get_param(name, "")
    return value.lower() if isinstance(value, str) else ""


def _partstat(parts: Sequence[Message]) -> str:
    """The attendee's answer of an iTIP reply, wherever in the mail it stands."""
    for part in parts:
        if bodies.kind(part) == "text/calendar":
            text = _FOLD.sub("", bodies.body(part))
            is_reply = _parameter(part, "method") == "reply" or "METHOD:REPLY" in text.upper()
            if is_reply and (found := _PARTSTAT.search(text)):
                return found[1].upper()
    return ""
