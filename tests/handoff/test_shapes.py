"""Shapes: what does not fit is named by its place, and nothing is mended."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.shapes import Shape, listed, name, names, one_of, readable, table, text, whole

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=50), inner, max_size=4),
    max_leaves=12,
)
NEST = table({"a": listed(table({"b": whole(1, 9)}, {"c": text(5)}))}, {"d": names(one_of("x", "y"))})


def told(shape: Shape, value: Any) -> list[str]:
    return [str(fault) for fault in shape(value, "here")]


@pytest.mark.parametrize(
    ("shape", "value", "says"),
    [
        (text(), 3, "here: needs a text, not a whole number"),
        (text(), " \n", "here: says nothing"),
        (text(3), "four", "here: longer than 3 characters"),
        (text(), "a\x00b", "here: has characters that nobody sees"),
        (text(), "a\u202eb", "here: has characters that nobody sees"),
        (whole(1, 9), True, "here: needs a whole number, not true or false"),
        (whole(1, 9), "3", "here: needs a whole number, not a text"),
        (whole(1, 9), 3.0, "here: needs a whole number, not a number"),
        (whole(1, 9), 10, "here: must be 1 to 9"),
        (one_of("a", "b"), "c", "here: “c” is none of a, b"),
        (one_of("a", "b"), ["a"], "here: needs a text, not a list"),
        (readable(int), "x", "here: invalid literal for int() with base 10: 'x'"),
        (listed(text()), {}, "here: needs a list, not a table"),
        (listed(text()), [], "here: needs 1 to 200 entries"),
        (listed(text()), ["a", 2], "here[2]: needs a text, not a whole number"),
        (table({"a": text()}), [], "here: needs a table, not a list"),
        (table({"a": text()}), {}, "here.a: missing"),
        (table({"a": text()}), {"a": "x", "b": 1}, "here.b: unknown key; known are a"),
        (names(text()), {"A b": "x"}, "here.A b: a name has letters, digits and _ only"),
        (names(text()), {}, "here: needs 1 to 200 entries"),
        (name, "no-name", "here: a name has letters, digits and _ only"),
        (name, 1, "here: needs a text, not a whole number"),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(shape: Shape, value: Any, says: str) -> None:
    assert told(shape, value) == [says]


def test_every_fault_is_told_not_only_the_first() -> None:
    found = told(NEST, {"a": [{"b": 0}, {"c": "toolong"}], "d": {"k": "z"}, "e": 1})
    assert [one.partition(":")[0] for one in found] == [
        "here.a[1].b",
        "here.a[2].b",
        "here.a[2].c",
        "here.d.k",
        "here.e",
    ]


def test_what_fits_has_no_faults() -> None:
    assert told(NEST, {"a": [{"b": 1, "c": "x"}], "d": {"k": "x"}}) == []


def test_a_place_stays_short_and_printable() -> None:
    (found,) = told(table({}), {"x\n\x1b" + "y" * 10_000: 1})
    assert len(found) < 200
    assert found.isprintable()


@given(JSON)
def test_whatever_comes_is_told_in_words_that_can_be_shown(value: Any) -> None:
    assert all(fault.isprintable() for fault in told(NEST, value))
