"""Decides what is known of a recipient file before anybody in it is judged: name, digest, tool, columns, people."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from compliance.addresses import Address, AddressError, parse
from sequences.imports.cells import ImportFileError, Limits
from sequences.imports.judging import Flag, Judge, Judged
from sequences.imports.presets import PRESETS, Field, Preset, detect, mapping
from sequences.imports.reading import LIMITS, Table, read

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class RecipientFile:
    """A file that can be read as often as needed. `mapping` names the column of each field, `digest` is SHA-256."""

    source: Path | BinaryIO
    name: str
    digest: str
    header: tuple[str, ...]
    preset: Preset
    mapping: Mapping[str, str]
    limits: Limits = LIMITS

    def table(self) -> Table:
        """The file from its beginning. Raises ImportFileError, also while its rows are iterated."""
        return read(self.source, name=self.name, limits=self.limits)

    @property
    def origin(self) -> str:
        """What a row without a source of its own came from: the tool, else the file."""
        return (self.preset.label if self.preset.key != "generic" else self.name)[:120]


@dataclass(frozen=True)
class Survey:
    """What one reading to the end found: how many people, how many lines that are none, and who in any row says no."""

    rows: int
    skipped: int
    stopped: frozenset[str]


def opened(
    source: Path | BinaryIO,
    *,
    name: str,
    preset: str = "",
    overrides: Mapping[str, str] = _NOTHING,
    limits: Limits = LIMITS,
) -> RecipientFile:
    """Look at the beginning of a file. `preset` is a key of PRESETS; without it the header tells the tool.

    Raises ImportFileError.
    """
    try:
        digest = _digest(source)
        header = read(source, name=name, limits=limits).header
    except OSError as error:
        raise ImportFileError("unreadable", name, error.strerror or str(error)) from error
    chosen = PRESETS[preset] if preset else detect(header)
    return RecipientFile(source, name, digest, header, chosen, mapping(header, chosen, overrides), limits)


def surveyed(file: RecipientFile) -> Survey:
    """Read the whole file once, so that nothing is stored of one that breaks off, and every no in it is known.

    Raises ImportFileError.
    """
    judge, count, stopped = Judge(), 0, set()
    table = file.table()
    for row in table.rows:
        count += 1
        judged = judge.judge(row, file.mapping)
        if address := asks_to_be_left_alone(judged, file.mapping):
            stopped.add(address.canonical)
    return Survey(count, table.skipped.count, frozenset(stopped))


def asks_to_be_left_alone(judged: Judged, columns: Mapping[str, str]) -> Address | None:
    """Whom the row itself says to leave alone, whatever else is wrong with it; a lost no costs more than a lead."""
    if Flag.OPTED_OUT not in judged.flags:
        return None
    if judged.person:
        return judged.person.address
    try:
        return parse(judged.row.cells.get(columns[Field.ADDRESS], ""))
    except AddressError:
        return None


def _digest(source: Path | BinaryIO) -> str:
    if isinstance(source, Path):
        with source.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    source.seek(0)
    return hashlib.file_digest(source, "sha256").hexdigest()  # type: ignore[arg-type]
