"""Decides how the codes of an import are told to people: one sentence a code, and the names of the fields."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from compliance.stopped import IMITATES
from sequences.imports.cells import ImportFileError
from sequences.imports.presets import Field
from sequences.imports.verdicts import RowVerdict, Verdict

_REASONS: Mapping[str, Any] = {
    "new": _("Not known yet."),
    "changed": _("Known; the file states something else."),
    "unchanged": _("Known; the file states nothing new."),
    "missing_value": _("A text of the sequence uses a value that is blank; the row is held until somebody fills it."),
    "duplicate": _("The same address stands in an earlier row."),
    "invalid_address": _("This is not exactly one plain address."),
    "blank_address": _("There is no address."),
    "formula_address": _("The address is a formula; formulas are not calculated."),
    "control_character": _("A line break or another control character stands in a value that goes into mail headers."),
    "too_long": _("The value is longer than can be stored."),
    "look_alike": _("The address holds letters that imitate others."),
    IMITATES: _("The address imitates another one, or a domain, that may not be written to."),
    "role": _("The address belongs to a role, not to a person."),
    "role_address": _("The address belongs to a role, not to a person."),
    "wireless_domain": _("Mail to this domain arrives as a text message on a telephone."),
    "never_domain": _("The playbook says that nobody at this domain is written to."),
    "free_mail": _("The address is at a free-mail provider and says nothing about a company."),
    "suppressed": _("This person or their company asked not to be written to, or the address is dead."),
    "opted_out": _("The file says that this person opted out; a stop is recorded."),
    "opted_out_in_another_row": _("Another row of the file says that this person opted out; a stop is recorded."),
    "no_consent": _("The file says that consent was not given or not confirmed."),
    "unknown_basis": _("The legal basis is stated in words that are not known here."),
    "address_guessed": _("The file says that the address was guessed from a pattern."),
    "no_source": _("Nothing says where the address came from."),
}
_FIELDS: Mapping[str, Any] = {
    Field.ADDRESS: _("address"),
    Field.FIRST_NAME: _("first name"),
    Field.LAST_NAME: _("last name"),
    Field.FULL_NAME: _("full name"),
    Field.TITLE: _("job title"),
    Field.ACCOUNT: _("company"),
    Field.DOMAIN: _("domain of the company"),
    Field.INDUSTRY: _("industry"),
    Field.ECOSYSTEM: _("ecosystem"),
    Field.COUNTRY: _("country"),
    Field.CITY: _("city"),
    Field.ZONE: _("time zone"),
    Field.SOURCE: _("source"),
    Field.BASIS: _("legal basis"),
    Field.OPTED_OUT: _("opt-out"),
    Field.NO_CONSENT: _("consent"),
    Field.GUESSED: _("quality of the address"),
    "account.name": _("name of the company"),
    "account.industry": _("industry"),
    "account.ecosystem": _("ecosystem"),
    "account.domain": _("domain of the company"),
}
_FILE_ERRORS: Mapping[str, Any] = {
    "empty_file": _("the file is empty"),
    "unreadable": _("the file cannot be read"),
    "wrong_encoding": _("the file is not in an encoding that can be read; save it as UTF-8"),
    "no_header": _("no line of the file names its columns"),
    "missing_columns": _("a column is missing"),
    "unknown_field": _("this is not the name of a field"),
    "cell_too_large": _("a cell is too large"),
    "line_too_large": _("a line is too long"),
    "too_many_rows": _("the file has too many rows"),
    "too_many_columns": _("the file has too many columns"),
    "too_large": _("the file is too large"),
}


def label(verdict: str) -> str:
    """A verdict as people read it."""
    return str(Verdict(verdict).label)


def reason(code: str) -> str:
    """Why, in a sentence; a code of a rule that is not known here is shown as it is."""
    return str(_REASONS.get(code, code))


def told(one: RowVerdict) -> str:
    """Why, of one row, and as what an address is read that imitates another."""
    if not one.reading:
        return reason(one.code)
    return f"{reason(one.code)} {_('It reads as %(reading)s.') % {'reading': one.reading}}"


def fields(names: str) -> str:
    """Names of fields, parted by commas, as people read them; `contact.` is what texts put before their names."""
    return ", ".join(str(_FIELDS.get(name.removeprefix("contact."), name)) for name in names.split(", ") if name)


def file_error(error: ImportFileError, name: str) -> str:
    """What is wrong with a file, and where, in one line."""
    place = name if error.where == name else f"{name}, {error.where}"
    return " ".join(f"{place}: {_FILE_ERRORS.get(error.code, error.code)} ({error.message})".split())
