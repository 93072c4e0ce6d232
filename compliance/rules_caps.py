"""Decides whether a message is one too many: for its person, account, recipient domain, mailbox (spec SQ6; LAW LIM).

Counted from the door's own rows under the locks on the budgets, never from a counter that a restart forgets
(LAW PIP-12). Persons, accounts, domains and new people count messages, a mailbox counts attempts (spec X1).
"""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from compliance import caps, cards, companies, persons, playbook
from compliance.asking import Ask
from compliance.caps import Cap, Room
from compliance.clearance import Rule, Verdict, defer, permit
from compliance.models import Decision, Outcome, Touch

# What counts against each key: by message or attempt, so that none counts twice, the moment it may have gone.
Key = str | UUID
Gone = dict[Key, dict[str, datetime]]
# What the limits of an ask depend on beside the playbook: nothing, or whose mailbox it is and since when.
Kind = tuple[str, datetime | None]

_ANY: Kind = ("", None)


@dataclass(frozen=True)
class Facts:
    """The limits that hold for each kind of ask, and what has gone by each key of the batch within `span`.

    `said` keeps what was answered: most asks of a batch have the same limits and as much room.
    """

    limits: Mapping[Kind, Sequence[Cap]]
    gone: Gone = field(default_factory=dict)
    span: timedelta = timedelta()
    said: dict[tuple[Kind, int], Verdict] = field(default_factory=dict)


class _Cap(Rule, ABC):
    """Counts what was cleared, other than this very attempt, in rolling windows."""

    name = ""

    @abstractmethod
    def key(self, ask: Ask) -> Key:
        """What the cap counts by; empty when it does not apply."""

    @abstractmethod
    def gone(self, asks: Sequence[Ask], since: datetime) -> Gone:
        """What has gone since, by the keys of these asks."""

    def limits(self, section: Mapping[str, Any], kind: Kind) -> Sequence[Cap]:
        """Every limit that holds for asks of this kind; the one with the least room decides."""
        return (caps.in_force(section, self.name),)

    def kind(self, ask: Ask) -> Kind:
        """What the limits depend on."""
        return _ANY

    def mark(self, ask: Ask) -> str:
        """What counts once."""
        return ask.ref

    def load(self, asks: Sequence[Ask], at: datetime) -> Facts:
        section = playbook.section("caps")
        counted = [ask for ask in asks if self._counted_by(ask)]
        limits = {kind: self.limits(section, kind) for kind in {self.kind(ask) for ask in counted}}
        span = max((cap.window for some in limits.values() for cap in some), default=timedelta())
        return Facts(limits, self.gone(counted, at - span) if span else {}, span)

    def judge(self, ask: Ask, facts: Facts, at: datetime) -> Verdict:
        key, kind = self._counted_by(ask), self.kind(ask)
        limits = facts.limits.get(kind) if key else None
        if not limits:
            return permit()
        own, gone = self.mark(ask), facts.gone.get(key, {})
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
            facts.gone.setdefault(key, {})[self.mark(ask)] = at

    def _counted_by(self, ask: Ask) -> Key:
        """The key, if the cap applies; nothing is counted before something is planned."""
        return "" if ask.step is None else self.key(ask)


class PersonCap(_Cap):
    """At most so many messages to one person in a while, whoever they were taken for then (LAW LIM-03)."""

    name = "person"

    def key(self, ask: Ask) -> Key:
        return ask.person or ""

    def gone(self, asks: Sequence[Ask], since: datetime) -> Gone:
        known = persons.aliases({ask.person for ask in asks if ask.person})
        return _touches("person", known, since)


class AccountCap(_Cap):
    """At most so many messages to one account in a while, under whichever key they were written down (LAW LIM-03)."""

    name = "account"

    def key(self, ask: Ask) -> str:
        return ask.account

    def gone(self, asks: Sequence[Ask], since: datetime) -> Gone:
        return _touches("account", companies.aliases({ask.account for ask in asks}), since)


class RecipientDomainCap(_Cap):
    """At most so many messages to one recipient domain in a while, under whichever key they were written down."""

    name = "recipient_domain"

    def key(self, ask: Ask) -> str:
        return ask.recipient_domain

    def gone(self, asks: Sequence[Ask], since: datetime) -> Gone:
        domains = {ask.address.domain for ask in asks}
        known = {cards.domain_digest(domain): cards.domain_digests(domain) for domain in domains}
        return _touches("domain", known, since)


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
        return _attempt(ask.ref, ask.attempt)

    def gone(self, asks: Sequence[Ask], since: datetime) -> Gone:
        return _attempts({ask.mailbox for ask in asks}, since)


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

    def gone(self, asks: Sequence[Ask], since: datetime) -> Gone:
        return _touches("mailbox", {ask.mailbox: {ask.mailbox} for ask in asks}, since, opening=True)


def rooms_of(mailbox: str, *, provider: str, since: datetime, at: datetime) -> dict[str, list[Room]]:
    """What one mailbox may still send, by cap: `mailbox`, `mailbox_minute`, `new_people`; each limit by itself."""
    section = playbook.section("caps")
    limits = {
        "mailbox_minute": caps.per_minute(section, provider),
        "mailbox": caps.of_mailbox(section, provider, since),
        "new_people": (caps.in_force(section, "new_people"),),
    }
    longest = max(cap.window for some in limits.values() for cap in some)
    sent = list(_attempts({mailbox}, at - longest).get(mailbox, {}).values())
    new = list(_touches("mailbox", {mailbox: {mailbox}}, at - longest, opening=True).get(mailbox, {}).values())
    return {
        name: [caps.room(cap, new if name == "new_people" else sent, at) for cap in some]
        for name, some in limits.items()
    }


def _as_why(least: Room) -> dict[str, Any]:
    hours = least.window / timedelta(hours=1)
    return {"limit": least.limit, "hours": round(hours, 3), "used": least.used, "bound": str(least.bound)}


def _touches(column: str, known: Mapping[Any, Collection[Key]], since: datetime, **also: Any) -> Gone:
    """By key, the messages whose `column` is one of the values the key is known by.

    A message counts once, at its latest attempt: that is when it may have reached somebody.
    """
    keys: dict[Key, set[Key]] = defaultdict(set)
    for key, values in known.items():
        for value in values:
            keys[value].add(key)
    rows = Touch.objects.filter(Q(**{f"{column}__among": keys}), at__gt=since, **also)
    gone: Gone = defaultdict(dict)
    for value, ref, moment in rows.order_by("at").values_list(column, "ref", "at"):
        for key in keys[value]:
            gone[key][ref] = moment
    return gone


def _attempts(mailboxes: Collection[str], since: datetime) -> Gone:
    rows = Decision.objects.filter(mailbox__among=mailboxes, outcome=Outcome.PERMIT, at__gt=since)
    gone: Gone = defaultdict(dict)
    for mailbox, ref, attempt, moment in rows.values_list("mailbox", "ref", "attempt", "at"):
        gone[mailbox][_attempt(ref, attempt)] = moment
    return gone


def _attempt(ref: str, attempt: int) -> str:
    return f"{ref}#{attempt}"
