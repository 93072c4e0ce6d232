"""Decides what a report says: whom a message did not reach (RFC 3464, 6533), who complained about one (RFC 5965)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import Message
from email.utils import getaddresses

from sequences.classifier.delivery_status import address, fields, recipients
from sequences.classifier.mail import Recipient
from sequences.inbound.reading_bodies import body, kind

_STATUS = {"message/delivery-status", "message/global-delivery-status"}
_RETURNED = {
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "text/rfc822-header",
    "message/rfc822-headers",
    "message/global-headers",
}
_READ = 64_000
_RETURNED_CHARS = 20_000
_ID = re.compile(r"<[^<>\s]{1,900}>")
_NAMES_IDS = re.compile(r"(Message-ID|References|In-Reply-To)[ \t]*:(.{1,16000})", re.IGNORECASE)
_TO = re.compile(r"(?:To|X-HmXmrOriginalRecipient|X-Original-To)[ \t]*:[ \t]*(.{1,2000})", re.IGNORECASE)
_FOLD = re.compile(r"\n[ \t]+")
_COPY = re.compile(
    r"^.{0,60}(?:copy of (?:the|your) (?:original )?(?:message|mail)|original message|message headers?|unsent message|"
    r"original mail|returned mail|your message header|lines of your|kopie der|mensaje original|message original)",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True)
class Report:
    """What a report adds to a mail; the fields are those of `Mail`."""

    recipients: tuple[Recipient, ...] = ()
    feedback: str = ""
    complained: tuple[str, ...] = ()
    returned_ids: tuple[str, ...] = ()
    returned_to: tuple[str, ...] = ()
    returned: str = ""


def read(leaves: Sequence[Message], text: str) -> Report:
    """What the parts of a report say; empty for any other mail. `text` is read where the message came back in it."""
    told = _first(leaves, {"message/feedback-report"})
    returned = (_first(leaves, _RETURNED) or _copied(text))[:_RETURNED_CHARS]
    feedback = dict(fields(told)).get("feedback-type", "abuse") if told else ""
    return Report(
        recipients=recipients(_first(leaves, _STATUS)),
        feedback=feedback.strip().lower()[:40],
        complained=tuple(_complained(told)),
        returned_ids=_ids(returned),
        returned_to=tuple(_addressees(returned)),
        returned=returned,
    )


def _first(leaves: Sequence[Message], kinds: set[str]) -> str:
    """The text of the first part of these kinds."""
    return next((body(part)[:_READ].replace("\r\n", "\n") for part in leaves if kind(part) in kinds), "")


def _copied(text: str) -> str:
    """What stands in a plain text below the line that says that the message follows."""
    text = text[:_READ].replace("\r\n", "\n")
    found = _COPY.search(text)
    return text[found.end() :] if found and "message-id" in text[found.end() :].lower() else ""


def _lines(returned: str) -> list[str]:
    return [line.lstrip("> \t") for line in _FOLD.sub(" ", returned).split("\n")]


def _addressees(returned: str) -> Iterator[str]:
    for line in _lines(returned):
        if found := _TO.match(line):
            yield from (address for _name, address in getaddresses([found[1]])[:20] if "@" in address)
            return


def _complained(told: str) -> Iterator[str]:
    for name, value in fields(told):
        if name in {"original-rcpt-to", "removal-recipient"} and (one := address(value)):
            yield one


def _ids(returned: str) -> tuple[str, ...]:
    """Its own identifier first, then those it answered, the nearest first."""
    own: list[str] = []
    answered: list[str] = []
    for line in _lines(returned):
        if found := _NAMES_IDS.match(line):
            ids = _ID.findall(found[2])
            if found[1].lower() == "message-id":
                own += ids
            else:
                answered += reversed(ids)
    return tuple(dict.fromkeys(own + answered))
