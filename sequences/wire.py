"""Decides the exact bytes of one commercial or personal message (LAW MSG-01..06, UNS-01, HDR-01..05, THR-01..03).

The header fields are a fixed list, written here and folded here: the standard library's modern policy encodes long
identifiers as RFC 2047 words, which breaks one-click unsubscribing and threading. The same letter always gives the
same bytes, so that every retry transmits one message (RFC 5322 §3.6.4).
"""

import hashlib
import re
import unicodedata
from base64 import b32encode
from binascii import b2a_qp
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from email.header import Header
from email.utils import format_datetime

from compliance.addresses import AddressError, parse

from .render import UNSAFE_CHARACTERS, is_mail_link, is_web_link

LARGEST = 90_000
"""Octets of a whole message: Gmail cuts at about 102 kB, and the footer stands last (LAW MSG-09)."""

_ONCE = (b"from", b"to", b"subject", b"date", b"message-id", b"mime-version")
_AT_MOST_ONCE = (b"reply-to", b"in-reply-to", b"references", b"feedback-id", b"content-type", b"list-id")
_NEVER = {b"return-path", b"auto-submitted", b"precedence", b"cc", b"bcc", b"sender"}
_MAY_BE_ENCODED = (b"subject", b"from")
_WIDTH = 76
_LONGEST_LINE = 998
_LONGEST_IDENTIFIER = 900
_BODIES = {"text", "html"}
_LONGEST_SHOWN = {"subject": 500, "from_name": 120}

_OWN_ID = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+>")
_ANY_ID = re.compile(r"<[!-;=?-~]+>")
_LIST_ID = re.compile(r"(?:[A-Za-z0-9 .,'&()-]+ )?<[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+>")
_FEEDBACK_ID = re.compile(r"[A-Za-z0-9._-]+(?::[A-Za-z0-9._-]+){2}:[A-Za-z0-9._-]{5,15}")
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_REPLY_PREFIX = re.compile(
    r"(?:\[[^\]]*\]\s*)*"
    r"(?:re|res|rif|r|fw|fwd|aw|antw|antwort|wg|wtr|tr|rv|rép|sv|vs|vb|vl|doorst|odp|pd|ynt|i̇lt|ilt|"
    r"enc|i|vá|tov|отв|ответ|пересл|απ|σχετ|πρθ|השב|הועבר|رد|إعادة توجيه|"
    r"回复|回覆|答复|答覆|转发|轉寄|轉發|返信|転送|회신|전달)"
    r"\s*(?:\[\d+\]|\(\d+\)|\^\d+|\d+)?\s*:"
)


class UnsafeLetter(ValueError):  # noqa: N818 - it is the letter that is unsafe
    """A letter that must not be put on the wire. `what` is a code, `where` the field of the letter or `bytes`."""

    def __init__(self, what: str, where: str) -> None:
        super().__init__(f"{what} in {where}")
        self.what = what
        self.where = where


@dataclass(frozen=True)
class Letter:
    """Everything that becomes part of one message. Identifiers may be given with or without angle brackets.

    `date` is aware; `reply_to` is empty for none; `unsubscribe_mailto` is a `mailto:` address;
    `in_reply_to` is the effective id of the latest accepted message, `references` the chain before it.
    """

    message_id: str
    date: datetime
    from_name: str
    from_address: str
    to_address: str
    reply_to: str
    subject: str
    text: str
    html: str
    list_id: str
    feedback_id: str
    unsubscribe_url: str
    unsubscribe_mailto: str
    in_reply_to: str = ""
    references: tuple[str, ...] = ()


def build(letter: Letter) -> bytes:
    """The message as it goes between DATA and the final dot, before dot-stuffing: CRLF, ASCII only.

    Raises UnsafeLetter; nothing is repaired except line ends inside the two bodies.
    """
    head = b"".join(_head(letter))
    raw = head + _content(letter)
    _verify(raw)
    return raw


def new_message_id(random: bytes, domain: str) -> str:
    """`<random@domain>` with at least 128 given bits as lower-case base32 (RFC 5322 §3.6.4, LAW THR-01)."""
    if len(random) < 16:
        raise ValueError("a message id needs 16 random bytes")
    if parse(f"id@{domain}").domain != domain:
        raise ValueError(f"not a plain lower-case domain: {domain!r}")
    return f"<{b32encode(random).decode().rstrip('=').lower()}@{domain}>"


