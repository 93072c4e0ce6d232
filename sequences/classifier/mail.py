"""Decides what of a mail may be known to whoever says what it is. Pure data: nothing here reads or judges.

`sequences.inbound.reading` makes it of raw bytes. Whatever could not be read is empty, never missing.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Recipient:
    """One group of a delivery report (RFC 3464 §2.3). `action` and `status` are in lower case, as they stand."""

    address: str = ""
    original: str = ""
    action: str = ""
    status: str = ""
    diagnostic: str = ""


@dataclass(frozen=True)
class Mail:
    """What was read of one mail.

    `answers` are the identifiers in In-Reply-To and References, the nearest first. `text` is the whole body, quotations
    included. `automatic` is what the mail says of itself (RFC 3834 §5, RFC 6522). `headers` are name in lower case and
    decoded value, in order. `partstat` is the attendee's answer in an iTIP reply (RFC 5546 §3.2.3), in upper case.

    Of a report: `recipients` of a delivery report, `feedback` the type of a complaint (RFC 5965 §3.1) in lower case and
    `complained` the addresses it names, `returned_ids` the identifiers of the message that came back, its own first,
    `returned_to` its addressees, `returned` its beginning as text, in which tokens of ours may stand (LAW ARF-02).
    """

    sender: str = ""
    subject: str = ""
    answers: tuple[str, ...] = ()
    text: str = ""
    automatic: bool = False
    name: str = ""
    date: datetime | None = None
    message_id: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = ""
    report_type: str = ""
    parts: tuple[str, ...] = ()
    partstat: str = ""
    recipients: tuple[Recipient, ...] = ()
    feedback: str = ""
    complained: tuple[str, ...] = ()
    returned_ids: tuple[str, ...] = ()
    returned_to: tuple[str, ...] = ()
    returned: str = ""

    def header(self, name: str) -> str:
        """The first header of this name (in lower case), or nothing."""
        return next((value for known, value in self.headers if known == name), "")

    def has(self, name: str) -> bool:
        return any(known == name for known, _value in self.headers)
