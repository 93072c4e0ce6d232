"""Puts the questions of tests to the door: an address with its card, an ask for it, the ledger's own rules alone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from compliance import addresses, cards, clearance, suppression
from compliance.addresses import Address
from compliance.asking import Ask
from compliance.clearance import Ruling
from compliance.models import Suppression, SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from tests.cast import LONG_AGO, TUESDAY

RULES = [
    "compliance.rules.NotSuppressed",
    "compliance.rules.MayBeAddressed",
    "compliance.rules.HasLegalBasis",
    "compliance.rules.PersonCap",
    "compliance.rules.AccountCap",
    "compliance.rules.RecipientDomainCap",
    "compliance.rules.MailboxCap",
]
ADA = "ada@pumps.example.com"


def ask(text: str = ADA, ref: str = "1/1", **columns: Any) -> Ask:
    """A question about the first step to somebody with a card, sound in every respect but what is given."""
    parsed = addresses.parse(text)
    card = cards.find_or_make([parsed], at=LONG_AGO)[parsed.canonical]
    given = {"card": card.pk, "person": card.person_id, **_SOUND, **columns}
    return Ask(ref=ref, address=parsed, **given)


def clear(*asks: Ask, at: datetime = TUESDAY) -> list[Ruling]:
    """The final clearance; every message is still its worker's."""
    return clearance.clear(asks, at=at, confirm=everything)


def everything(permitted: Sequence[Ruling]) -> list[str]:
    """A worker that has lost nothing."""
    return [ruling.ask.ref for ruling in permitted]


def stop(text: str = ADA, reason: SuppressionReason = SuppressionReason.BY_PHONE, **columns: Any) -> Suppression:
    """Somebody wants no more mail."""
    return suppression.stop_address(addresses.parse(text), Stop(reason, **columns), by=SYSTEM, at=TUESDAY)


def stop_domain(domain: str) -> Suppression:
    """Nobody at a domain wants mail."""
    return suppression.stop_domain(domain, Stop(SuppressionReason.LEGAL_DEMAND), by=SYSTEM, at=TUESDAY)


def stopped(text: str) -> bool:
    """Whether a stop holds for an address, known or not."""
    parsed: Address = addresses.parse(text)
    return parsed.canonical in suppression.stopped_addresses([parsed])


_SOUND = {
    "source": "trade_fair",
    "basis": "legitimate_interest",
    "account": "account:1",
    "step": 1,
    "mailbox": "mailbox:1",
    "sending_domain": "ours.example.com",
    "recipient_list": "list:1",
    "sequence": "sequence:1",
}
