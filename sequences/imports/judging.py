"""Decides what one row of a recipient file is worth by itself: one verdict, the person in it, what the source says."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import translate
from functools import cache
from hashlib import blake2b
from pathlib import Path
from urllib.parse import urlsplit

from compliance.addresses import Address, AddressError, parse
from sequences.imports.cells import cleaned, has_control, is_blank, would_run
from sequences.imports.presets import Field, Sign, signs
from sequences.imports.reading import Row

_HONORIFICS = frozenset(
    ("dr", "prof", "mr", "mrs", "ms", "miss", "mx", "sir", "herr", "frau", "ing", "dipl-ing", "mag")
)
_SUFFIXES = frozenset(("jr", "sr", "ii", "iii", "iv", "phd", "md", "mba", "msc", "esq", "cpa"))
_TOLD = {
    field.value: field
    for field in (Field.TITLE, Field.INDUSTRY, Field.ECOSYSTEM, Field.COUNTRY, Field.CITY, Field.ZONE, Field.SOURCE)
    + (Field.ACCOUNT, Field.BASIS)
}


class Verdict(StrEnum):
    NEW = "new"
    DUPLICATE = "duplicate"
    INVALID = "invalid"
    ROLE_ADDRESS = "role"
    FREE_MAIL = "free_mail"
    LOOK_ALIKE = "look_alike"


class Flag(StrEnum):
    """What is to be known of a row whatever its verdict. The first three are the source's own word."""

    OPTED_OUT = "opted_out"
    NO_CONSENT = "no_consent"
    GUESSED = "guessed"
    MISSING_FIRST_NAME = "missing_first_name"
    MISSING_ACCOUNT = "missing_account"
    FORMULA = "formula"


@dataclass(frozen=True, slots=True)
class Person:
    """The fields of a row as one-line text without control characters, "" where the source says nothing.

    `domain` is the company's, in A-labels, taken from a domain or web address column; "" where it is none.
    """

    address: Address
    first_name: str
    last_name: str
    title: str
    account: str
    domain: str
    industry: str
    ecosystem: str
    country: str
    city: str
    zone: str
    source: str
    basis: str


@dataclass(frozen=True, slots=True)
class Judged:
    """`code` says why, `where` names the field at fault ("" for new). No `person` where there is no valid address."""

    row: Row
    verdict: Verdict
    code: str
    where: str
    person: Person | None
    flags: frozenset[str]


class Judge:
    """Judges the rows of one file in their order; remembers the addresses it has seen as 16 bytes each.

    The tables hold domains and parts before the at-sign, the latter with `*` for any text; without them the known ones.
    """

    def __init__(self, *, freemail: Iterable[str] | None = None, roles: Iterable[str] | None = None) -> None:
        self._freemail = frozenset(_table("freemail.txt") if freemail is None else freemail)
        self._roles = re.compile("|".join(map(translate, _table("roles.txt") if roles is None else roles)) or r"(?!)")
        self._seen: set[bytes] = set()
        self._signs: dict[object, tuple[tuple[Field, str, Sign], ...]] = {}

    def judge(self, row: Row, mapping: Mapping[str, str]) -> Judged:
        """The row under the first rule that it meets: look-alike, invalid, duplicate, role, free-mail, new."""
        raw = {field: row.cells.get(column, "") for field, column in mapping.items()}
        first, last = names(raw)
        flags = self._flags(row, mapping) | _gaps(first, raw)
        try:
            address = parse(raw[Field.ADDRESS])
        except AddressError as error:
            verdict = Verdict.LOOK_ALIKE if error.code == Verdict.LOOK_ALIKE else Verdict.INVALID
            return Judged(row, verdict, _reason(error.code, raw[Field.ADDRESS]), Field.ADDRESS, None, flags)
        if broken := _controlled(raw):
            return Judged(row, Verdict.INVALID, "control_character", broken, None, flags)
        told = {name: cleaned(raw.get(field, "")) for name, field in _TOLD.items()}
        person = Person(address=address, first_name=first, last_name=last, domain=_domain(raw), **told)
        verdict = self._place(address)
        return Judged(row, verdict, verdict, "" if verdict is Verdict.NEW else Field.ADDRESS, person, flags)

    def _place(self, address: Address) -> Verdict:
        digest = blake2b(address.canonical.encode(), digest_size=16).digest()
        if digest in self._seen:
            return Verdict.DUPLICATE
        self._seen.add(digest)
        return self.kind_of(address)

    def kind_of(self, address: Address) -> Verdict:
        """The address of a role, or at a free-mail provider; else NEW."""
        if self._roles.match(address.base_local):
            return Verdict.ROLE_ADDRESS
        return Verdict.FREE_MAIL if address.domain in self._freemail else Verdict.NEW

    def _flags(self, row: Row, mapping: Mapping[str, str]) -> frozenset[str]:
        key = (tuple(row.cells), tuple(mapping.items()))
        if key not in self._signs:
            self._signs[key] = signs(row.cells, mapping)
        said = {str(mark) for mark, column, sign in self._signs[key] if sign.says(row.cells.get(column, ""))}
        return frozenset(said | {str(Flag.FORMULA)} if any(map(would_run, row.cells.values())) else said)


def names(raw: Mapping[str, str]) -> tuple[str, str]:
    """(first, last) name of a row by field; a full name is split only where there is no column of first names."""
    if Field.FIRST_NAME in raw or Field.FULL_NAME not in raw:
        return cleaned(raw.get(Field.FIRST_NAME, "")), cleaned(raw.get(Field.LAST_NAME, ""))
    return split_name(cleaned(raw[Field.FULL_NAME]))


def split_name(text: str) -> tuple[str, str]:
    """(first, last) of "First Last" and "Last, First"; honorifics and suffixes dropped, one word is a first name."""
    before, _, after = text.partition(",")
    if all(_bare(word) in _SUFFIXES for word in after.replace(",", " ").split()):
        before, after = "", before
    words = [word for word in after.split() if _bare(word) not in _HONORIFICS]
    if before:
        return " ".join(words), before.strip()
    return (words[0] if words else ""), " ".join(word for word in words[1:] if _bare(word) not in _SUFFIXES)


def _bare(word: str) -> str:
    return word.strip(".").replace(".", "").casefold()


def _gaps(first_name: str, raw: Mapping[str, str]) -> frozenset[str]:
    gaps = {Flag.MISSING_FIRST_NAME: first_name, Flag.MISSING_ACCOUNT: cleaned(raw.get(Field.ACCOUNT, ""))}
    return frozenset(str(flag) for flag, text in gaps.items() if not text)


def _controlled(raw: Mapping[str, str]) -> str:
    """The field that ends up in headers and holds a control character, "" if none does (LAW MSG-03)."""
    name = Field.FIRST_NAME if Field.FIRST_NAME in raw else Field.FULL_NAME
    return next((str(field) for field in (name, Field.ACCOUNT) if has_control(raw.get(field, ""))), "")


def _reason(code: str, cell: str) -> str:
    if is_blank(cell):
        return "blank_address"
    return "formula_address" if cell.lstrip().startswith("=") else code


def _domain(raw: Mapping[str, str]) -> str:
    if not (text := cleaned(raw.get(Field.DOMAIN, ""))):
        return ""
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
        # The same parser as for addresses, so that both can be compared.
        return parse(f"x@{host.removeprefix('www.')}").domain
    except ValueError:
        return ""


def is_free_mail(domain: str) -> bool:
    """Whether anybody can have an address there, so that it says nothing of where somebody works."""
    return domain in _table("freemail.txt")


@cache
def _table(name: str) -> frozenset[str]:
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))
