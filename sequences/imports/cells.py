"""Decides what a cell is: where it ends in delimited text, what it says, whether it would run, how that is stopped."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TextIO

Line = tuple[int, list[str]]

_BLANKS = {"", "-", "n/a", "[not provided]"}
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_RUNS = re.compile(r"[\s\ufeff\u200b]*(?:[=@\uff1d\uff20]|[+\-\uff0b\uff0d](?![\d\s().-]*$))|[\t\r\n\0]")
_RISKY = re.compile(r"'*(?:[\s\ufeff\u200b]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n\0])")


class ImportFileError(Exception):
    """The file cannot be read as a list of people.

    `code` is one of empty_file, unreadable, wrong_encoding, no_header, missing_columns, unknown_field, cell_too_large,
    line_too_large, too_many_rows, too_many_columns, too_large. `where` names the place: the file, the field, or
    "row 7, column 3", both from 1, rows as physical lines or sheet rows; `row` and `column` are the same as numbers.
    """

    def __init__(
        self, code: str, where: str, message: str, *, row: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(f"{code}: {where}: {message}")
        self.code, self.where, self.message, self.row, self.column = code, where, message, row, column


@dataclass(frozen=True)
class Limits:
    """How much is read: characters of a cell and of a line, people, columns, bytes to which a workbook unpacks."""

    cell: int = 100_000
    line: int = 2_000_000
    rows: int = 200_000
    columns: int = 500
    unpacked: int = 1_000_000_000


class Lines:
    """(number of the physical line where it starts, cells) of delimited text (RFC 4180), as the csv module reads it.

    Unlike there, nothing is held beyond the limits: long lines arrive in pieces, and a cell is refused while it grows.
    Raises ImportFileError: cell_too_large, line_too_large, too_many_columns, unreadable (a NUL, a quote never closed).
    """

    def __init__(self, stream: TextIO, delimiter: str, limits: Limits, *, piece: int = 65_536) -> None:
        self._pieces, self._delimiter, self._limits = _pieces(stream, piece), delimiter, limits
        self._end = re.compile(f"[{re.escape(delimiter)}\r\n]")
        self._text, self._at, self._row, self._column = "", 0, 0, 0
        self._ended = self._size = self._length = 0

    def __iter__(self) -> Iterator[Line]:
        while True:
            self._text, self._at, self._row, self._size = "", 0, self._ended + 1, 0
            if not self._pull():
                return
            yield self._row, within(self._cells(), self._row, self._limits)

    def _cells(self) -> list[str]:
        if '"' not in self._text and self._text.endswith(("\r", "\n")):
            return self._text.rstrip("\r\n").split(self._delimiter)
        cells = [self._cell(1)]
        while self._text.startswith(self._delimiter, self._at):
            self._at += 1
            cells.append(self._cell(len(cells) + 1))
        return cells

    def _cell(self, column: int) -> str:
        self._column, self._length = column, 0
        if self._at == len(self._text):
            self._pull()
        # What follows a closing quote belongs to the cell, further quotes included, as spreadsheets have it.
        quoted = self._quoted() if self._text.startswith('"', self._at) else ""
        return quoted + self._plain()

    def _plain(self) -> str:
        parts: list[str] = []
        while not (end := self._end.search(self._text, self._at)):
            parts.append(self._take(len(self._text)))
            if not self._pull():
                return "".join(parts)
        return "".join((*parts, self._take(end.start())))

    def _quoted(self) -> str:
        parts: list[str] = []
        self._at += 1
        while True:
            close = self._text.find('"', self._at)
            if close < 0:
                parts.append(self._take(len(self._text)))
                self._pull_within_quotes()
            elif self._text.startswith('"', close + 1):
                parts.append(self._take(close + 1))
                self._at += 1
            elif close + 1 < len(self._text) or not self._pull():
                # Only the next piece tells whether a quote at the very end is doubled; then it is looked for again.
                parts.append(self._take(close))
                self._at += 1
                return "".join(parts)

    def _pull_within_quotes(self) -> None:
        if not self._pull():
            raise _at("unreadable", "a quote is opened here and never closed", self._row, self._column)

    def _take(self, end: int) -> str:
        part = self._text[self._at : end]
        self._at, self._length = end, self._length + len(part)
        if self._length > self._limits.cell:
            raise _too_large(self._row, self._column, self._limits)
        return part

    def _pull(self) -> bool:
        if not (piece := next(self._pieces, "")):
            return False
        self._text, self._at = self._text[self._at :] + piece, 0
        self._size += len(piece)
        self._ended += piece.endswith(("\r", "\n"))
        if "\0" in piece:
            raise _at("unreadable", "a NUL: this is no text, or UTF-16 without its mark", self._row)
        if self._size > self._limits.line:
            raise _at("line_too_large", f"more than {self._limits.line} characters", self._row)
        return True


def _pieces(stream: TextIO, size: int) -> Iterator[str]:
    """Physical lines with their ends; one longer than `size` in several, never parted between CR and LF."""
    while piece := stream.readline(size):
        following = stream.read(1) if len(piece) == size and piece.endswith("\r") else ""
        yield piece + following if following == "\n" else piece
        if following not in {"", "\n"}:
            yield following


def within(cells: list[str], row: int, limits: Limits) -> list[str]:
    """The cells of a line without blank ones beyond the last column. Raises too_many_columns, cell_too_large."""
    if len(cells) > limits.columns and any(map(str.strip, cells[limits.columns :])):
        raise _at("too_many_columns", f"{len(cells)} columns, {limits.columns} are read", row)
    if max(map(len, cells), default=0) > limits.cell:
        column = next(place for place, cell in enumerate(cells, 1) if len(cell) > limits.cell)
        raise _too_large(row, column, limits)
    return cells[: limits.columns]


def _too_large(row: int, column: int, limits: Limits) -> ImportFileError:
    return _at("cell_too_large", f"a cell of more than {limits.cell} characters", row, column)


def _at(code: str, message: str, row: int, column: int | None = None) -> ImportFileError:
    where = f"row {row}, column {column}" if column else f"row {row}"
    return ImportFileError(code, where, message, row=row, column=column)


def as_text(value: object) -> str:
    """A stored cell as text: dates as ISO 8601, numbers without grouping or exponent, formulas as they are written."""
    match value:
        case None | str():
            return value or ""
        case bool():
            return "true" if value else "false"
        case float():
            return format(Decimal(repr(value)), "f").removesuffix(".0")
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
        case date() | time():
            return value.isoformat()
        case int() | timedelta():
            return str(value)
    # Array formulas come as objects with their text, data tables as objects without.
    return str(getattr(value, "text", None) or "=")


def is_blank(text: str) -> bool:
    """Whether the cell says nothing: empty, or one of the words tools write for nothing."""
    return text.strip().casefold() in _BLANKS


def cleaned(text: str) -> str:
    """The cell as one line without control characters, runs of white space as one blank; "" where it says nothing."""
    shown = " ".join(_CONTROLS.sub(" ", text).split())
    return "" if is_blank(shown) else shown


def has_control(text: str) -> bool:
    """Whether a control character stands in the cell: line breaks and those of writing direction too (LAW MSG-03)."""
    return bool(_CONTROLS.search(text))


def would_run(text: str) -> bool:
    """Whether a spreadsheet would take the cell for a formula. A telephone number with its plus sign is none."""
    return bool(_RUNS.match(text))


def neutral_cell(text: str) -> str:
    """The cell as it may stand in an export: an apostrophe before anything a spreadsheet might run (LAW SEC-06).

    Stricter than `would_run`: signed numbers get one too. `original_cell` takes exactly this apostrophe off again.
    """
    return f"'{text}" if _RISKY.match(text) else text


def original_cell(text: str) -> str:
    """What `neutral_cell` was given, so that an export can be imported again unchanged."""
    return text[1:] if text.startswith("'") and _RISKY.match(text) else text
