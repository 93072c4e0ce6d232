"""Decides which column of a file is which field, and which words in it are a no: one table per tool."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from sequences.imports.cells import ImportFileError, is_blank


class Field(StrEnum):
    """What a column can be. The last three are marks: columns in which the source itself says no or not sure."""

    ADDRESS = "address"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    FULL_NAME = "full_name"
    TITLE = "title"
    ACCOUNT = "account"
    DOMAIN = "domain"
    INDUSTRY = "industry"
    ECOSYSTEM = "ecosystem"
    COUNTRY = "country"
    CITY = "city"
    ZONE = "zone"
    SOURCE = "source"
    BASIS = "basis"
    OPTED_OUT = "opted_out"
    NO_CONSENT = "no_consent"
    GUESSED = "guessed"


MARKS = (Field.OPTED_OUT, Field.NO_CONSENT, Field.GUESSED)
REQUIRED = (Field.ADDRESS,)

Columns = Mapping[Field, tuple[str, ...]]
_NOTHING: Mapping[str, str] = MappingProxyType({})


def normal(name: str) -> str:
    """A column name or a word in a mark as it is compared: "E-Mail", "e_mail" and " E mail" are one."""
    return re.sub(r"[\W_]+", " ", name.casefold()).strip()


@dataclass(frozen=True)
class Sign:
    """Which cells of a column mean its mark: these words; inverted, all but these; with `blank`, an empty cell."""

    words: frozenset[str] = frozenset()
    inverted: bool = False
    blank: bool = False

    def says(self, cell: str) -> bool:
        word = "" if is_blank(cell) else normal(cell)
        return ((word in self.words) is not self.inverted) if word else self.blank


@dataclass(frozen=True)
class Preset:
    """One tool's export. `columns` names them in order of preference; two of `signature` in a header tell the tool."""

    key: str
    label: str
    columns: Columns
    signature: frozenset[str] = frozenset()


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


_GENERIC: Columns = {
    Field.ADDRESS: (
        *_words("email|e mail|email address|e mail address|mail|mail address|work email|business email|primary email"),
        *_words("contact email|e mail adresse|email adresse|mailadresse|emailadresse|courriel"),
    ),
    Field.FIRST_NAME: _words("first name|firstname|first|given name|forename|vorname|prénom|prenom"),
    Field.LAST_NAME: _words("last name|lastname|last|surname|family name|nachname|familienname|zuname"),
    Field.FULL_NAME: _words("full name|name|contact name|who|contact|ansprechpartner|ansprechpartnerin|kontakt"),
    Field.TITLE: _words("job title|jobtitle|title|position|role|funktion|berufsbezeichnung|titel"),
    Field.ACCOUNT: (
        *_words("company|company name|account name|account|organization|organisation|organization name"),
        *_words("firm|firma|firmenname|unternehmen|employer|société|entreprise"),
    ),
    Field.DOMAIN: _words("domain|email domain|company domain|company domain name|website|webseite|url"),
    Field.INDUSTRY: _words("industry|sector|branche|secteur"),
    Field.ECOSYSTEM: _words("ecosystem|partner ecosystem|ökosystem|partnerökosystem"),
    Field.COUNTRY: _words("country|country region|mailing country|company country|land|pays"),
    Field.CITY: _words("city|town|mailing city|company city|ort|stadt|wohnort|ville"),
    Field.ZONE: _words("time zone|timezone|zone|zeitzone"),
    Field.SOURCE: _words("source|lead source|where from|quelle|herkunft|list|liste"),
    Field.BASIS: _words("legal basis|basis|consent basis|lawful basis|rechtsgrundlage"),
}
_HUBSPOT: Columns = {
    Field.ADDRESS: _words("email"),
    Field.ACCOUNT: _words("company name|company|associated company primary|associated company"),
    Field.DOMAIN: _words("email domain|hs email domain|website url"),
    Field.COUNTRY: _words("country region|country"),
    Field.ZONE: _words("time zone|hs timezone"),
    Field.SOURCE: _words("original traffic source|original source|hs analytics source"),
    Field.BASIS: _words("legal basis for processing contact s data|hs legal basis"),
}
_SALESFORCE: Columns = {
    Field.TITLE: _words("title"),
    Field.ACCOUNT: _words("account name|company account|company"),
    Field.COUNTRY: _words("mailing country|country|billing country"),
    Field.CITY: _words("mailing city|city|billing city"),
    Field.SOURCE: _words("lead source|leadsource"),
    Field.BASIS: _words("consent basis"),
}
_APOLLO: Columns = {
    Field.TITLE: _words("title"),
    Field.ACCOUNT: _words("company name|company|company name for emails"),
    Field.DOMAIN: _words("website"),
}
_PIPEDRIVE: Columns = {
    Field.ADDRESS: _words("person email work|person email|email work"),
    Field.FIRST_NAME: _words("person first name"),
    Field.LAST_NAME: _words("person last name"),
    Field.FULL_NAME: _words("person name"),
    Field.TITLE: _words("person job title"),
    Field.ACCOUNT: _words("person organization|person organisation|organization name|organisation name"),
    Field.DOMAIN: _words("organization website|organisation website"),
    Field.INDUSTRY: _words("organization industry|organisation industry"),
    Field.COUNTRY: _words("organization country|organisation country|person country"),
    Field.CITY: _words("organization city|organisation city|person city"),
    Field.SOURCE: _words("person source"),
}
_MONDAY: Columns = {
    Field.FULL_NAME: _words("name|item|item name"),
    Field.BASIS: _words("consent|legal basis"),
}
_SIGNATURES = {
    "hubspot": "record id|lifecycle stage|contact owner|unsubscribed from all email|marketing contact status"
    "|original traffic source|original source|legal basis for processing contact s data|hs legal basis",
    "salesforce": "account name|account owner|lead source|email opt out|mailing country|mailing city|mailing street"
    "|mailing state province|hasoptedoutofemail|leadsource",
    "apollo": "apollo contact id|apollo account id|email status|email confidence|person linkedin url"
    "|company name for emails|company linkedin url|primary email source",
    "pipedrive": "person id|person name|person first name|person last name|person email work|person email|person owner"
    "|person organization|person organisation|person label|person job title|person marketing status",
    "monday": "item id auto generated|subitems|person|people|status|last touch",
    "generic": "",
}


