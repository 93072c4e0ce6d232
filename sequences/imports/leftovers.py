"""Decides how the rows that were not taken are handed back: the file's own cells, made harmless, with the reason."""

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.translation import gettext as _

from sequences.imports import reasons
from sequences.imports.cells import neutral_cell
from sequences.imports.files import RecipientFile
from sequences.imports.verdicts import RowVerdict


class _Echo:
    """What the csv module takes for a file: hands back what is written."""

    def write(self, text: str) -> str:
        return text


def lines(file: RecipientFile, verdicts: Iterable[RowVerdict]) -> Iterator[str]:
    """CSV (RFC 4180) with a byte order mark, line by line: row, verdict, reason, then the columns of the file."""
    writer: Any = csv.writer(_Echo())
    columns = list(dict.fromkeys(filter(None, file.header)))
    yield "\ufeff" + writer.writerow(_neutral([_("row"), _("verdict"), _("reason"), _("about"), *columns]))
    for one in verdicts:
        if not one.taken:
            cells = [one.judged.row.cells.get(column, "") for column in columns]
            yield writer.writerow(_neutral([*_said(one), *cells]))


def _said(one: RowVerdict) -> list[str]:
    row, verdict = str(one.judged.row.number), reasons.label(one.verdict)
    return [row, verdict, reasons.told(one), reasons.fields(one.field)]


def _neutral(cells: Iterable[str]) -> list[str]:
    return [neutral_cell(cell) for cell in cells]
