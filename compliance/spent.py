"""What has gone, and when: read from the door's own rows, by whatever a cap counts (spec SQ6; LAW PIP-12).

One query for all messages of a batch, whoever they are counted for.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar
from uuid import UUID

from django.db.models import Q

from compliance import cards, companies, persons
from compliance.asking import Ask, Batch
from compliance.models import Decision, Outcome, Touch

# What counts against each key: by message or attempt, so that none counts twice, the moment it may have gone.
Key = str | UUID
Gone = defaultdict[Key, dict[str, datetime]]
# For which keys of the batch something counts, by the value it was written down under.
Names = Mapping[Key, Sequence[Key]]
Known = TypeVar("Known", str, UUID)


class Sent(NamedTuple):
    """A message that may have gone, and what it counts for."""

    person: UUID
    account: str
    domain: str
    ref: str
    at: datetime


def nothing() -> Gone:
    """What is filled in."""
    return defaultdict(dict)


def messages(asks: Batch, since: datetime) -> list[Sent]:
    """What has gone since to the persons, accounts and domains of the batch, by time.

    A message comes once an attempt: it counts at the latest, when it may have reached somebody.
    """
    theirs = Q(person__among=asks.once(people)) | Q(account__among=asks.once(accounts))
    rows = Touch.objects.filter(theirs | Q(domain__among=asks.once(domains)), at__gt=since).order_by("at")
    return [Sent._make(row) for row in rows.values_list(*Sent._fields)]


def openings(mailboxes: Collection[str], since: datetime) -> Gone:
    """By mailbox, every message since by which somebody was written to for the first time."""
    rows = Touch.objects.filter(mailbox__among=mailboxes, opening=True, at__gt=since).order_by("at")
    gone = nothing()
    for mailbox, ref, moment in rows.values_list("mailbox", "ref", "at"):
        gone[mailbox][ref] = moment
    return gone


def attempts(mailboxes: Collection[str], since: datetime) -> Gone:
    """By mailbox, every attempt that may have been made since."""
    rows = Decision.objects.filter(mailbox__among=mailboxes, outcome=Outcome.PERMIT, at__gt=since)
    gone = nothing()
    for mailbox, ref, number, moment in rows.values_list("mailbox", "ref", "attempt", "at"):
        gone[mailbox][attempt(ref, number)] = moment
    return gone


def attempt(ref: str, number: int) -> str:
    """How one attempt of a message is named where attempts count."""
    return f"{ref}#{number}"


def people(asks: Batch) -> Names:
    """The persons of the batch, and everybody who was merged into one of them."""
    return _with({ask.person for ask in _planned(asks) if ask.person}, persons.absorbed)


def accounts(asks: Batch) -> Names:
    """The accounts of the batch, and everything that was merged into one of them."""
    return _with({ask.account for ask in _planned(asks) if ask.account}, companies.absorbed)


def domains(asks: Batch) -> Names:
    """The recipient domains of the batch, in every reading and under every key."""
    names: dict[Key, list[Key]] = defaultdict(list)
    for domain in {ask.address.domain for ask in _planned(asks)}:
        for digest in cards.domain_digests(domain):
            names[digest].append(cards.domain_digest(domain))
    return names


def _planned(asks: Batch) -> Iterable[Ask]:
    # Nothing is counted before something is planned.
    return (ask for ask in asks if ask.step is not None)


def _with(keys: set[Known], absorbed: Callable[[Collection[Known]], Mapping[Known, Known]]) -> Names:
    names: dict[Key, list[Key]] = {key: [key] for key in keys}
    for former, now in absorbed(keys).items():
        names.setdefault(former, []).append(now)
    return names