def _preset(key: str, label: str, columns: Columns) -> Preset:
    return Preset(key, label, columns, frozenset(_words(_SIGNATURES[key])) - {""})


PRESETS: Mapping[str, Preset] = {
    "hubspot": _preset("hubspot", "HubSpot", _HUBSPOT),
    "salesforce": _preset("salesforce", "Salesforce", _SALESFORCE),
    "apollo": _preset("apollo", "Apollo", _APOLLO),
    "pipedrive": _preset("pipedrive", "Pipedrive", _PIPEDRIVE),
    "monday": _preset("monday", "Monday.com", _MONDAY),
    "generic": _preset("generic", "Other", _GENERIC),
}

_NO = frozenset(_words("no|n|false|0|nein|falsch|non|off|none|null|never|nie|0000 00 00|0000 00 00 00 00 00"))
_YES = frozenset(_words("yes|y|true|1|x|ok|okay|on|ja|j|wahr|oui|si|sí"))
_REFUSED = frozenset(_words("no consent|refused|declined|not given|denied|verweigert|abgelehnt|archived"))
_WITHDRAWN = frozenset(
    _words("opted out|opt out|unsubscribed|withdrawn|revoked|do not contact|do not email|objected|asked not to")
    + _words("widerrufen|widersprochen|abgemeldet")
)
_ANYTHING_BUT_NO = Sign(_NO, inverted=True)
_OPTED_OUT = {Field.OPTED_OUT: _ANYTHING_BUT_NO}
_CONSENT = {Field.OPTED_OUT: Sign(_WITHDRAWN), Field.NO_CONSENT: Sign(_NO | _REFUSED)}
_STATUS = {Field.OPTED_OUT: Sign(_WITHDRAWN), Field.NO_CONSENT: Sign(_REFUSED)}
_STAGE = {Field.OPTED_OUT: Sign(_WITHDRAWN)}
_QUALITY = {**_STAGE, Field.GUESSED: Sign(frozenset(_words("extrapolated|guessed")))}


def _each(names: str, meaning: Mapping[Field, Sign]) -> dict[str, Mapping[Field, Sign]]:
    return dict.fromkeys(_words(names), meaning)


