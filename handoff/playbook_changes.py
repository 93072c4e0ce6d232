"""Decides what one playbook says otherwise than another: place by place, word by word, entry by entry of a list."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sequences.differences import Piece, words

SHOWN = 300


@dataclass(frozen=True)
class Change:
    """One place that is new, gone, or says something else."""

    place: str
    pieces: Sequence[Piece]


@dataclass(frozen=True)
class Changes:
    """The first of them in the order of the later document, those that are gone at the end; and how many more."""

    shown: Sequence[Change]
    more: int


def between(before: Mapping[str, Any], after: Mapping[str, Any]) -> Changes:
    """What `after` says otherwise than `before`."""
    old, new = dict(_flat("", before)), dict(_flat("", after))
    places = [place for place, value in new.items() if place not in old or old[place] != value]
    places += [place for place in old if place not in new]
    shown = [Change(place, _pieces(old.get(place), new.get(place))) for place in places[:SHOWN]]
    return Changes(shown, len(places) - len(shown))


def _flat(place: str, value: Any) -> Iterator[tuple[str, str | list[str]]]:
    """Every place with its text, or with its entries where it is a plain list."""
    if isinstance(value, Mapping) and value:
        for key, one in value.items():
            yield from _flat(f"{place}.{key}" if place else key, one)
    elif isinstance(value, list) and any(isinstance(one, Mapping | list) for one in value):
        for number, one in enumerate(value, start=1):
            yield from _flat(f"{place}[{number}]", one)
    elif isinstance(value, list):
        yield place, [str(one) for one in value]
    elif place:
        yield place, str(value)


def _pieces(old: str | list[str] | None, new: str | list[str] | None) -> Sequence[Piece]:
    if isinstance(old, str) and isinstance(new, str):
        return words(old, new)
    was, now = _entries(old), _entries(new)
    gone, come = _without(was, now), _without(now, was)
    if was and now and not gone and not come:
        # The order decides, where rules are asked from the top down.
        gone, come = list(was), list(now)
    kept = [Piece("same", "… ")] if len(come) < len(now) else []
    return [
        *kept,
        *([Piece("gone", ", ".join(gone))] if gone else []),
        *([Piece("same", " ")] if gone and come else []),
        *([Piece("new", ", ".join(come))] if come else []),
    ]


def _entries(value: str | list[str] | None) -> list[str]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _without(entries: Sequence[str], others: Sequence[str]) -> list[str]:
    known = set(others)
    return [one for one in entries if one not in known]
