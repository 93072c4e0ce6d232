"""Decides which answers there are to "what is this mail?", and when the machine's own answer will do (spec row R3)."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

SURE = 70
LONGEST_WORDS = 300


class Kind(StrEnum):
    """The values are those of `InboundMessage.Verdict`."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"
    OPT_OUT = "opt_out"
    AUTO_REPLY = "auto_reply"
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    OTHER = "other"


class Bounced(NamedTuple):
    """An address that was not reached. `status`: enhanced code (RFC 3463) or empty; `kind`: hard, soft or sender."""

    address: str
    status: str
    kind: str


@dataclass(frozen=True)
class Answer:
    """What a mail is, and by which words.

    `confidence` is in percent; below `SURE` a person decides. `words` are what decided, 300 characters at most.
    `return_date` is the day back an absence note gives, else its last day away. `permanent`: do not write to this
    person again without a new reason.
    """

    kind: Kind
    subclass: str = ""
    confidence: int = 0
    words: str = ""
    language: str = ""
    return_date: date | None = None
    permanent: bool = False
    bounced: tuple[Bounced, ...] = ()

    @property
    def sure(self) -> bool:
        return self.confidence >= SURE
