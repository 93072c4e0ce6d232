"""Decides how a file becomes a playbook: TOML of a megabyte at the most, every fault told by its place, or nothing."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from compliance.refusals import Refusal, Refused
from handoff.playbook_sense import faults
from handoff.shapes import text

LARGEST = 1_000_000
_DOTS_IN_A_KEY, _DOTS_IN_A_LINE, _TITLE = 20, 400, 200


@dataclass(frozen=True)
class PlaybookFile:
    """What a file says: the title, and the document that is signed."""

    title: str
    document: Mapping[str, Any]


def open_file(path: Path) -> PlaybookFile:
    """A playbook from its file. Raises Refused with every fault, OSError if it cannot be read."""
    with path.open("rb") as file:
        return read(file.read(LARGEST + 1))


def read(data: bytes) -> PlaybookFile:
    """A playbook from the octets of a file. Raises Refused with every fault, each with its place."""
    said = _parsed(data)
    title = said.pop("title", "")
    if found := [*text(_TITLE)(title, "title"), *faults(said)]:
        raise Refused(found)
    return PlaybookFile(title, said)


def _parsed(data: bytes) -> dict[str, Any]:
    if len(data) > LARGEST:
        said = _("larger than %(most)d octets, which no playbook is") % {"most": LARGEST}
        raise Refused([Refusal("too_large", said)])
    if long := next((number for number, line in enumerate(data.split(b"\n"), 1) if _is_costly(line)), 0):
        dotted = _("too many dots in one line; write a long list one entry a line")
        raise Refused([Refusal("unreadable", dotted, f"line {long}")])
    try:
        return tomllib.loads(data.decode())
    except UnicodeDecodeError as error:
        raise Refused([Refusal("unreadable", _("not UTF-8, from octet %(at)d on") % {"at": error.start})]) from error
    except RecursionError as error:
        raise Refused([Refusal("unreadable", _("nested too deeply"))]) from error
    except ValueError as error:
        raise Refused([Refusal("unreadable", str(error)[:300])]) from error


def _is_costly(line: bytes) -> bool:
    """The reader of TOML takes the square of the parts of a key, and nobody writes twenty. A list has commas."""
    return line.count(b".") > _DOTS_IN_A_LINE or any(part.count(b".") > _DOTS_IN_A_KEY for part in line.split(b","))
