"""Puts the questions of tests to the door: an address with its card, an ask for it, the ledger's own rules alone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from compliance import addresses, cards, clearance, lifting, suppression
from compliance.addresses import Address
from compliance.asking import Ask
from compliance.clearance import Ruling
from compliance.models import Lift, OptIn, Suppression, SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from tests.cast import LONG_AGO, TUESDAY
from tests.factories import UserFactory, armed

RULES = [
    "compliance.rules.NotSuppressed",
    "compliance.rules.NotHeld",
    "compliance.rules.MayBeAddressed",
    "compliance.rules.HasLegalBasis",
    "compliance.rules_caps.PersonCap",
    "compliance.rules_caps.AccountCap",
    "compliance.rules_caps.RecipientDomainCap",
    "compliance.rules_caps.MailboxCap",
    "compliance.rules_caps.MailboxMinuteCap",
    "compliance.rules_caps.NewPeopleCap",
]
ADA = "ada@pumps.example.com"


def ask(text: str = ADA, ref: str = "1/1", **columns: Any) -> Ask:
    """A question about the first step to somebody with a card, sound in every respect but what is given;
    the database may send."""
    armed()
    parsed = addresses.parse(text)
    card = cards.find_or_make([parsed], at=LONG_AGO)[parsed.canonical]
    given = {"card": card.pk, "person": card.person_id, **_SOUND, **columns}
    return Ask(ref=ref, address=parsed, **given)


def clear(*asks: Ask, at: datetime = TUESDAY) -> list[Ruling]:
    """The final clearance; every message is still its worker's."""
    armed()
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


def opted_in(text: str = ADA, at: datetime = TUESDAY) -> OptIn:
    """Somebody wants mail again, and a member of staff has it on paper."""
    by, parsed = UserFactory(role="legal"), addresses.parse(text)
    return lifting.record_opt_in(parsed, OptIn.Way.FORM, "Yes, write to me", "case 7", by=by, at=at)


def lifted(stop: Suppression) -> Lift:
    """A stop that one person may lift is lifted."""
    return lifting.lift_alone(stop, "It works again", by=UserFactory(role="sales_ops"), at=TUESDAY)


_SOUND = {
    "source": "trade_fair",
    "basis": "legitimate_interest",
    "account": "account:1",
    "step": 1,
    "mailbox": "mailbox:1",
    "provider": "relay",
    "sending_domain": "ours.example.com",
    "recipient_list": "list:1",
    "sequence": "sequence:1",
}
