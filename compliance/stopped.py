"""Decides whether a stop holds: for a card, an address, a company. A lifted stop holds no longer; the strongest counts.

Matched wide: by every spelling of every address of the person, by the person under each key they were ever known by,
by the domain and each domain above it, by the company (LAW SUP-02, SUP-07, SUP-09). What is not plain ASCII is matched
by its looks as well, and said to be alike, not to be stopped (LAW SUP-03).
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Q

from compliance import addresses, cards, lookalikes
from compliance.addresses import Address
from compliance.models import AddressCard, AddressDigest, PersonKey, Suppression, SuppressionDigest
from compliance.models.lookups import among, as_parameter

# How the door and an import say that a stop holds for what an address looks like.
IMITATES = "looks_suppressed"
Key = TypeVar("Key", bound=Hashable)
# `kin` is the person under every key: whom they were merged into, and everybody who was merged into those. A stop on
# one address holds for all addresses of the person, one on a domain only for the addresses at it. Nearly nobody is
# merged or stopped, and the planner knows it: recursion and last join begin with what has been found (LAW SUP-09).
_BY_CARD = """
WITH RECURSIVE asked(card, person) AS (
    SELECT id, person_id FROM compliance_addresscard WHERE id {among_cards}
), merged(card, person) AS (
    SELECT a.card, p.merged_into_id FROM asked a JOIN compliance_personkey p ON p.id = a.person
    WHERE p.merged_into_id IS NOT NULL
    UNION
    SELECT a.card, p.id FROM asked a JOIN compliance_personkey p ON p.merged_into_id = a.person
    UNION
    SELECT m.card, CASE WHEN p.id = m.person THEN p.merged_into_id ELSE p.id END
    FROM merged m JOIN compliance_personkey p
    ON (p.id = m.person AND p.merged_into_id IS NOT NULL) OR p.merged_into_id = m.person
), kin(card, person) AS (
    SELECT card, person FROM asked UNION SELECT card, person FROM merged
), spelled(card, digest) AS (
    SELECT k.card, a.digest FROM kin k
    JOIN compliance_addresscard c ON c.person_id = k.person
    JOIN compliance_addressdigest a ON a.card_id = c.id
    WHERE c.id = k.card OR NOT a.whole_domain
), hit(digest, stop) AS (
    SELECT digest, suppression_id FROM compliance_suppressiondigest WHERE digest IN (SELECT digest FROM spelled)
)
SELECT s.card, hit.stop FROM hit JOIN spelled s ON s.digest = hit.digest
UNION
SELECT k.card, s.id FROM kin k JOIN compliance_suppression s ON s.person = k.person
"""


@dataclass(frozen=True)
class Alike:
    """A stop that holds for what something looks like, and as what that is read: an address, or `@domain`."""

    stop: Suppression
    reading: str


@dataclass(frozen=True)
class Stops:
    """The strongest stop that holds, by card, by canonical spelling and by company.

    `alike` are those by canonical spelling that hold for what an address looks like.
    """

    cards: Mapping[int, Suppression]
    addresses: Mapping[str, Suppression]
    accounts: Mapping[str, Suppression]
    alike: Mapping[str, Alike]

    @property
    def none(self) -> bool:
        """Whether nothing holds for anybody of them, nor for anybody they look like."""
        return not (self.cards or self.addresses or self.accounts or self.alike)


def stops(
    known: Collection[int], written_to: Sequence[Address], unknown: Sequence[Address], accounts: Collection[str]
) -> Stops:
    """All that holds for these cards, addresses and companies; each stop is read once.

    `unknown` are those of the addresses that were asked about without their card.
    """
    by_card = list(_by_card(known))
    exact, looks = _spellings(written_to), _looks((address.canonical, address.text) for address in written_to)
    by_text = list(_by_text([*exact, *looks]))
    spelled = [*_named(by_text, exact), *_by_card_of(unknown)]
    alike = list(_named(by_text, looks))
    by_account = list(_by_account(accounts))
    rows = _standing({stop for hits in (by_card, spelled, alike, by_account) for _key, stop in hits})
    return Stops(_best(by_card, rows), _best(spelled, rows), _best(by_account, rows), _likest(alike, rows))


def stopped_cards(wanted: Collection[int]) -> dict[int, Suppression]:
    """{card: its strongest stop}, by any spelling of any address of the person, or by the person."""
    return _strongest(_by_card(wanted))


def stopped_addresses(wanted: Sequence[Address]) -> dict[str, Suppression]:
    """{canonical spelling: its strongest stop} for addresses that may have no card yet (import preview)."""
    return _strongest([*_by_spelling(wanted), *_by_card_of(wanted)])


def stopped_spellings(wanted: Sequence[Address]) -> dict[str, Suppression]:
    """{canonical spelling: its strongest stop}, computed from the addresses as they are, under every key."""
    return _strongest(_by_spelling(wanted))


def looks_stopped(texts: Iterable[str]) -> dict[str, Alike]:
    """{text: the strongest stop for whom it looks like}, also for what is no address (LAW SUP-03).

    Plain texts look like nobody but themselves.
    """
    looks = _looks((text, text) for text in texts)
    alike = list(_named(list(_by_text(looks)), looks))
    return _likest(alike, _standing({stop for _key, stop in alike}))


def stopped_accounts(wanted: Collection[str]) -> dict[str, Suppression]:
    """{account: its strongest stop}, by the opaque key of a company alone (LAW SUP-07)."""
    return _strongest(_by_account(wanted))


def _by_card(wanted: Collection[int]) -> Iterator[tuple[int, int]]:
    if not wanted:
        return
    with connection.cursor() as cursor:
        cursor.execute(_BY_CARD.format(among_cards=among(connection)), [as_parameter(connection, list(wanted))])
        yield from cursor.fetchall()


def _by_card_of(wanted: Sequence[Address]) -> list[tuple[str, int]]:
    canonical = {card.pk: spelling for spelling, card in cards.find(wanted).items()}
    return [(canonical[card], stop) for card, stop in _by_card(canonical)]


def _by_spelling(wanted: Sequence[Address]) -> Iterator[tuple[str, int]]:
    exact = _spellings(wanted)
    return _named(_by_text(exact), exact)


def _spellings(wanted: Iterable[Address]) -> dict[str, list[str]]:
    """{text: canonical spellings}: each once, for the people of a batch work at few companies."""
    found: dict[str, list[str]] = defaultdict(list)
    for address in wanted:
        for text in addresses.variants(address):
            found[text].append(address.canonical)
    return found


def _looks(wanted: Iterable[tuple[str, str]]) -> dict[str, list[tuple[str, str]]]:
    """{text: (key, as what it is read)} of what is not plain; nearly nothing ever is."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for key, shown in wanted:
        if not lookalikes.is_plain(shown):
            for text, reading in lookalikes.texts(shown).items():
                found[text].append((key, reading))
    return found


