"""Decides whether a message is one too many: for its person, account, recipient domain, mailbox (spec SQ6; LAW LIM).

Counted from the door's own rows under the locks on the budgets, never from a counter that a restart forgets
(LAW PIP-12). Persons, accounts, domains and new people count messages, a mailbox counts attempts (spec X1).
"""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, Q

from compliance import caps, cards, persons, playbook
from compliance.asking import Ask
from compliance.caps import Cap, Room
from compliance.clearance import Rule, Verdict, defer, permit
from compliance.models import Decision, Outcome, Touch

# What counts against each key: by message or attempt, so that none counts twice, the moment it may have gone.
Gone = dict[str, dict[str, datetime]]


@dataclass(frozen=True)
class Facts:
    """The playbook's section, and what has gone by each key of the batch."""

    section: Mapping[str, Any]
    gone: Gone


class _Cap(Rule, ABC):
    """Counts what was cleared, other than this very attempt, in rolling windows."""

    name = ""

    @abstractmethod
    def key(self, ask: Ask) -> str:
        """What the cap counts by; empty when it does not apply."""

    @abstractmethod
    def gone(self, asks: Sequence[Ask], since: datetime) -> Gone:
        """What has gone since, by the keys of these asks."""

    def limits(self, section: Mapping[str, Any], ask: Ask) -> Sequence[Cap]:
        """Every limit that holds; the one with the least room decides."""
        return (caps.in_force(section, self.name),)

    def mark(self, ask: Ask) -> str:
        """What counts once."""
        return ask.ref

    def load(self, asks: Sequence[Ask], at: datetime) -> Facts:
        section = playbook.section("caps")
        counted = [ask for ask in asks if self.applies(ask)]
        windows = {cap.window for ask in counted for cap in self.limits(section, ask)}
        return Facts(section, self.gone(counted, at - max(windows)) if windows else {})

    def judge(self, ask: Ask, facts: Facts, at: datetime) -> Verdict:
        limits = self.limits(facts.section, ask) if self.applies(ask) else ()
        if not limits:
            return permit()
        own, gone = self.mark(ask), facts.gone.get(self.key(ask), {})
        used = [moment for mark, moment in gone.items() if mark != own]
        least = caps.tightest([caps.room(cap, used, at) for cap in limits])
        seen = _as_why(least)
        return permit(**seen) if least.free is None else defer(f"{self.name}_cap", least.free, **seen)

    def spend(self, ask: Ask, facts: Facts, at: datetime) -> None:
        if self.applies(ask):
            facts.gone.setdefault(self.key(ask), {})[self.mark(ask)] = at

    def applies(self, ask: Ask) -> bool:
        """Nothing is counted before something is planned."""
        return ask.step is not None and bool(self.key(ask))


class PersonCap(_Cap):
    """At most so many messages to one person in a while, whoever they were taken for then (LAW LIM-03)."""

    name = "person"

    def key(self, ask: Ask) -> str:
        return str(ask.person or "")

    def gone(self, asks: Sequence[Ask], since: datetime) -> Gone:
        known = persons.aliases({ask.person for ask in asks if ask.person})
        return _touches("person", {str(person): keys for person, keys in known.items()}, since)


class AccountCap(_Cap):
    """At most so many messages to one account in a while (LAW LIM-03)."""

    name = "account"

    def key(self, ask: Ask) -> str:
        return ask.account

    def gone(self, asks: Sequence[Ask], since: datetime) -> Gone:
        return _touches("account", {ask.account: {ask.account} for ask in asks}, since)


class RecipientDomainCap(_Cap):
    """At most so many messages to one recipient domain in a while, under whichever key they were written down."""

    name = "recipient_domain"

    def key(self, ask: Ask) -> str:
        return cards.domain_digest(ask.address.domain)

    def gone(self, asks: Sequence[Ask], since: datetime) -> Gone:
        known = {self.key(ask): cards.domain_digests(ask.address.domain) for ask in asks}
        return _touches("domain", known, since)


class MailboxCap(_Cap):
    """At most so many attempts from one mailbox in a rolling day: playbook, age, provider (LAW LIM-01, PIP-12)."""

    name = "mailbox"

    def key(self, ask: Ask) -> str:
        return ask.mailbox

    def limits(self, section: Mapping[str, Any], ask: Ask) -> Sequence[Cap]:
        return caps.of_mailbox(section, ask.provider, ask.mailbox_since)

    def mark(self, ask: Ask) -> str:
        return _attempt(ask.ref, ask.attempt)

    def gone(self, asks: Sequence[Ask], since: datetime) -> Gone:
        return _attempts({ask.mailbox for ask in asks}, since)


class MailboxMinuteCap(MailboxCap):
    """At most so many attempts from one mailbox in a minute (LAW §13)."""

    name = "mailbox_minute"

    def limits(self, section: Mapping[str, Any], ask: Ask) -> Sequence[Cap]:
        return caps.per_minute(section, ask.provider)


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


def _touches(column: str, known: Mapping[str, Collection[Any]], since: datetime, **also: Any) -> Gone:
    """By key, the messages whose `column` is one of the values the key is known by.

    A message counts once, at its latest attempt: that is when it may have reached somebody.
    """
    keys: dict[str, set[str]] = defaultdict(set)
    for key, values in known.items():
        for value in values:
            keys[str(value)].add(key)
    rows = Touch.objects.filter(Q(**{f"{column}__in": list(keys)}), at__gt=since, **also)
    gone: Gone = defaultdict(dict)
    for value, ref, moment in rows.values_list(column, "ref").annotate(latest=Max("at")):
        for key in keys[str(value)]:
            gone[key][ref] = max(moment, gone[key].get(ref, moment))
    return gone


def _attempts(mailboxes: Collection[str], since: datetime) -> Gone:
    rows = Decision.objects.filter(mailbox__in=mailboxes, outcome=Outcome.PERMIT, at__gt=since)
    gone: Gone = defaultdict(dict)
    for mailbox, ref, attempt, moment in rows.values_list("mailbox", "ref", "attempt", "at"):
        gone[mailbox][_attempt(ref, attempt)] = moment
    return gone


def _attempt(ref: str, attempt: int) -> str:
    return f"{ref}#{attempt}"
