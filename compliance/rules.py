"""The ledger's own reasons why a message may not go: stops and holds, addresses nobody should write to, basis."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from compliance import addresses, holds, playbook, stopped
from compliance.asking import Ask, Batch, MessageClass
from compliance.clearance import Rule, Verdict, defer, permit, refuse
from compliance.models import Hold, Suppression
from compliance.stopped import Stops

_NEVER = frozenset(
    {
        *("abuse", "admin", "administrator", "do-not-reply", "donotreply", "hostmaster", "listserv", "mailer-daemon"),
        *("majordomo", "no-reply", "noreply", "postmaster", "privacy", "root", "security", "spam", "usenet", "uucp"),
        "webmaster",
    }
)
_BASES = frozenset({"consent", "contract", "existing_customer", "published_address", "legitimate_interest"})
_GUESSED = frozenset({"pattern_guess", "guessed", "harvested", "bought"})
_UNTIL_SOMEBODY_DECIDES = timedelta(hours=1)


_WITH_BASIS = {basis: permit(basis=basis) for basis in _BASES}


class NotSuppressed(Rule):
    """No stop holds for this person, in any spelling, nor for domain or company, nor for whom the address imitates.

    LAW SUP-02, SUP-03, SUP-07, SUP-10.
    """

    def load(self, asks: Batch, at: datetime) -> Stops:
        # By the very address that is written to, not only by its card: a card may be older than the newest key or
        # than a change of the address (LAW SUP-01, SUP-02).
        known = {ask.card for ask in asks if ask.card}
        unknown = [ask.address for ask in asks if not ask.card]
        return stopped.stops(known, [ask.address for ask in asks], unknown, {ask.account for ask in asks})

    def judge(self, ask: Ask, facts: Stops, at: datetime) -> Verdict:
        if facts.none:
            return permit()
        by_card = facts.cards.get(ask.card) if ask.card else None
        row = by_card or facts.addresses.get(ask.address.canonical) or facts.accounts.get(ask.account)
        if row:
            return _refused("suppressed", row)
        alike = facts.alike.get(ask.address.canonical)
        return _refused(stopped.IMITATES, alike.stop) if alike else permit()


def _refused(code: str, stop: Suppression) -> Verdict:
    return refuse(code, stop=stop.pk, reason=stop.reason, since=stop.at.isoformat(), order=stop.order_no)


class NotHeld(Rule):
    """Nobody has to decide first what this person wants (LAW THR-06, AUT-07; spec R4)."""

    def load(self, asks: Batch, at: datetime) -> Mapping[UUID, Hold]:
        return holds.standing({ask.person for ask in asks if ask.person})

    def judge(self, ask: Ask, facts: Mapping[UUID, Hold], at: datetime) -> Verdict:
        row = facts.get(ask.person) if ask.step is not None and ask.person else None
        if row is None:
            return permit()
        return defer("held", at + _UNTIL_SOMEBODY_DECIDES, hold=row.pk, reason=row.reason, order=row.order_no)


class MayBeAddressed(Rule):
    """Nobody writes marketing to postmaster, abuse and their like, to telephones, or where the playbook forbids it.

    RFC 2142, 47 CFR 64.3100; LAW SUP-08.
    """

    def load(self, asks: Batch, at: datetime) -> frozenset[str]:
        stated = playbook.section("recipients").get("never_domains", ())
        return _wireless() | {f"@{str(domain).lower().lstrip('@')}" for domain in stated}

    def judge(self, ask: Ask, facts: frozenset[str], at: datetime) -> Verdict:
        local = ask.address.base_local
        if local in _NEVER or local.startswith("list-") or local.endswith("-request"):
            return refuse("role_address", local=local)
        spelled = addresses.domain_variants(ask.address.domain)
        if facts.isdisjoint(spelled):
            return permit()
        return refuse("never_domain" if _wireless().isdisjoint(spelled) else "wireless_domain")


@lru_cache(maxsize=1)
def _wireless() -> frozenset[str]:
    lines = Path(__file__).with_name("wireless.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(f"@{line.strip()}" for line in lines if line.strip() and not line.startswith("#"))


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
        return _WITH_BASIS[ask.basis]