def _by_text(texts: Collection[str]) -> Iterator[tuple[str, int]]:
    by_digest = cards.texts_by_digest(texts)
    rows = SuppressionDigest.objects.filter(digest__among=by_digest).values_list("digest", "suppression")
    for digest, stop in rows if by_digest else ():
        yield by_digest[digest], stop


def _named(by_text: Iterable[tuple[str, int]], named: Mapping[str, Sequence[Key]]) -> Iterator[tuple[Key, int]]:
    for text, stop in by_text:
        yield from ((key, stop) for key in named.get(text, ()))


def _by_account(wanted: Collection[str]) -> Iterator[tuple[str, int]]:
    if named := {*wanted} - {""}:
        # Said twice, because PostgreSQL does not see by a long list that the index without blanks is enough.
        rows = Suppression.objects.filter(account__among=named).exclude(account="")
        yield from rows.values_list("account", "pk")


def _strongest(told: Iterable[tuple[Key, int]]) -> dict[Key, Suppression]:
    found = list(told)
    return _best(found, _standing({stop for _key, stop in found}))


def _best(told: Iterable[tuple[Key, int]], rows: Mapping[int, Suppression]) -> dict[Key, Suppression]:
    """Of several stops that hold the strongest counts, of equal ones the first."""
    best: dict[Key, Suppression] = {}
    for key, stop in told:
        row = rows.get(stop)
        if row and (key not in best or _rank(row) > _rank(best[key])):
            best[key] = row
    return best


def _likest(told: Sequence[tuple[tuple[str, str], int]], rows: Mapping[int, Suppression]) -> dict[str, Alike]:
    readings = {(key, stop): reading for (key, reading), stop in reversed(told)}
    best = _best([(key, stop) for (key, _reading), stop in told], rows)
    return {key: Alike(stop, readings[key, stop.pk]) for key, stop in best.items()}


def _standing(stops: Collection[int]) -> dict[int, Suppression]:
    rows = Suppression.objects.filter(pk__among=stops, lift=None) if stops else ()
    return {row.pk: row for row in rows}


def _rank(row: Suppression) -> tuple[int, int]:
    return row.strength, -row.order_no


def people_of(stop: Suppression) -> set[UUID]:
    """Everybody a stop for a person holds for: more than one after they were taken for one person and then parted."""
    spelled = AddressDigest.objects.filter(digest__in=stop.digests.values("digest"), whole_domain=False)
    named = AddressCard.objects.filter(Q(person=stop.person) | Q(person__absorbed=stop.person)) if stop.person else None
    found = set(spelled.values_list("card__person", flat=True))
    found |= set(named.values_list("person", flat=True)) if named is not None else set()
    # Chains of merges are flat: whoever was absorbed names the person they turned out to be.
    return {root or key for key, root in PersonKey.objects.filter(pk__in=found).values_list("pk", "merged_into")}
