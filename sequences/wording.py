"""What a stored text becomes for one person: which values it uses, what it says, and the digest that is signed."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

from compliance import audit, playbook
from sequences import treatments
from sequences.models import Contact, Mailbox, SequenceVersion, Step, TemplateVersion
from sequences.render import KNOWN_VARIABLES as KNOWN_VARIABLES
from sequences.render import Skeleton, compile_wording


class House(dict[str, Any]):
    """What the playbook says of every message, in one form; the same for all rows, so written down once for all."""

    @cached_property
    def canonical(self) -> bytes:
        """As it stands in a leaf."""
        return audit.canonical(self)


# Where each value about a person stands, as a query names it from the contact on.
PERSONAL: Mapping[str, str] = {
    "contact.first_name": "first_name",
    "contact.last_name": "last_name",
    "contact.title": "title",
    "contact.country": "country",
    "account.name": "account__name",
    "account.industry": "account__industry",
    "account.ecosystem": "account__ecosystem",
    "account.domain": "account__domain",
}
# What the sender supplies; everything else a text uses belongs to the person and is part of the signed leaf.
OURS = frozenset({"unsubscribe_url", "postal_address", "sender.name", "sender.company"})


def skeleton_of(version: TemplateVersion) -> Skeleton:
    """The compiled text, cached by its source.

    Raises WordingError with part, line and column, and ValueError for a language that is none.
    """
    return compile_wording(
        subject=version.subject, preview=version.preview, body=version.body, language=version.language
    )


def digest_of(version: TemplateVersion) -> str:
    """SHA-256 over everything of a text that reaches the reader, and its identity."""
    return _digest([version.template_id, version.number, version.language, skeleton_of(version).digest])


def steps_of(version: SequenceVersion) -> list[Step]:
    """In order, with their texts."""
    return list(version.steps.select_related("template_version").order_by("position"))


def sequence_digest(version: SequenceVersion, steps: Sequence[Step] | None = None) -> str:
    """SHA-256 over type, steps, waits and the digest of every text. `steps` where they are known already."""
    known = steps_of(version) if steps is None else steps
    return _digest([version.sequence_id, version.number, version.sequence.type, [_step(step) for step in known]])


def personal_variables(steps: Sequence[Step]) -> tuple[str, ...]:
    """The values about the person that any text of these steps cannot do without, sorted."""
    return _used(steps, alternatives=False)


def signed_variables(steps: Sequence[Step]) -> tuple[str, ...]:
    """Every value about the person that may change what any text says, stated alternatives included, sorted."""
    return _used(steps, alternatives=True)


def personal_values(contact: Contact) -> dict[str, str]:
    """Every value about a person that a text may use, by its name in texts."""
    return {name: _value(contact, path) for name, path in PERSONAL.items()}


def sender_values(mailbox: Mailbox, unsubscribe_url: str) -> dict[str, str]:
    """Every value that the sender supplies."""
    return {"unsubscribe_url": unsubscribe_url, "sender.name": mailbox.name, **house_values()}


def house_values() -> dict[str, str]:
    """What the playbook in force puts into every message: who we are, and where."""
    return _house(playbook.section("sender"))


def signed_house() -> tuple[House, ...]:
    """What the playbook in force says of every message, in each form that rows were signed in; new ones in the first.

    Who we are and where, and the section `sequences`: when mail may leave, how often, and when it is too late. Caps,
    domains never written to and how long a signature holds are no part of it: they bind at once, whoever signed.
    """
    return _forms(playbook.section("sender"), playbook.section("sequences"))


def earlier_houses() -> list[House]:
    """The same of every playbook there ever was."""
    return [form for sections in playbook.every("sender", "sequences") for form in _forms(*sections)]


def leaf_digest(
    contact: Contact,
    *,
    source: str,
    basis: str,
    variables: tuple[str, ...],
    house: House | None = None,
) -> str:
    """What the CRO signs of one row: address, used values, country, basis, source, and what the playbook says.

    Another postal address or legal name would change every message after the signature, and other hours when it goes;
    so they are part of it, and so is the treatment of the country (spec I4; LAW APR-01, APR-03, APR-05). `house` is
    `signed_house()[0]` where it is known.
    """
    every = personal_values(contact)
    values = {name: every[name] for name in variables}
    ours = signed_house()[0] if house is None else house
    return leaf_of(contact.address, values, country=contact.country, basis=basis, source=source, house=ours)


def leaf_of(
    address: str,
    values: Mapping[str, str],
    *,
    country: str,
    basis: str,
    source: str,
    house: House,
    treatment: int | None = None,
) -> str:
    """The same of what a row says, read from wherever it stands.

    `treatment` is that of the country, the one in force unless another is asked for. The first is left out: what was
    signed before there were any was signed under it.
    """
    said = audit.canonical([address, values, country, basis, source])
    treated = treatments.treatment(country) if treatment is None else treatment
    under = b"" if treated == treatments.FIRST else b',{"treatment":%d}' % treated
    return hashlib.sha256(b"%s,%s%s]" % (said[:-1], house.canonical, under)).hexdigest()


def sender_digest(mailbox: Mailbox) -> str:
    """What the CRO signs of who writes: the address and the name that readers see (LAW APR-01)."""
    return _sender_digest(mailbox.address, mailbox.name)


def list_digest(sequence: str, rows: Iterable[tuple[str, str]]) -> str:
    """What the CRO signs of a list: its sequence version, and of every row the leaf and who writes, in any order."""
    return _digest([sequence, sorted(rows)])


def _digest(said: Sequence[object]) -> str:
    return hashlib.sha256(audit.canonical(said)).hexdigest()


@lru_cache(maxsize=1000)
def _sender_digest(address: str, name: str) -> str:
    return _digest(["sender", address, name])


def _value(contact: Contact, path: str) -> str:
    relation, _sep, column = path.rpartition("__")
    row = getattr(contact, relation) if relation else contact
    return getattr(row, column) if row is not None else ""


def _house(sender: Mapping[str, Any]) -> dict[str, str]:
    return {
        "postal_address": str(sender.get("postal_address", "")),
        "sender.company": str(sender.get("legal_name", "")),
    }


def _forms(sender: Mapping[str, Any], sequences: Mapping[str, Any]) -> tuple[House, ...]:
    first = House(_house(sender))
    return House(first, form=2, sequences=sequences), first


def _used(steps: Sequence[Step], *, alternatives: bool) -> tuple[str, ...]:
    used: set[str] = set()
    for step in steps:
        skeleton = skeleton_of(step.template_version)
        used |= skeleton.variables | (skeleton.optional if alternatives else frozenset())
    return tuple(sorted(used - OURS))


def _step(step: Step) -> list[object]:
    return [step.position, step.wait_days, step.wait_kind, digest_of(step.template_version)]