def is_reply_subject(subject: str) -> bool:
    """Whether a subject claims to answer or forward something, in any of the usual languages (LAW MSG-11)."""
    shown = "".join(char for char in unicodedata.normalize("NFKC", subject) if unicodedata.category(char) != "Cf")
    return bool(_REPLY_PREFIX.match(shown.strip().casefold()))


def _head(letter: Letter) -> Iterator[bytes]:
    _refuse_unsafe(letter)
    yield _from(letter)
    yield _field("To", [_address(letter.to_address, "to_address")])
    if letter.reply_to:
        yield _field("Reply-To", [_address(letter.reply_to, "reply_to")])
    yield _subject(letter)
    yield _field("Date", [_date(letter.date)])
    yield _field("Message-ID", [_identifier(letter.message_id, "message_id", _OWN_ID)])
    yield from _thread(letter)
    yield from _list(letter)
    yield b"MIME-Version: 1.0\r\n"
    yield f'Content-Type: multipart/alternative;\r\n boundary="{_boundary(letter)}"\r\n\r\n'.encode()


def _from(letter: Letter) -> bytes:
    address = f"<{_address(letter.from_address, 'from_address')}>"
    name = " ".join(letter.from_name.split())
    if "@" in name:
        raise UnsafeLetter("address_in_name", "from_name")
    if not name:
        return _field("From", [address[1:-1]])
    if not name.isascii() or "=?" in name:
        return _field("From", [*_encoded(name, "From"), address])
    quoted = name if _PHRASE.fullmatch(name) else '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    return _field("From", [*quoted.split(" "), address])


def _subject(letter: Letter) -> bytes:
    subject = letter.subject
    if not subject.strip():
        raise UnsafeLetter("blank", "subject")
    if not letter.in_reply_to and is_reply_subject(subject):
        raise UnsafeLetter("false_reply", "subject")
    plain = subject.isascii() and "=?" not in subject and subject == " ".join(subject.split(" ")).strip()
    return _field("Subject", subject.split(" ") if plain else _encoded(subject, "Subject"))


def _date(date: datetime) -> str:
    offset = date.utcoffset()
    if offset is None or offset.total_seconds() % 60:
        raise UnsafeLetter("naive" if offset is None else "malformed", "date")
    return format_datetime(date)


def _thread(letter: Letter) -> Iterator[bytes]:
    chain = [_identifier(one, "references", _ANY_ID) for one in letter.references]
    if not letter.in_reply_to:
        if chain:
            raise UnsafeLetter("incomplete", "in_reply_to")
        return
    parent = _identifier(letter.in_reply_to, "in_reply_to", _ANY_ID)
    yield _field("In-Reply-To", [parent])
    yield _field("References", [*(one for one in chain if one != parent), parent])


def _list(letter: Letter) -> Iterator[bytes]:
    """List-* and Feedback-ID. One https and one mailto, in this order: RFC 8058 §3.1; Outlook.com reads only mailto."""
    # A comma is legal in a URI, but readers of this field split it at commas (RFC 2369 §2).
    url, mailto = letter.unsubscribe_url, letter.unsubscribe_mailto
    if not is_web_link(url) or "," in url:
        raise UnsafeLetter("malformed", "unsubscribe_url")
    if not is_mail_link(mailto) or "," in mailto:
        raise UnsafeLetter("malformed", "unsubscribe_mailto")
    yield _field("List-Unsubscribe", [f"<{url}>,", f"<{mailto}>"])
    yield b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    list_id = letter.list_id if letter.list_id.endswith(">") else f"<{letter.list_id}>"
    if not _LIST_ID.fullmatch(list_id) or len(list_id) > 255:
        raise UnsafeLetter("malformed", "list_id")
    yield f"List-Id: {list_id}\r\n".encode()
    if not _FEEDBACK_ID.fullmatch(letter.feedback_id) or len(set(letter.feedback_id.split(":"))) < 4:
        raise UnsafeLetter("malformed", "feedback_id")
    yield _field("Feedback-ID", [letter.feedback_id])


