"""The shape of an explanation: keys on which programs may rely, as docs/explain.md tells them.

Moments are aware datetimes (in JSON ISO 8601), codes are those of the rules, and beside each code stands `because`: the
same in words, in the language of the reader.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypedDict


class Verdict(TypedDict):
    """What one rule said. `why` is what it looked at, `means` what it makes sure of."""

    rule: str
    means: str
    outcome: str
    code: str
    because: str
    until: datetime | None
    why: Mapping[str, Any]


class Contact(TypedDict):
    """One address of the person as we write to it; empty texts where they were erased."""

    id: int
    name: str
    address: str
    account: str
    since: datetime
    erased_at: datetime | None
    merged_into: int | None


class Change(TypedDict):
    """What changed in who they are: merged, split, erased."""

    at: datetime
    verb: str
    said: str
    by: str


class Person(TypedDict):
    """Whom the ledger knows, by every key they ever had. `key` is None when nothing but a stop knows them."""

    key: str | None
    keys: list[str]
    addresses: int
    contacts: list[Contact]
    changes: list[Change]


class Stop(TypedDict):
    """A stop. `reading` is as what an address is read that imitates the one it was recorded for."""

    id: int
    scope: str
    reason: str
    because: str
    at: datetime
    holds: bool
    lifted_at: datetime | None
    reading: str


class Hold(TypedDict):
    """A hold of the person: until it ends somebody has to decide. `source` is what gave rise to it, as the log says."""

    id: int
    reason: str
    because: str
    source: str
    at: datetime
    by: str
    holds: bool
    ended_at: datetime | None


class Halt(TypedDict):
    """What stands still, of all that this person's next message belongs to."""

    id: int
    scope: str
    said: str
    since: datetime
    kind: str
    reason: str


class Passage(TypedDict):
    """One passage through a sequence."""

    id: int
    contact: int
    sequence: str
    version: int
    list: str
    mailbox: str
    state: str
    said: str
    reason: str
    because: str
    entered: datetime
    ended: datetime | None
    signed_at: datetime | None
    next_step: int
    steps: int
    due: datetime | None


class Signature(TypedDict):
    """Who signed what a message was written from, or that this person gets it."""

    step: str
    said: str
    by: str
    at: datetime
    digest: str


class Build(TypedDict):
    """The code that decided; version and commit are empty where the log does not say."""

    id: str
    version: str
    commit: str


class Attempt(TypedDict):
    """One try. `decided` is the door's answer, empty if it was never asked; `outcome` what became of the try."""

    number: int
    at: datetime
    decided: str
    code: str
    because: str
    until: datetime | None
    order: int | None
    playbook: int | None
    build: Build | None
    verdicts: list[Verdict]
    outcome: str
    said: str
    phase: str
    reply: int | None
    answer: str


class CameBack(TypedDict):
    """What came back: `kind` is that of an event or the verdict on an answer."""

    at: datetime
    kind: str
    said: str
    source: str


class Event(TypedDict):
    """What the log says was done with a message, by whom and why."""

    at: datetime
    verb: str
    said: str
    by: str
    reason: str


class Message(TypedDict):
    """One message. `refusal` is the verdict that ended it before any try."""

    id: int
    ref: str
    passage: int
    step: int
    text: str
    digest: str
    mailbox: str
    state: str
    said: str
    reason: str
    because: str
    planned: datetime
    not_before: datetime
    expires: datetime
    settled: datetime | None
    refusal: Verdict | None
    attempts: list[Attempt]
    signatures: list[Signature]
    came_back: list[CameBack]
    history: list[Event]


class Next(TypedDict):
    """What comes next. `earliest` is None when it will not go by itself.

    Then `waits_for` says what somebody has to end first, or `ends_with` what ends it; `verdicts` are those of now.
    """

    passage: int
    ref: str
    step: int
    state: str
    due: datetime | None
    earliest: datetime | None
    expires: datetime | None
    waits_for: str
    ends_with: str
    because: str
    verdicts: list[Verdict]


class Listed(TypedDict):
    """A list that names the person and from which no passage came, and why not."""

    list: int
    name: str
    sequence: str
    state: str
    code: str
    because: str
    since: datetime | None
    verdicts: list[Verdict]


class LeftOut(TypedDict):
    """A row of a file that an import left out because of a stop of this person."""

    run: int
    file: str
    list: str
    row: int
    verdict: str
    because: str
    at: datetime


class LostStep(TypedDict):
    """A step that had gone before the database was restored, as a journal tells."""

    series: str
    step: int


class Older(TypedDict):
    """How many messages are older than those told, and the key below which they begin."""

    count: int
    before: int


class Explanation(TypedDict):
    """Everything: who, what stands against it, what happened, what comes next."""

    at: datetime
    person: Person
    stops: list[Stop]
    holds: list[Hold]
    halts: list[Halt]
    passages: list[Passage]
    messages: list[Message]
    older: Older | None
    came_back: list[CameBack]
    next: Next | None
    lists: list[Listed]
    left_out: list[LeftOut]
    lost_steps: list[LostStep]
