"""Decides what of a row may be stored: values that fit, countries and zones that exist, source and basis told."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

from compliance.addresses import Address
from sequences.countries import country_code
from sequences.imports.bases import basis_of
from sequences.imports.cells import original_cell, would_run
from sequences.imports.judging import Flag, Judged, Person
from sequences.imports.presets import Field
from sequences.models import Account, Contact

# By the word under which the door refuses an address that was made from a pattern (LAW JUR-04).
_GUESSED = "guessed"
_PERSON = ("first_name", "last_name", "title", "city")
_COMPANY = {"name": Field.ACCOUNT, "industry": Field.INDUSTRY, "ecosystem": Field.ECOSYSTEM}


@dataclass(frozen=True, slots=True)
class Draft:
    """A row in the terms of the models; values that it does not state are left out.

    `domain` is the company's: `told` by the row, else that of the address; "" for a row that leaves its company blank.
    `basis` is None where the row is silent, "" where it says no or something unknown.
    """

    address: Address
    values: Mapping[str, str]
    company: Mapping[str, str]
    domain: str
    told: bool
    source: str
    basis: str | None


def drafted(judged: Judged, person: Person, *, names_companies: bool) -> Draft:
    """What this row would store. `names_companies`: the file has a column for companies.

    Where it has one and the row leaves it blank, nobody guesses the company from the address: the person is stored
    without, and a text that uses its name does not go.
    """
    stated = {name: getattr(person, name) for name in _PERSON}
    stated |= {"country": country_code(person.country), "zone": _zone(person.zone)}
    company = {name: getattr(person, column) for name, column in _COMPANY.items()}
    at_company = bool(person.account) or not names_companies
    return Draft(
        address=person.address,
        values=_stated(stated),
        company=_stated(company),
        domain=(person.domain or person.address.domain) if at_company else "",
        told=bool(person.domain) and at_company,
        source=_GUESSED if Flag.GUESSED in judged.flags else person.source[:120],
        basis=_basis(judged, person),
    )


def too_long(draft: Draft) -> str:
    """The first field whose value is longer than its column, "" if all fit."""
    return next(_overlong(draft), "")


def better(known: str, told: str) -> bool:
    """Whether a company's value is to be replaced: only a blank, or a formula by something that is none.

    Other people's signed rows hang on what a company is called, so a file does not rename it.
    """
    return bool(told) and (not known or (would_run(known) and not would_run(told)))


def _overlong(draft: Draft) -> Iterator[str]:
    for model, values, names in ((Contact, draft.values, {}), (Account, draft.company, _COMPANY)):
        for name, text in values.items():
            if len(text) > _width(model, name):
                yield str(names.get(name, name))


@cache
def _width(model: type[Contact] | type[Account], name: str) -> int:
    width: int = model._meta.get_field(name).max_length  # type: ignore[assignment,union-attr]
    return width


def _basis(judged: Judged, person: Person) -> str | None:
    if Flag.NO_CONSENT in judged.flags:
        return ""
    return basis_of(person.basis) if person.basis else None


def _stated(values: Mapping[str, str]) -> dict[str, str]:
    # A cell that an export of ours made harmless is taken for what it was.
    return {name: original_cell(text) for name, text in values.items() if text}


def _zone(text: str) -> str:
    return text if text in _zones() else ""


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
