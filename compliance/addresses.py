"""Decides what one e-mail address is: how it is written, which spellings mean the same person, how it is fingerprinted.

The only place that lower-cases an address. An address is *sent to* exactly as it was given and *matched* wide:
by case, plus tag, Gmail dots, both readings of an internationalised domain, and the domain itself
(RFC 5321 §2.4, RFC 5891, UTS 46).
"""

import hmac
import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache

import idna

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PLAIN = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@((?:{_LABEL}\.)+(?:[A-Za-z]{{2,63}}|xn--[A-Za-z0-9-]{{2,59}}))")
_A_LABEL = re.compile(r"(?<=[@.])xn--([A-Za-z0-9-]{1,59})(?![A-Za-z0-9-])", re.IGNORECASE)
_BLANKS = " \t\r\n\u00a0"
_GMAIL = {"gmail.com", "googlemail.com"}
_LOCAL_OCTETS = 64
_ADDRESS_OCTETS = 254


class AddressError(ValueError):
    """The text is not one plain address. `code` is `look_alike` or `invalid_address`."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text[:80]!r}")
        self.code = code


@dataclass(frozen=True)
class Address:
    """One plain address. `text` goes into RCPT TO; `local` keeps its case; `domain` is lower-case A-labels."""

    text: str
    local: str
    domain: str

    @cached_property
    def canonical(self) -> str:
        """The widest spelling: what all variants of this address share."""
        return widest(self.local, self.domain)

    @cached_property
    def base_local(self) -> str:
        """The part before the at-sign in lower case and without a plus tag."""
        return self.local.lower().partition("+")[0] or self.local.lower()


def parse(text: str) -> Address:
    """Read one address strictly. Surrounding blanks are dropped, nothing else is repaired.

    Raises AddressError: `look_alike` for letters that imitate others, `invalid_address` for anything
    that is not exactly one `local@domain` (LAW SUP-01, SUP-03).
    """
    shown = text.strip(_BLANKS)
    if _looks_alike(shown):
        raise AddressError("look_alike", shown)
    local, _, domain = shown.rpartition("@")
    try:
        ascii_domain = _a_labels(domain)
    except (idna.IDNAError, UnicodeError) as error:
        raise AddressError("invalid_address", shown) from error
    match = _PLAIN.fullmatch(f"{local}@{ascii_domain}")
    if not match or len(match[1]) > _LOCAL_OCTETS or len(match[0]) > _ADDRESS_OCTETS:
        raise AddressError("invalid_address", shown)
    return Address(text=match[0], local=match[1], domain=match[2].lower())


def parse_domain(text: str) -> str:
    """Read one domain of two labels or more (`@` before it is allowed) as lower-case A-labels. Raises AddressError."""
    return parse(f"postmaster@{text.strip(_BLANKS).removeprefix('@')}").domain


def variants(address: Address) -> frozenset[str]:
    """Every spelling under which a stop for this address may have been recorded, domains included."""
    return spellings(address) | domain_variants(address.domain)


def spellings(address: Address) -> frozenset[str]:
    """Every spelling that reaches the same person, domains apart."""
    lowered = address.local.lower()
    found = {f"{lowered}@{address.domain}", f"{address.base_local}@{address.domain}", address.canonical}
    return frozenset(found | {f"{address.base_local}@{other}" for other in domain_readings(address.domain)})


# A batch of people works at few companies, and reading an internationalised name takes longer than the database.
@lru_cache(maxsize=10_000)
def domain_variants(domain: str) -> frozenset[str]:
    """`@domain` for the domain, in every reading, and each parent of it that has two labels or more."""
    found = set()
    for reading in domain_readings(domain.lower()):
        labels = reading.split(".")
        found |= {"@" + ".".join(labels[start:]) for start in range(len(labels) - 1)}
    return frozenset(found)


@lru_cache(maxsize=10_000)
def domain_readings(domain: str) -> frozenset[str]:
    """The domain itself, as old software derived it by IDNA 2003 (ß became ss), and its other name at Gmail."""
    try:
        older = idna.decode(domain).encode("idna").decode().lower()
    except (idna.IDNAError, UnicodeError):
        older = domain
    return frozenset({domain, older} | (_GMAIL if domain in _GMAIL else set()))


def fingerprint(spelling: str, key: bytes) -> str:
    """128 bits of HMAC-SHA-256 as 32 hexadecimal digits: comparable, not guessable without the key (LAW SUP-06)."""
    return hmac.digest(key, spelling.encode(), "sha256")[:16].hex()


def same_person(one: str, other: str) -> bool:
    """Whether two addresses reach the same person as far as the spelling tells."""
    try:
        return parse(one).canonical == parse(other).canonical
    except AddressError:
        return bool(one) and one.strip().casefold() == other.strip().casefold()


def masked(text: str) -> str:
    """The address as it may be shown to somebody who only holds a link: `j…@example.org`."""
    local, _, domain = text.rpartition("@")
    return f"{local[:1]}…@{domain}"


def widest(local: str, domain: str) -> str:
    """The spelling that all variants of an address share."""
    base = local.lower().partition("+")[0] or local.lower()
    return f"{base.replace('.', '')}@gmail.com" if domain in _GMAIL else f"{base}@{domain}"


def in_letters(text: str) -> str:
    """The text with its A-labels as they are shown to people; one that cannot be read stays as it is."""
    return _A_LABEL.sub(_shown_label, text)


@lru_cache(maxsize=10_000)
def _a_labels(domain: str) -> str:
    return idna.encode(domain, uts46=True, transitional=False, std3_rules=True).decode() if domain else ""


def _looks_alike(shown: str) -> bool:
    # Composed first: some keyboards and file systems write ü as two characters.
    decoded = in_letters(unicodedata.normalize("NFC", shown))
    return any(ord(char) > 127 and not unicodedata.name(char, "").startswith("LATIN ") for char in decoded)


def _shown_label(match: re.Match[str]) -> str:
    # Each label for itself, and not by the codec "idna": one label it cannot read must not hide the next one.
    try:
        return match[1].encode().decode("punycode")
    except UnicodeError:
        return match[0]
