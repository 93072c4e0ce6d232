"""The question put to the door: may this message go to this address now?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Concatenate, ParamSpec, TypeVar, cast
from uuid import UUID

from compliance import cards, suppression
from compliance.addresses import Address

Answer = TypeVar("Answer")
Given = ParamSpec("Given")


class MessageClass(StrEnum):
    """Why a message is written."""

    COMMERCIAL = "commercial"
    PERSONAL = "personal"


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One question to the door. Keys of other floors are opaque text; `step` is None before anything is planned.

    `sender` is the digest of who the message says it comes from. `series` is what the sequence is called also in a
    database that was restored and has numbered it anew.
    """

    ref: str
    address: Address
    card: int | None = None
    person: UUID | None = None
    account: str = ""
    country: str = ""
    zone: str = ""
    source: str = ""
    basis: str = ""
    sequence_type: str = ""
    sequence: str = ""
    series: str = ""
    version: int | None = None
    template: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    recipient_list: str = ""
    enrollment: int | None = None
    step: int | None = None
    mailbox: str = ""
    sender: str = ""
    sending_domain: str = ""
    provider: str = ""
    mailbox_since: datetime | None = None
    leaves_machine: bool = False
    attempt: int = 1
    message_class: MessageClass = MessageClass.COMMERCIAL

    @cached_property
    def card_digests(self) -> Sequence[str]:
        """The digests that the card of this address has, under every key, the current one last."""
        return cards.canonical_digests(self.address)

    @cached_property
    def recipient_domain(self) -> str:
        """The digest of the recipient's domain, by which it is counted and locked."""
        return cards.domain_digest(self.address.domain)

    @property
    def opening(self) -> bool:
        """Whether this would be the first message of a passage."""
        return self.step == 1

    @property
    def scopes(self) -> set[str]:
        """What a halt, a withdrawal or a stop may name; locked shared by a clearance."""
        named = {self.mailbox, self.sequence, self.template, self.recipient_list, self.account} - {""}
        return named | {f"sending-domain:{self.sending_domain}"} | suppression.scopes_above(self.address.domain)


class Batch(tuple[Ask, ...]):
    """Questions that are judged together, and what several rules need to know of them: read once for all rules."""

    def once(
        self, read: Callable[Concatenate["Batch", Given], Answer], *given: Given.args, **also: Given.kwargs
    ) -> Answer:
        """What `read` says of this batch and what is given, asked once. It must depend on nothing else."""
        asked = read, given, tuple(also.items())
        if asked not in self._known:
            self._known[asked] = read(self, *given, **also)
        return cast(Answer, self._known[asked])

    @cached_property
    def _known(self) -> dict[object, object]:
        return {}
