"""Decides which parts of a mail hold its words, and in which characters they are written."""

import codecs
import re
from collections.abc import Sequence
from email.message import Message

from inscriptis import get_text

_HTML = 100_000
_PARTS = 200
_TEXTS = 20
# Codecs that are no charset of mail: some take time that grows with the square of what they read.
_NO_CHARSETS = {"punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined"}
_TAG = re.compile(r"<[^<>]{0,2000}>")
_QUOTED = re.compile(r"<blockquote|class=.?gmail_quote|id=.?(?:divRplyFwdMsg|appendonsend)", re.IGNORECASE)


_MESSAGE = re.compile(rb"(content-type:[ \t\r\n]*)message/", re.IGNORECASE)
_OPAQUE = "text/x-message-"


def opaque(raw: bytes) -> bytes:
    """The same mail with messages and reports inside it marked as text, so that no parser takes them apart.

    What they hold is read by tolerant patterns; taking them apart costs more than a hostile mail may.
    """
    return _MESSAGE.sub(rb"\1text/x-message-", raw)


def kind(part: Message) -> str:
    """The content type of a part as it stood in the mail."""
    found = part.get_content_type()
    return f"message/{found.removeprefix(_OPAQUE)}" if found.startswith(_OPAQUE) else found


def parts(message: Message) -> list[Message]:
    """The leaves of a mail in order, 200 at most. A message inside is one leaf: its words are somebody else's."""
    found: list[Message] = []
    waiting = [message]
    while waiting and len(found) < _PARTS:
        part = waiting.pop()
        payload = part.get_payload()
        if isinstance(payload, list):
            waiting += reversed([one for one in payload[:_PARTS] if isinstance(one, Message)])
        else:
            found.append(part)
    return found


def text(leaves: Sequence[Message]) -> str:
    """The whole text for people: what is plain, else what HTML shows, else whatever text there is."""
    shown = [part for part in leaves if not part.get_filename() and not kind(part).startswith("message/")][:_TEXTS]
    plain = [body(part) for part in shown if part.get_content_type() == "text/plain"]
    if any(one.strip() for one in plain):
        return "\n".join(plain)
    for part in shown:
        if part.get_content_type() == "text/html" and (html := body(part)).strip():
            return _of_html(html)
    other = (body(part) for part in shown if part.get_content_maintype() in {"text", "multipart"})
    return next((one for one in other if one.strip()), "")


def body(part: Message) -> str:
    """One leaf decoded; never raises for what it holds."""
    payload = part.get_payload(decode=True)
    if isinstance(payload, bytes):
        return _characters(payload, part.get_content_charset())
    whole = part.get_payload()
    return without_surrogates(whole) if isinstance(whole, str) else ""


def without_surrogates(value: str) -> str:
    """Bare bytes in what should be ASCII, read as UTF-8, else as Latin-1."""
    if value.isascii():
        return value
    return _characters(value.encode("utf-8", "surrogateescape"), None)


def _characters(payload: bytes, charset: str | None) -> str:
    for name in (charset, "utf-8"):
        try:
            if name and codecs.lookup(name).name not in _NO_CHARSETS:
                return payload.decode(name, "strict" if name == "utf-8" else "replace")
        except (LookupError, ValueError):
            continue
    return payload.decode("latin-1")


def _of_html(html: str) -> str:
    html = _without_quotes(html[:_HTML])
    try:
        return str(get_text(html))
    except Exception:  # noqa: BLE001 - markup that breaks the parser still has words in it
        return _TAG.sub(" ", html)


def _without_quotes(html: str) -> str:
    """Quoted mail is a blockquote, or what Gmail and Outlook mark as such; nothing after it is looked at."""
    match = _QUOTED.search(html)
    if match is None:
        return html
    start = html.rfind("<", 0, match.start() + 1)
    head, rest = html[:start], html[match.end() :]
    ends = rest.lower().rfind("</blockquote>")
    return head + (rest[ends + len("</blockquote>") :] if ends >= 0 else "")
