"""What a playbook says otherwise than the one in force, place by place."""

from typing import Any

import pytest

from handoff.playbook_changes import SHOWN, between
from tests.handoff.playbooks import changed, document


def told(before: Any, after: Any) -> list[str]:
    marks = {"new": "+", "gone": "-", "same": "="}
    return [
        f"{one.place} {''.join(marks[piece.kind] + piece.text for piece in one.pieces)}"
        for one in between(before, after).shown
    ]


def test_the_same_says_nothing_new() -> None:
    assert told(document(), document()) == []


def test_a_number_that_changed_is_named_by_its_place() -> None:
    assert told(document(), changed("mql.signal_days", 60)) == ["mql.signal_days -90+60"]


def test_a_sentence_is_compared_word_by_word() -> None:
    after = changed("gates.G1.passes_when", "200 to 9,000 employees")
    assert told(document(), after) == ["gates.G1.passes_when =200 to -5,000+9,000= employees"]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ({"a": {"x": 1}}, {"a": {}}, ["a +{}", "a.x -1"]),
        ({}, {"a": {"x": 1}}, ["a.x +1"]),
        ({"a": [1, 2, 3]}, {"a": [1, 3, 4]}, ["a =… -2= +4"]),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, ["a -x, y= +y, x"]),
        ({"a": []}, {"a": ["x"]}, ["a +x"]),
        ({"a": ["x"]}, {"a": []}, ["a -x"]),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1}, {"b": 2}]}, ["a[2].b +2"]),
        ({"a": "x"}, {"a": ["x", "y"]}, ["a =… +y"]),
    ],
)
def test_what_comes_and_goes_is_told(before: Any, after: Any, says: list[str]) -> None:
    assert told(before, after) == says


def test_of_very_many_changes_the_first_are_shown_and_the_others_counted() -> None:
    found = between({}, {f"k{number}": number for number in range(1000)})
    assert (len(found.shown), found.more) == (SHOWN, 1000 - SHOWN)


def test_long_lists_are_compared_quickly() -> None:
    lists: list[Any] = [{"a": [f"{kind}{number}" for number in range(50_000)]} for kind in "xy"]
    assert len(between(*lists).shown) == 1
