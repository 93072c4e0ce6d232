"""Reads a file of people who are to be left in peace, and stops them all: the opt-outs of an earlier tool (LAW SUP-12).

One address a line, or a table of which one column holds the address; a heading is passed over. A line that cannot be
read is named with its number, and nothing of the file is stored before every line can be.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from compliance import addresses, cards, locks, suppression
from compliance.addresses import Address, AddressError
from compliance.principals import Principal
from compliance.suppression import Stop

_AT_ONCE = 200
_SHOWN = 60


@dataclass(frozen=True)
class Flaw:
    """A line without one plain address: its number from 1, what stands there, whether letters imitate others."""

    line: int
    text: str
    imitates: bool = False


@dataclass(frozen=True)
class People:
    """Everybody a file names, each once, and the lines that name nobody."""

    named: Sequence[Address]
    flaws: Sequence[Flaw]


def read(content: bytes) -> People:
    """UTF-8, else the encoding of Western Europe, which reads any file; commas, semicolons or tabs between cells."""
    named: dict[str, Address] = {}
    flaws = []
    for line, cells in _rows(_decoded(content)):
        told = [cell.strip() for cell in cells if "@" in cell]
        try:
            address = addresses.parse(told[0])
        except (IndexError, AddressError) as error:
            if told or line > 1:
                imitates = getattr(error, "code", "") == "look_alike"
                flaws.append(Flaw(line, ", ".join(cells)[:_SHOWN], imitates))
            continue
        named.setdefault(address.canonical, address)
    return People(list(named.values()), flaws)


def stop_all(people: Sequence[Address], stop: Stop, *, by: Principal, at: datetime) -> int:
    """Stop everything to each of them; how many. What was committed stays if it breaks off, and may be run again."""
    for start in range(0, len(people), _AT_ONCE):
        some = people[start : start + _AT_ONCE]
        known = cards.find_or_make(some, at=at)
        with transaction.atomic(durable=not connection.in_atomic_block):
            # All at once and in the order of the door, so that nobody waits in a circle.
            locks.lock_cards(card.person_id for card in known.values())
            for address in some:
                suppression.stop_address(address, stop, by=by, at=at)
    return len(people)


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    separator = max(",;\t", key=text[:4096].count)
    reader = csv.reader(io.StringIO(text.replace("\0", "")), delimiter=separator)
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield reader.line_num, cells
