"""Shows a playbook as tables that a person reads: sections in their order, rows by name, lists in words.

It knows what sections and keys are called, and shows what it does not know as it stands: earlier versions said less.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

_TITLES: Mapping[str, Any] = {
    "sender": _("Who we are"),
    "people": _("Who fills which role"),
    "desks": _("When each of us works"),
    "gates": _("Gates: all must pass"),
    "icp_tiers": _("ICP tiers"),
    "signals": _("Engagement signals"),
    "intent": _("What raises a signal"),
    "mql": _("What makes an MQL"),
    "indicators": _("Indicators"),
    "sql": _("What makes an SQL"),
    "tiers": _("Lead tiers: ICP tier by intent"),
    "stages": _("Stages"),
    "clocks": _("Clocks"),
    "attempts": _("Attempts"),
    "reasons": _("Reasons: closed lists"),
    "rejections": _("What becomes of a rejected lead"),
    "routing": _("Routing, top down"),
    "payload": _("What a handoff needs"),
    "sequences": _("Sequences, and when mail may leave"),
    "replies": _("Where an answer goes"),
    "content": _("What a text must and must not say"),
    "commitments": _("What each side owes"),
    "recipients": _("Whom nobody writes to"),
    "caps": _("Limits on sending"),
    "approvals": _("How long a signature holds"),
}
_KEYS: Mapping[str, Any] = {
    "accept_A": _("accept, tier A"),
    "accept_B": _("accept, tier B"),
    "accept_C": _("accept, tier C"),
    "sql_to_ae": _("SQL to account executive"),
    "mql_classified": _("MQL classified"),
    "sql_decided": _("SQL decided"),
    "mql": _("MQL"),
    "sal": _("SAL"),
    "sql": _("SQL"),
    "cmo": _("CMO"),
    "cro": _("CRO"),
    "exit": _("out, forward"),
    "exit_otherwise": _("out, otherwise"),
    "entry": _("in"),
    "shown_by": _("confirmed by"),
    "valid_days": _("holds for, days"),
    "warned_at": _("warned at, per cent"),
    "ooo_default_days": _("absence without a date, days"),
    "ooo_longest_days": _("absence at the longest, days"),
    "colleague_delay_days": _("delay when a colleague answers, days"),
}
_LONGEST_LIST, _MOST_COLUMNS = 200, 7


@dataclass(frozen=True)
class Table:
    """Rows with a name each; without columns the rows are a name and one value."""

    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]
    caption: str = ""


@dataclass(frozen=True)
class Section:
    """One section: what it is called, and its tables."""

    key: str
    title: Any
    tables: Sequence[Table]


def sections(document: Mapping[str, Any]) -> list[Section]:
    """Every section of a document, in the order of the house and then of the document."""
    known = [key for key in _TITLES if key in document]
    return [_section(key, document[key]) for key in [*known, *(key for key in document if key not in _TITLES)]]


def said(value: Any) -> str:
    """A value in words."""
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, Mapping):
        return "; ".join(f"{_called(key)}: {said(one)}" for key, one in value.items())
    if isinstance(value, list):
        shown = [said(one) for one in value[:_LONGEST_LIST]]
        more = len(value) - len(shown)
        return ", ".join([*shown, *([str(_("and %(count)d more") % {"count": more})] if more else [])])
    return str(value)


def _section(key: str, content: Any) -> Section:
    title = _TITLES.get(key, key)
    if not isinstance(content, Mapping):
        return Section(key, title, [Table((), [(str(title), [said(content)])])])
    facts = {name: one for name, one in content.items() if not _has_columns(one) and not _is_rows(one)}
    named = {name: one for name, one in content.items() if _has_columns(one)}
    tables = [Table((), _facts(facts))] if facts else []
    tables += _of_rows({_called(name): one for name, one in named.items()})
    for name, rows in content.items():
        if _is_rows(rows):
            numbered = {str(number): row for number, row in enumerate(rows, start=1)}
            tables += _of_rows(numbered, _called(name) if len(content) > 1 else "")
    return Section(key, title, tables)


def _of_rows(rows: Mapping[str, Mapping[str, Any]], caption: str = "") -> list[Table]:
    """One table, or one for each row where so many columns would leave no room to read."""
    keys = list(dict.fromkeys(key for row in rows.values() for key in row))
    if len(keys) > _MOST_COLUMNS:
        return [
            Table((), [(_called(key), [said(one)]) for key, one in row.items()], name) for name, row in rows.items()
        ]
    shown = [(name, [said(row[key]) if key in row else "–" for key in keys]) for name, row in rows.items()]
    return [Table([_called(key) for key in keys], shown, caption)] if rows else []


def _facts(row: Mapping[str, Any]) -> Sequence[tuple[str, Sequence[str]]]:
    return [(_called(key), [said(one)]) for key, one in row.items()]


def _has_columns(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(value)


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) for one in value)


def _called(key: str) -> str:
    """Inside a section: what is named like a section is a key here."""
    return str(_KEYS.get(key) or key.replace("_", " "))