# A word nobody foresaw in a column that is called an opt-out counts as one: a lost no costs more than a lost lead.
SIGNS: Mapping[str, Mapping[Field, Sign]] = {
    **_each(
        "unsubscribed from all email|hs email optout|email opt out|hasoptedoutofemail|opt out|opted out", _OPTED_OUT
    ),
    **_each("optout|unsubscribed|do not contact|do not email|do not mail|email opted out|abgemeldet", _OPTED_OUT),
    **_each("unsubscribed at|opted out at|opt out date|unsubscribe date|abgemeldet am|widerrufen am", _OPTED_OUT),
    **_each("ok to mail|may we mail|may we email", {Field.OPTED_OUT: Sign(_YES, inverted=True)}),
    **_each("subscribed|email subscribed|mailable", {Field.OPTED_OUT: Sign(_NO | _WITHDRAWN)}),
    **_each("consent|marketing consent|email consent|opt in|opt in status|einwilligung", _CONSENT),
    **_each("person marketing status|marketing status|subscription status|consent status", _STATUS),
    **_each("confirmed at|double opt in at|bestätigt am", {Field.NO_CONSENT: Sign(blank=True)}),
    **_each("guessed|email guessed|extrapolated", {Field.GUESSED: _ANYTHING_BUT_NO}),
    **_each("stage|status|lead status", _STAGE),
    **_each("email status", _QUALITY),
}
_DEFAULT_SIGNS = {
    Field.OPTED_OUT: _ANYTHING_BUT_NO,
    Field.NO_CONSENT: Sign(_NO | _REFUSED),
    Field.GUESSED: _ANYTHING_BUT_NO,
}
_ADDRESS_NAMES = frozenset(name for preset in PRESETS.values() for name in preset.columns.get(Field.ADDRESS, ()))
_NAMES = frozenset(name for preset in PRESETS.values() for names in preset.columns.values() for name in names)
_KNOWN = frozenset(name for preset in PRESETS.values() for name in preset.signature) | _NAMES | frozenset(SIGNS)


def recognised(cells: Iterable[str]) -> tuple[bool, int]:
    """Whether an address column is named among the cells, and how many of them are known column names at all."""
    names = {normal(cell) for cell in cells if cell and len(cell) < 100}
    return bool(names & _ADDRESS_NAMES), len(names & _KNOWN)


def is_known(name: str) -> bool:
    """Whether any tool calls a column so."""
    return normal(name) in _KNOWN


def detect(header: Sequence[str]) -> Preset:
    """The tool that wrote the header: the one with most names of its own in it, two at least, else `generic`."""
    names = {normal(name) for name in header}
    hits = {key: len(names & preset.signature) for key, preset in PRESETS.items()}
    best = max(hits, key=lambda key: hits[key])
    return PRESETS[best] if hits[best] > 1 else PRESETS["generic"]


def mapping(header: Sequence[str], preset: Preset, overrides: Mapping[str, str] = _NOTHING) -> Mapping[str, str]:
    """Field → column as the header spells it. `overrides` go first; an empty one leaves its field unmapped.

    Names a preset lacks are looked up among the generic ones. Raises ImportFileError: missing_columns for a required
    field without column or an override naming none of the file, unknown_field for an override of no field.
    """
    columns: dict[str, str] = {}
    for name in header:
        columns.setdefault(normal(name), name)
    found = {str(field): name for field in Field if (name := _column(field, preset, columns))}
    if normal(found.get(Field.FIRST_NAME, "")) == "vorname" and Field.LAST_NAME not in found and "name" in columns:
        # Beside "Vorname" a German list means the surname by "Name".
        found[Field.LAST_NAME] = columns["name"]
        found.pop(Field.FULL_NAME, None)
    found.update({_field(field): _named(name, columns, field) for field, name in overrides.items()})
    chosen = {field: name for field, name in found.items() if name}
    if missing := [str(field) for field in REQUIRED if field not in chosen]:
        raise _missing(", ".join(missing), columns)
    return chosen


def signs(columns: Iterable[str], chosen: Mapping[str, str]) -> tuple[tuple[Field, str, Sign], ...]:
    """(mark, column, sign) for every column that can say no: all that are known to, and those mapped to a mark."""
    known = [(mark, name, sign) for name in columns for mark, sign in SIGNS.get(normal(name), {}).items()]
    told = {(mark, name) for mark, name, _ in known}
    mapped = [(mark, chosen[mark], _DEFAULT_SIGNS[mark]) for mark in MARKS if mark in chosen]
    return (*known, *(entry for entry in mapped if entry[:2] not in told))


def _column(field: Field, preset: Preset, columns: Mapping[str, str]) -> str:
    if field in MARKS:
        return next((columns[name] for name, told in SIGNS.items() if field in told and name in columns), "")
    candidates = (*preset.columns.get(field, ()), *_GENERIC.get(field, ()))
    return next((columns[name] for name in candidates if name in columns), "")


def _field(text: str) -> str:
    if text not in set(Field):
        raise ImportFileError("unknown_field", text, f"{text} is no field; the fields are {', '.join(Field)}")
    return text


def _named(name: str, columns: Mapping[str, str], field: str) -> str:
    if name and normal(name) not in columns:
        raise _missing(field, columns, told=name)
    return columns[normal(name)] if name else ""


def _missing(field: str, columns: Mapping[str, str], *, told: str = "") -> ImportFileError:
    wanted = f"column {told!r} for {field}" if told else f"a column for {field}"
    return ImportFileError("missing_columns", field, f"{wanted} is missing; found: {', '.join(columns.values())}")
