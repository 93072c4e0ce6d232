"""Decides how the bytes of a file become rows: encoding and delimiter, where the header is, which lines are people."""

import codecs
import re
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from io import StringIO, TextIOWrapper
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TextIO
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook
from openpyxl.utils.escape import unescape
from openpyxl.utils.exceptions import InvalidFileException

from sequences.imports.cells import ImportFileError, Limits, Line, Lines, as_text, within
from sequences.imports.presets import is_known, recognised

__all__ = ["LIMITS", "ImportFileError", "Limits", "Row", "Skipped", "Table", "read"]

LIMITS = Limits()
_CHUNK = 65_536
_SAMPLE = 262_144
_LEAD = 50
_DELIMITERS = ",;\t|"
_SHEET_ROWS = 1_048_576
_ZIP, _OLE = b"PK\x03\x04", bytes.fromhex("d0cf11e0")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_MULTI_BYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_UNDEFINED = frozenset(b"\x81\x8d\x8f\x90\x9d")
# What openpyxl, its XML parser and the archive beneath it raise on a file that is damaged or only called a workbook.
_DAMAGED = (BadZipFile, zlib.error, InvalidFileException, SyntaxError, ArithmeticError, AttributeError, EOFError)
_BROKEN = (*_DAMAGED, LookupError, OSError, RuntimeError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Row:
    """One person. `number` is the physical line or sheet row where it starts, `person` its place, both from 1."""

    number: int
    person: int
    cells: Mapping[str, str]


@dataclass
class Skipped:
    """Lines after the header that hold something, yet are neither header nor person: how many, and the first 100."""

    count: int = 0
    numbers: list[int] = field(default_factory=list)

    def note(self, number: int) -> None:
        self.count += 1
        if self.count <= 100:
            self.numbers.append(number)


@dataclass(frozen=True)
class Table:
    """A file as people. `rows` is read from the file while it is iterated, once; `skipped` fills meanwhile.

    `encoding` and `delimiter` are empty for a workbook, `sheet` for text. Of equal names in `header` the first counts.
    """

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    rows: Iterator[Row]
    sheet: str
    skipped: Skipped


class _Form(NamedTuple):
    lead: list[Line]
    lines: Callable[[], Generator[Line, None, None]]
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""


def read(path: Path | BinaryIO, *, name: str, limits: Limits = LIMITS) -> Table:
    """Open a CSV, TSV or XLSX file, told by its content; `name` is what errors call it. A stream must be seekable.

    Raises ImportFileError, also while the rows are iterated.
    """
    with _opened(path) as file:
        start = file.read(4)
    if start == _OLE:
        raise ImportFileError("unreadable", name, "an old or encrypted Excel file; save it as XLSX or CSV")
    form = _workbook(path, name, limits) if start == _ZIP else _text(path, name, limits)
    if not form.lead:
        raise ImportFileError("empty_file", name, "the file holds nothing")
    found = _header(form.lead)
    if not found:
        raise ImportFileError("no_header", name, f"none of the first {len(form.lead)} filled lines names columns")
    header, skipped = tuple(map(_tidy, found[1])), Skipped()
    rows = _people(form, found[0], header, limits=limits, skipped=skipped)
    return Table(form.encoding, form.delimiter, header, rows, form.sheet, skipped)


@contextmanager
def _opened(path: Path | BinaryIO) -> Iterator[BinaryIO]:
    if isinstance(path, Path):
        with path.open("rb") as file:
            yield file
    else:
        path.seek(0)
        yield path


def _people(form: _Form, at: int, header: Sequence[str], *, limits: Limits, skipped: Skipped) -> Iterator[Row]:
    with closing(form.lines()) as lines:
        after = ((number, cells) for number, cells in lines if number > at)
        yield from _rows(after, header, limits=limits, skipped=skipped)


def _rows(lines: Iterable[Line], header: Sequence[str], *, limits: Limits, skipped: Skipped) -> Iterator[Row]:
    names = frozenset(header) - {""}
    places, needed, person = _places(header), 3 if len(names) > 2 else 1, 0
    for number, cells in lines:
        if not (filled := _filled(cells)):
            continue
        if _repeats(cells, names):
            places = _places([_tidy(cell) for cell in cells])
        elif filled < needed and not any("@" in cell for cell in cells):
            # A line with an address is a person however little it says: "stop" may be all that it says.
            skipped.note(number)
        elif person == limits.rows:
            raise ImportFileError("too_many_rows", f"row {number}", f"more than {limits.rows} people", row=number)
        else:
            person += 1
            yield Row(number, person, {name: cells[at] if at < len(cells) else "" for name, at in places.items()})


def _places(header: Sequence[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, name in enumerate(header):
        places.setdefault(name, place)
    places.pop("", None)
    return places


def _filled(cells: Iterable[str]) -> int:
    return sum(map(bool, map(str.strip, cells)))


def _tidy(cell: str) -> str:
    return " ".join(cell.split())


def _repeats(cells: Sequence[str], names: frozenset[str]) -> bool:
    """Whether the line is the header of a further group: the same names again, or others that are column names."""
    first = _tidy(next(filter(str.strip, cells))[:100])
    if first not in names and not is_known(first):
        return False
    found = {_tidy(cell) for cell in cells} - {""}
    address, known = recognised(found)
    return 2 * len(found & names) >= len(names) or (address and known > 2 and 2 * known >= len(found))


def _header(lead: Sequence[Line]) -> Line | None:
    """The line with most known column names, one naming an address first; else the line above the first address."""
    best = max(lead, key=lambda line: _rank(line[1]), default=None)
    if best and _rank(best[1])[0]:
        return best
    wide = [line for line in lead if _filled(line[1]) > 1]
    above = next((one for one, two in pairwise(wide) if any("@" in cell for cell in two[1])), None)
    return None if above is None or any("@" in cell for cell in above[1]) else above


def _rank(cells: Iterable[str]) -> tuple[int, int]:
    address, known = recognised(cells)
    return (2 if address else int(known > 1)), known


def _lead(lines: Iterable[Line]) -> Iterator[Line]:
    return islice((line for line in lines if _filled(line[1])), _LEAD)


def _text(path: Path | BinaryIO, name: str, limits: Limits) -> _Form:
    with _opened(path) as file:
        encoding = _encoding(file, name)
    with _opened(path) as file, _decoded(file, encoding) as stream:
        sample = stream.read(_SAMPLE)
    delimiter = max(_DELIMITERS, key=lambda mark: _fit(sample, mark, limits))
    lines = partial(_text_lines, path, encoding, delimiter, limits)
    with closing(lines()) as first:
        return _Form(list(_lead(first)), lines, encoding, delimiter)


def _text_lines(path: Path | BinaryIO, encoding: str, delimiter: str, limits: Limits) -> Generator[Line, None, None]:
    with _opened(path) as file, _decoded(file, encoding) as stream:
        yield from Lines(stream, delimiter, limits)


@contextmanager
def _decoded(file: BinaryIO, encoding: str) -> Iterator[TextIO]:
    stream = TextIOWrapper(file, encoding=encoding, newline="")
    try:
        yield stream
    finally:
        if not stream.closed:
            stream.detach()


def _fit(sample: str, delimiter: str, limits: Limits) -> tuple[int, int, int]:
    """How well a delimiter explains the beginning of a file: by the header that it brings to light."""
    lead: list[Line] = []
    with suppress(ImportFileError):
        lead.extend(_lead(Lines(StringIO(sample, newline=""), delimiter, limits)))
    found = _header(lead)
    return (*_rank(found[1]), len(found[1])) if found else (-1, 0, 0)


def _encoding(file: BinaryIO, name: str) -> str:
    start = file.read(3)
    declared = next((codec for mark, codec in _MARKS if start.startswith(mark)), "")
    bad = _undecodable(file, declared or "utf-8")
    if not bad:
        return declared or "utf-8"
    seen, high, paired = _eight_bit(file)
    if 0 in seen and not declared:
        raise ImportFileError("unreadable", name, "no text: it holds NUL bytes")
    if declared or seen & _UNDEFINED or 2 * paired > high:
        # Where most bytes make UTF-8, the rest is damage: read as Windows-1252, every umlaut would be garbled.
        message = f"neither {declared or 'UTF-8'} nor Windows-1252"
        raise ImportFileError("wrong_encoding", f"row {bad}", message, row=bad)
    return "cp1252" if any(0x80 <= byte < 0xA0 for byte in seen) else "iso-8859-1"


def _undecodable(file: BinaryIO, encoding: str) -> int:
    """The first line that is not of this encoding, 0 if all are."""
    decoder, line = codecs.getincrementaldecoder(encoding)(), 1
    try:
        for chunk in chain(_chunks(file), (b"",)):
            line += decoder.decode(chunk, final=not chunk).count("\n")
    except UnicodeDecodeError as error:
        return line + error.object[: error.start].count(b"\n")
    return 0


def _eight_bit(file: BinaryIO) -> tuple[set[int], int, int]:
    """The bytes of the file: which occur, how many lie above ASCII, how many of these would make UTF-8."""
    seen: set[int] = set()
    high = paired = 0
    for chunk in _chunks(file):
        seen.update(chunk)
        high += len(chunk.translate(None, bytes(range(0x80))))
        paired += sum(map(len, _MULTI_BYTE.findall(chunk)))
    return seen, high, paired


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(_CHUNK):
        yield chunk


def _workbook(path: Path | BinaryIO, name: str, limits: Limits) -> _Form:
    with _first_sheet(path, name, limits) as sheet:
        lead = list(_lead(_sheet_rows(sheet, limits)))
        return _Form(lead, partial(_sheet_lines, path, name, limits), sheet=sheet.title)


def _sheet_lines(path: Path | BinaryIO, name: str, limits: Limits) -> Generator[Line, None, None]:
    with _first_sheet(path, name, limits) as sheet:
        yield from _sheet_rows(sheet, limits)


@contextmanager
def _first_sheet(path: Path | BinaryIO, name: str, limits: Limits) -> Iterator[Any]:
    try:
        with _opened(path) as file:
            _check_size(file, name, limits)
            with closing(load_workbook(file, read_only=True, keep_links=False)) as book:
                sheet = book.worksheets[0]
                # The size a sheet states is often wrong, and then rows would be cut off.
                sheet.reset_dimensions()
                yield sheet
    except _BROKEN as error:
        raise ImportFileError("unreadable", name, f"no workbook that can be read: {error}") from error


def _check_size(file: BinaryIO, name: str, limits: Limits) -> None:
    with ZipFile(file) as archive:
        unpacked = sum(part.file_size for part in archive.infolist())
    if unpacked > limits.unpacked:
        raise ImportFileError("too_large", name, f"unpacks to {unpacked} bytes, {limits.unpacked} are read")


def _sheet_rows(sheet: Any, limits: Limits) -> Iterator[Line]:
    for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
        if number > _SHEET_ROWS:
            raise ImportFileError("unreadable", f"row {number}", "no sheet has so many rows", row=number)
        yield number, within([unescape(as_text(value)) for value in values], number, limits)
