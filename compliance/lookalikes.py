"""Decides whom an address imitates: under which texts a stop for what it looks like may be recorded (LAW SUP-03).

Only what holds a character outside ASCII is compared by its looks. To a skeleton `rn` is an `m` and `1` is an `l`, so
that plain addresses would be taken for each other; and whoever is imitated must not be stopped because somebody
imitates them.
"""

from collections.abc import Iterator

from compliance import addresses, confusables
from compliance.addresses import Address, AddressError

# No address begins with it, so that the digest of a skeleton is never that of a spelling.
_MARK = "\u2248"
# An address has 254 octets; the rest of a cell holds none.
_LONGEST = 1_000


def is_plain(text: str) -> bool:
    """Whether a text is ASCII, its A-labels too; then it imitates nobody."""
    return text.isascii() and "xn--" not in text.lower()


def of_person(address: Address) -> str:
    """The text under which a stop for a person is recorded for those that look like this address."""
    return _likeness(addresses.in_letters(address.canonical))


def of_domain(domain: str) -> frozenset[str]:
    """The same for a whole domain, in every reading."""
    readings = addresses.domain_readings(domain.lower())
    return frozenset(_likeness(addresses.in_letters(f"@{one}")) for one in readings)


def texts(text: str) -> dict[str, str]:
    """{text that a stop may be recorded under: as what `text`, an address or what was meant as one, is read}.

    Those for its person come first, then those for `@domain`, from the whole name upwards. Empty for a plain text.
    """
    shown = _shown(text)
    _local, at, domain = shown.rpartition("@")
    labels = domain.split(".")
    found = dict(_for_person(shown)) if at else {}
    for start in range(len(labels) - 1):
        found |= _for_domain(".".join(labels[start:]))
    return found


def imitated(text: str) -> str:
    """The plain text that this one is read as; "" when it is plain itself or is read as nothing plain."""
    return next((one for one in confusables.readings(_shown(text)) if one.isascii()), "")


def _shown(text: str) -> str:
    """The text as people see it; "" when it imitates nobody."""
    if is_plain(text) or len(text) > _LONGEST:
        return ""
    shown = addresses.in_letters(confusables.folded(text).strip())
    # A label may begin like an A-label and be none.
    return "" if shown.isascii() and text.isascii() else shown


def _likeness(shown: str) -> str:
    # By way of what it is read as: what is stopped and what is asked about must come to the same skeleton.
    return _MARK + confusables.skeleton(confusables.readings(shown)[0])


def _for_person(shown: str) -> Iterator[tuple[str, str]]:
    for reading in confusables.readings(shown):
        local, _at, domain = reading.rpartition("@")
        yield _likeness(addresses.widest(local, domain)), reading
        # A stop from before skeletons were kept, or for a digest alone, is found by what is imitated as it is spelled.
        try:
            yield from ((spelling, reading) for spelling in addresses.spellings(addresses.parse(reading)))
        except AddressError:
            continue


def _for_domain(shown: str) -> dict[str, str]:
    found = {}
    for reading in confusables.readings(shown):
        if not shown.isascii():
            found[_likeness(f"@{reading}")] = f"@{reading}"
        try:
            spelled = addresses.domain_readings(addresses.parse_domain(reading))
        except AddressError:
            continue
        found |= {f"@{one}": f"@{reading}" for one in spelled}
    return found