def _content(letter: Letter) -> bytes:
    edge = f"--{_boundary(letter)}".encode()
    parts = ((b"plain", letter.text, "text"), (b"html", letter.html, "html"))
    pieces = [
        b"%s\r\nContent-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n%s\r\n"
        % (edge, kind, _quoted_printable(content, where))
        for kind, content, where in parts
    ]
    return b"".join(pieces) + edge + b"--\r\n"


def _boundary(letter: Letter) -> str:
    # "=_" cannot occur in quoted-printable, so no body can contain the boundary.
    return f"=_{hashlib.sha256(letter.message_id.encode()).hexdigest()[:32]}"


def _quoted_printable(content: str, where: str) -> bytes:
    if not content.strip():
        raise UnsafeLetter("blank", where)
    if "\0" in content:
        raise UnsafeLetter("control_character", where)
    try:
        octets = re.sub(r"\r\n?", "\n", content).encode()
    except UnicodeEncodeError as error:
        raise UnsafeLetter("not_unicode", where) from error
    return b2a_qp(octets, istext=True).replace(b"\n", b"\r\n")


def _encoded(text: str, name: str) -> list[str]:
    """RFC 2047 words of at most 75 characters, each holding whole characters."""
    return Header(text, "utf-8", header_name=name, maxlinelen=75).encode(linesep="\n").split("\n ")


def _field(name: str, words: Sequence[str]) -> bytes:
    """One header field, folded only between words, so that no identifier is ever cut or encoded."""
    lines = [f"{name}: {words[0]}"]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) > _WIDTH:
            lines.append(f" {word}")
        else:
            lines[-1] += f" {word}"
    return "\r\n".join([*lines, ""]).encode()


def _address(text: str, where: str) -> str:
    """An address exactly as given; what is not plain ASCII or would need repair is refused."""
    try:
        plain = parse(text).text
    except AddressError as error:
        raise UnsafeLetter("malformed", where) from error
    if plain != text:
        raise UnsafeLetter("malformed", where)
    return text


def _identifier(text: str, where: str, shape: re.Pattern[str]) -> str:
    bracketed = text if text.startswith("<") else f"<{text}>"
    if not shape.fullmatch(bracketed):
        raise UnsafeLetter("malformed", where)
    return bracketed


def _refuse_unsafe(letter: Letter) -> None:
    """Controls, separators and bidirectional marks may stand in no header value (LAW MSG-03)."""
    given = [(one.name, getattr(letter, one.name)) for one in fields(letter)]
    texts = [(name, value) for name, value in given if isinstance(value, str) and name not in _BODIES]
    for name, value in [*texts, *(("references", one) for one in letter.references)]:
        if UNSAFE_CHARACTERS.search(value):
            raise UnsafeLetter("control_character", name)
        if len(value) > _LONGEST_SHOWN.get(name, _LONGEST_IDENTIFIER):
            raise UnsafeLetter("too_long", name)


def _verify(raw: bytes) -> None:
    """Ask the bytes themselves, whatever the code above meant to write (LAW MSG-01, MSG-02, MSG-04, HDR-05)."""
    if len(raw) > LARGEST:
        raise UnsafeLetter("too_large", "bytes")
    lines = raw.split(b"\r\n")
    if any(b"\r" in line or b"\n" in line or b"\0" in line for line in lines):
        raise UnsafeLetter("bare_line_end", "bytes")
    if any(len(line) > _LONGEST_LINE for line in lines):
        raise UnsafeLetter("long_line", "bytes")
    found = [_parsed(field) for field in re.split(rb"\r\n(?![ \t])", raw.partition(b"\r\n\r\n")[0])]
    counts = Counter(name for name, _ in found)
    if any(counts[name] != 1 for name in _ONCE) or any(counts[name] > 1 for name in _AT_MOST_ONCE):
        raise UnsafeLetter("not_single", "bytes")
    if _NEVER & counts.keys():
        raise UnsafeLetter("forbidden_field", "bytes")
    if any(b"=?" in value for name, value in found if name not in _MAY_BE_ENCODED):
        raise UnsafeLetter("encoded_identifier", "bytes")


def _parsed(field: bytes) -> tuple[bytes, bytes]:
    name, _, value = field.partition(b":")
    return name.lower(), value
