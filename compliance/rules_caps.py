"""Decides whether a message is one too many: for its person, account, recipient domain, mailbox (spec SQ6; LAW LIM).

Counted from the door's own rows under the locks on the budgets, never from a counter that a restart forgets
(LAW PIP-12). Persons, accounts, domains and new people count messages, a mailbox counts attempts (spec X1).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from compliance import caps, playbook, spent
from compliance.asking import Ask, Batch
from compliance.caps import Cap, Room
from compliance.clearance import Rule, Verdict, defer, permit
from compliance.spent import Gone, Key, Names

# What the limits of an ask depend on beside the playbook: nothing, or whose mailbox it is and since when.
Kind = tuple[str, datetime | None]

_ANY: Kind = ("", None)
_OF_MESSAGES = ("person", "account", "recipient_domain")


@dataclass(frozen=True)
class Facts:
    """The limits that hold for each kind of ask, and what has gone by each key of the batch within `span`.

    `said` keeps what was answered: most asks of a batch have the same limits and as much room.
    """

    limits: Mapping[Kind, Sequence[Cap]]
    gone: Gone = field(default_factory=spent.nothing)
    span: timedelta = timedelta()
    said: dict[tuple[Kind, int], Verdict] = field(default_factory=dict)


class _Cap(Rule, ABC):
    """Counts what was cleared, other than this very attempt, in rolling windows."""

    name = ""

    @abstractmethod
    def key(self, ask: Ask) -> Key:
        """What the cap counts by; empty when it does not apply."""

    @abstractmethod
    def gone(self, asks: Batch, at: datetime, span: timedelta) -> Gone:
        """What has gone within the span, by the keys of these asks."""

    def limits(self, section: Mapping[str, Any], kind: Kind) -> Sequence[Cap]:
        """Every limit that holds for asks of this kind; the one with the least room decides."""
        return (caps.in_force(section, self.name),)

    def kind(self, ask: Ask) -> Kind:
        """What the limits depend on."""
        return _ANY

    def mark(self, ask: Ask) -> str:
        """What counts once."""
        return ask.ref

    def load(self, asks: Batch, at: datetime) -> Facts:
        section = playbook.section("caps")
        counted = [ask for ask in asks if self._counted_by(ask)]
        limits = {kind: self.limits(section, kind) for kind in {self.kind(ask) for ask in counted}}
        span = max((cap.window for some in limits.values() for cap in some), default=timedelta())
        return Facts(limits, self.gone(asks, at, span) if span else spent.nothing(), span)

    def judge(self, ask: Ask, facts: Facts, at: datetime) -> Verdict:
        key, kind = self._counted_by(ask), self.kind(ask)
        limits = facts.limits.get(kind) if key else None
        if not limits:
            return permit()
        own, gone = self.mark(ask), facts.gone[key]
        count = len(gone) - (own in gone)
        if said := facts.said.get((kind, count)):
            return said
        used = [moment for mark, moment in gone.items() if mark != own]
        least = caps.tightest([caps.room(cap, used, at) for cap in limits])
        seen = _as_why(least)
        if least.free is not None:
            return defer(f"{self.name}_cap", least.free, **seen)
        verdict = permit(**seen)
        if all(cap.window == facts.span for cap in limits):
            # Everything that was loaded lies within every window, so that the count alone decides.
            facts.said[(kind, count)] = verdict
        return verdict

    def spend(self, ask: Ask, facts: Facts, at: datetime) -> None:
        if key := self._counted_by(ask):
            facts.gone[key][self.mark(ask)] = at

    def _counted_by(self, ask: Ask) -> Key:
        """The key, if the cap applies; nothing is counted before something is planned."""
        return "" if ask.step is None else self.key(ask)


class _MessageCap(_Cap, ABC):
    """Counts messages by one column of what was written down of them."""

    column = ""

    @abstractmethod
    def names(self, asks: Batch) -> Names:
        """Under which values of the column something was written down that counts for a key of the batch."""

    def gone(self, asks: Batch, at: datetime, span: timedelta) -> Gone:
        names, value, since = self.names(asks), attrgetter(self.column), at - span
        gone = spent.nothing()
        for sent in asks.once(spent.messages, at - _longest()):
            if sent.at > since:
                for key in names.get(value(sent), ()):
                    gone[key][sent.ref] = sent.at
        return gone


class PersonCap(_MessageCap):
    """At most so many messages to one person in a while, whoever they were taken for then (LAW LIM-03)."""

    name = column = "person"

    def key(self, ask: Ask) -> Key:
        return ask.person or ""

    def names(self, asks: Batch) -> Names:
        return asks.once(spent.people)


class AccountCap(_MessageCap):
    """At most so many messages to one account in a while, under whichever key they were written down (LAW LIM-03)."""

    name = column = "account"

    def key(self, ask: Ask) -> str:
        return ask.account

    def names(self, asks: Batch) -> Names:
        return asks.once(spent.accounts)


class RecipientDomainCap(_MessageCap):
    """At most so many messages to one recipient domain in a while, under whichever key they were written down."""

    name, column = "recipient_domain", "domain"

    def key(self, ask: Ask) -> str:
        return ask.recipient_domain

    def names(self, asks: Batch) -> Names:
        return asks.once(spent.domains)


class MailboxCap(_Cap):
    """At most so many attempts from one mailbox in a rolling day: playbook, age, provider (LAW LIM-01, PIP-12)."""

    name = "mailbox"

    def key(self, ask: Ask) -> str:
        return ask.mailbox

    def kind(self, ask: Ask) -> Kind:
        return ask.provider, ask.mailbox_since

    def limits(self, section: Mapping[str, Any], kind: Kind) -> Sequence[Cap]:
        provider, since = kind
        return caps.of_mailbox(section, provider, since)

    def mark(self, ask: Ask) -> str:
        return spent.attempt(ask.ref, ask.attempt)

    def gone(self, asks: Batch, at: datetime, span: timedelta) -> Gone:
        return spent.attempts({ask.mailbox for ask in asks if ask.step is not None}, at - span)


class MailboxMinuteCap(MailboxCap):
    """At most so many attempts from one mailbox in a minute (LAW §13)."""

    name = "mailbox_minute"

    def limits(self, section: Mapping[str, Any], kind: Kind) -> Sequence[Cap]:
        provider, _since = kind
        return caps.per_minute(section, provider)


class NewPeopleCap(_Cap):
    """At most so many people written to for the first time from one mailbox in a while (spec SQ6)."""

    name = "new_people"

    def key(self, ask: Ask) -> str:
        return ask.mailbox if ask.opening else ""

    def gone(self, asks: Batch, at: datetime, span: timedelta) -> Gone:
        return spent.openings({ask.mailbox for ask in asks if ask.opening}, at - span)


def rooms_of(mailbox: str, *, provider: str, since: datetime, at: datetime) -> dict[str, list[Room]]:
    """What one mailbox may still send, by cap: `mailbox`, `mailbox_minute`, `new_people`; each limit by itself."""
    section = playbook.section("caps")
    limits = {
        "mailbox_minute": caps.per_minute(section, provider),
        "mailbox": caps.of_mailbox(section, provider, since),
        "new_people": (caps.in_force(section, "new_people"),),
    }
    longest = max(cap.window for some in limits.values() for cap in some)
    sent = list(spent.attempts({mailbox}, at - longest).get(mailbox, {}).values())
    new = list(spent.openings({mailbox}, at - longest).get(mailbox, {}).values())
    return {
        name: [caps.room(cap, new if name == "new_people" else sent, at) for cap in some]
        for name, some in limits.items()
    }


def _longest() -> timedelta:
    """As far back as any cap on messages looks."""
    section = playbook.section("caps")
    return max(caps.in_force(section, name).window for name in _OF_MESSAGES)


def _as_why(least: Room) -> dict[str, Any]:
    hours = least.window / timedelta(hours=1)
    return {"limit": least.limit, "hours": round(hours, 3), "used": least.used, "bound": str(least.bound)}
