"""Decides what a report says: whom a message did not reach (RFC 3464, 6533), who complained about one (RFC 5965)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import Message
from email.utils import getaddresses

from sequences.classifier.mail import Recipient
from sequences.inbound.reading_bodies import body, without_surrogates

_STATUS = {"message/delivery-status", "message/global-delivery-status"}
_RETURNED = {"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"}
_RECIPIENTS = 100
_RETURNED_CHARS = 20_000
_REPORT_CHARS = 64_000
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{1,40})[ \t]*:[ \t]*(.*)")
_IDS = re.compile(
    r"^(Message-ID|References|In-Reply-To)[ \t]*:[ \t\r\n]*((?:<[^<>\s]{1,900}>[ \t\r\n,]*)+)", re.I | re.M
)
_ONE_ID = re.compile(r"<[^<>\s]{1,900}>")
_TO = re.compile(r"^To[ \t]*:[ \t]*([^\r\n]{1,2000})", re.IGNORECASE | re.MULTILINE)
_TYPED = re.compile(r"^\s*[A-Za-z0-9.-]{1,20}\s*;\s*")
_NUMBER = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")


@dataclass(frozen=True)
class Report:
    """What a report adds to a mail; the fields are those of `Mail`."""

    recipients: tuple[Recipient, ...] = ()
    feedback: str = ""
    complained: tuple[str, ...] = ()
    returned_ids: tuple[str, ...] = ()
    returned_to: tuple[str, ...] = ()
    returned: str = ""


def read(message: Message, leaves: Sequence[Message]) -> Report:
    """What the parts of a report say; empty for any other mail."""
    returned = next((_whole(part) for part in leaves if part.get_content_type() in _RETURNED), "")
    status = next((_whole(part) for part in leaves if part.get_content_type() in _STATUS), "")
    told = next((_whole(part) for part in leaves if part.get_content_type() == "message/feedback-report"), "")
    feedback = dict(_fields(told)) if told else {}
    return Report(
        recipients=tuple(_recipients(status))[:_RECIPIENTS],
        feedback=feedback.get("feedback-type", "abuse" if told else "").strip().lower()[:40],
        complained=tuple(_complained(told)),
        returned_ids=_ids(returned),
        returned_to=tuple(address for _name, address in getaddresses(_TO.findall(returned)[:1]) if address),
        returned=returned,
    )


def _whole(part: Message) -> str:
    """The text of a part that the parser may have taken apart, so that it can be read by tolerant patterns."""
    payload = part.get_payload()
    if not isinstance(payload, list):
        return body(part)[:_REPORT_CHARS].replace("\r\n", "\n")
    messages = [one for one in payload[:_RECIPIENTS] if isinstance(one, Message)]
    blocks = [without_surrogates(one.as_string())[:_REPORT_CHARS] for one in messages]
    return "\n\n".join(blocks)[:_REPORT_CHARS].replace("\r\n", "\n")


def _fields(block: str) -> Iterator[tuple[str, str]]:
    """Fields of one group, unfolded, names in lower case."""
    for line in re.sub(r"\n[ \t]+", " ", block).split("\n"):
        if found := _FIELD.match(line):
            yield found[1].lower(), found[2].strip()


def _recipients(status: str) -> Iterator[Recipient]:
    for block in re.split(r"\n[ \t]*\n", status):
        fields = dict(reversed(list(_fields(block))))
        if {"final-recipient", "original-recipient", "action"} & fields.keys():
            yield _recipient(fields)


def _recipient(fields: dict[str, str]) -> Recipient:
    number = _NUMBER.search(fields.get("status", ""))
    return Recipient(
        address=_address(fields.get("final-recipient", "")),
        original=_address(fields.get("original-recipient", "")),
        action=fields.get("action", "").split(" ")[0].lower()[:20],
        status=number[0] if number else "",
        diagnostic=_TYPED.sub("", fields.get("diagnostic-code", ""))[:1000],
    )


def _address(value: str) -> str:
    return _TYPED.sub("", value).strip().strip("<>").strip()[:320]


def _complained(told: str) -> Iterator[str]:
    for name, value in _fields(told):
        if name in {"original-rcpt-to", "removal-recipient"} and (address := _address(value)):
            yield address


def _ids(returned: str) -> tuple[str, ...]:
    """Its own identifier first, then those it answered."""
    found = [(match[1].lower(), _ONE_ID.findall(match[2])) for match in _IDS.finditer(returned[:_RETURNED_CHARS])]
    own = [one for name, ids in found if name == "message-id" for one in ids]
    return tuple(dict.fromkeys(own + [one for name, ids in found if name != "message-id" for one in reversed(ids)]))
