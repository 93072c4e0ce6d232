"""The ledger's own reasons why a message may not go: stops, addresses nobody should write to, basis, caps."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Max, Q

from compliance import cards, playbook, suppression
from compliance.asking import Ask, MessageClass
from compliance.caps import Cap, next_free, read
from compliance.clearance import Rule, Verdict, defer, permit, refuse
from compliance.models import Decision, Outcome, Suppression, Touch

_NEVER = frozenset(
    {
        *("abuse", "admin", "administrator", "do-not-reply", "donotreply", "hostmaster", "listserv", "mailer-daemon"),
        *("majordomo", "no-reply", "noreply", "postmaster", "privacy", "root", "security", "spam", "usenet", "uucp"),
        "webmaster",
    }
)
_BASES = frozenset({"consent", "contract", "existing_customer", "published_address", "legitimate_interest"})
_GUESSED = frozenset({"pattern_guess", "guessed", "harvested", "bought"})

Gone = dict[str, list[datetime]]


class NotSuppressed(Rule):
    """No stop holds for this person, in any spelling, or for the domain (LAW SUP-02, SUP-10)."""

    def load(self, asks: Sequence[Ask], at: datetime) -> Mapping[str, Suppression]:
        # By the very address that is written to, not only by its card: a card may be older than the newest key or
        # than a change of the address (LAW SUP-01, SUP-02).
        found = suppression.stopped_spellings([ask.address for ask in asks if ask.card])
        found |= suppression.stopped_addresses([ask.address for ask in asks if not ask.card])
        known = suppression.stopped_cards([ask.card for ask in asks if ask.card])
        return found | {str(card): row for card, row in known.items()}

    def judge(self, ask: Ask, facts: Mapping[str, Suppression], at: datetime) -> Verdict:
        row = facts.get(str(ask.card)) or facts.get(ask.address.canonical)
        if row is None:
            return permit()
        return refuse("suppressed", stop=row.pk, reason=row.reason, since=row.at.isoformat(), order=row.order_no)


class MayBeAddressed(Rule):
    """Nobody writes marketing to postmaster, abuse and their like (RFC 2142; LAW SUP-08)."""

    def judge(self, ask: Ask, facts: None, at: datetime) -> Verdict:
        local = ask.address.base_local
        if local in _NEVER or local.startswith("list-") or local.endswith("-request"):
            return refuse("role_address", local=local)
        return permit()


class HasLegalBasis(Rule):
    """Each row states where the address came from and why it may be written to (LAW JUR-03, JUR-04)."""

    def judge(self, ask: Ask, facts: None, at: datetime) -> Verdict:
        if ask.message_class == MessageClass.PERSONAL:
            return permit(message_class=ask.message_class)
        if ask.source in _GUESSED:
            return refuse("address_guessed", source=ask.source)
        if not ask.source:
            return refuse("no_source")
        if ask.basis not in _BASES:
            return refuse("no_legal_basis", basis=ask.basis)
        return permit(basis=ask.basis)


class _TouchCap(Rule, ABC):
    """Counts messages already cleared, other than this one, in a rolling window."""

    name = ""
    column = ""

    @abstractmethod
    def key(self, ask: Ask) -> str:
        """What the cap counts by; empty when it does not apply."""

    def load(self, asks: Sequence[Ask], at: datetime) -> tuple[Cap, Gone]:
        cap = read(playbook.section("caps"), self.name)
        keys = {self.key(ask) for ask in asks if self._applies(ask)}
        return cap, self.gone(asks, keys, at - cap.window)

    def gone(self, asks: Sequence[Ask], keys: set[str], since: datetime) -> Gone:
        rows = Touch.objects.filter(Q(**{f"{self.column}__in": keys}), at__gt=since)
        rows = rows.exclude(ref__in=[ask.ref for ask in asks])
        gone: Gone = defaultdict(list)
        # A message counts once, at its latest attempt: that is when it may have reached somebody.
        for key, _ref, moment in rows.values_list(self.column, "ref").annotate(latest=Max("at")):
            gone[str(key)].append(moment)
        return gone

    def judge(self, ask: Ask, facts: tuple[Cap, Gone], at: datetime) -> Verdict:
        cap, gone = facts
        if not self._applies(ask):
            return permit()
        used = gone.get(self.key(ask), [])
        free = next_free(cap, used, at)
        seen: dict[str, Any] = {"limit": cap.limit, "hours": cap.window.total_seconds() / 3600, "used": len(used)}
        return permit(**seen) if free is None else defer(f"{self.name}_cap", free, **seen)

    def spend(self, ask: Ask, facts: tuple[Cap, Gone], at: datetime) -> None:
        if self._applies(ask):
            facts[1].setdefault(self.key(ask), []).append(at)

    def _applies(self, ask: Ask) -> bool:
        return ask.step is not None and bool(self.key(ask))


class PersonCap(_TouchCap):
    """At most so many messages to one person in a while (LAW LIM-03)."""

    name, column = "person", "person"

    def key(self, ask: Ask) -> str:
        return str(ask.person or "")


class AccountCap(_TouchCap):
    """At most so many messages to one account in a while (LAW LIM-03)."""

    name, column = "account", "account"

    def key(self, ask: Ask) -> str:
        return ask.account


class RecipientDomainCap(_TouchCap):
    """At most so many messages to one recipient domain in a while."""

    name, column = "recipient_domain", "domain"

    def key(self, ask: Ask) -> str:
        return cards.domain_digest(ask.address.domain)


class MailboxCap(_TouchCap):
    """At most so many attempts from one mailbox in a rolling 24 hours (LAW LIM-01, PIP-12)."""

    name, column = "mailbox", "mailbox"

    def key(self, ask: Ask) -> str:
        return ask.mailbox

    def gone(self, asks: Sequence[Ask], keys: set[str], since: datetime) -> Gone:
        rows = Decision.objects.filter(mailbox__in=keys, outcome=Outcome.PERMIT, at__gt=since)
        gone: Gone = defaultdict(list)
        for key, moment in rows.values_list("mailbox", "at"):
            gone[key].append(moment)
        return gone
