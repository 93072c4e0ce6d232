"""Decides whom of a file we know already, and what a row would make of a person and of their company."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from compliance import cards
from compliance.addresses import Address
from compliance.models import AddressCard
from sequences.imports.drafts import Draft, better
from sequences.models import Account, Contact

_PERSON = ("first_name", "last_name", "title", "country", "city", "zone")
_COMPANY = ("name", "industry", "ecosystem")

Values = Mapping[str, str]
_UNKNOWN: Values = dict.fromkeys(_COMPANY, "")


def contacts_of(addresses: Sequence[Address]) -> dict[str, Contact]:
    """{canonical spelling: contact}, by any address of the person."""
    found = cards.find(addresses)
    persons = {card.person_id for card in found.values()}
    rows = Contact.objects.filter(card__person__in=persons).select_related("account", "card").order_by("pk")
    # Who was erased is nobody's contact any more, except of the very card they had.
    by_person = {row.card.person_id: row for row in rows if not row.erased_at}
    by_card = {row.card_id: row for row in rows}
    known = {canonical: by_card.get(card.pk) or by_person.get(card.person_id) for canonical, card in found.items()}
    return {canonical: row for canonical, row in known.items() if row}


class Companies:
    """What is known of companies by domain: what we hold, and what earlier rows of the file filled in."""

    def __init__(self) -> None:
        self._named: dict[str, str] = {}
        self._values: dict[str, tuple[str, ...]] = {}
        self._keys: dict[str, str] = {}

    def learn(self, domains: set[str]) -> None:
        """Look up the companies of these domains that are not known yet."""
        unknown = domains - self._named.keys() - self._values.keys()
        for row in Account.objects.filter(domain__in=unknown).select_related("merged_into"):
            company = row.merged_into or row
            self._named[row.domain] = company.domain
            self._values.setdefault(company.domain, tuple(getattr(company, name) for name in _COMPANY))
            self._keys[company.domain] = company.key

    def named(self, domain: str) -> str:
        """The domain of the company that the one of this domain turned out to be."""
        return self._named.get(domain, domain)

    def key_of(self, domain: str) -> str:
        """The company as stops and caps name it; empty for one that is not known yet."""
        return self._keys.get(domain, "")

    def of(self, domain: str) -> Values:
        return dict(zip(_COMPANY, self._values[domain], strict=True)) if domain in self._values else _UNKNOWN

    def fill(self, domain: str, told: Values) -> None:
        """A row that is taken says this of the company."""
        known = self.of(domain)
        filled = [told[name] if better(known[name], told.get(name, "")) else known[name] for name in _COMPANY]
        self._values[domain] = tuple(filled)


@dataclass(frozen=True)
class Merged:
    """A person as they would be after the row. `changed` names the fields in which a known one differs."""

    contact: Contact
    changed: tuple[str, ...]
    domain: str


def merged(draft: Draft, contact: Contact | None, companies: Companies) -> Merged:
    """Put the row on top of what is known; a blank takes nothing away (spec I3)."""
    domain = companies.named(_domain_to_set(draft, contact))
    known = companies.of(domain)
    filled = {name: text for name, text in draft.company.items() if domain and better(known[name], text)}
    before = {name: getattr(contact, name) if contact else "" for name in _PERSON}
    after = Contact(**{**before, **draft.values})
    # Somebody erased has no address left; whether they may be written to again is what the door decides.
    after.address = (contact.address if contact else "") or draft.address.text
    after.card = contact.card if contact else AddressCard()
    after.account = contact.account if contact else None
    if domain:
        after.account = Account(domain=domain, **{**known, **filled})
    return Merged(after, _changes(draft, contact, domain, tuple(filled)) if contact else (), domain)


def _domain_to_set(draft: Draft, contact: Contact | None) -> str:
    """The domain of the company to which the person belongs then; "" where they stay with what they have."""
    current = contact.account if contact else None
    if current and not draft.told:
        return current.domain
    return draft.domain


def _changes(draft: Draft, contact: Contact, domain: str, filled: tuple[str, ...]) -> tuple[str, ...]:
    changed = [name for name, text in draft.values.items() if text != getattr(contact, name)]
    if domain and (not contact.account or contact.account.domain != domain):
        changed.append("account")
    return (*changed, *(f"account.{name}" for name in filled))
