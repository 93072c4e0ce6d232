"""A machine is drawn with every arrow it has, from every state, and with exactly who may take it."""

import re
from typing import Any

import pytest

from compliance.transitions import arrows
from handoff import drawing, ladder
from handoff.models import Handoff, Lead, Stage

LINE = re.compile(r"    (\w+) --> (\w+): ([\w ]+) \((.*)\)")


def drawn() -> list[tuple[str | Any, ...]]:
    return [found.groups() for line in drawing.diagram(Lead).splitlines()[2:] if (found := LINE.fullmatch(line))]


def test_it_begins_at_the_bottom() -> None:
    assert drawing.diagram(Lead).splitlines()[:2] == ["stateDiagram-v2", "    [*] --> prospect"]


def test_every_arrow_is_drawn_from_each_of_its_states_and_no_other() -> None:
    wanted = {(state, arrow.target, name) for name, arrow in arrows(Lead).items() for state in arrow.sources}
    assert {(was, became, name.replace(" ", "_")) for was, became, name, _who in drawn()} == wanted


def test_every_line_can_be_read() -> None:
    assert len(drawn()) == len(drawing.diagram(Lead).splitlines()) - 2


@pytest.mark.parametrize(
    ("arrow", "who"),
    [("qualify", ["Sales ops", "system"]), ("accept", ["CRO", "Sales representative"]), ("win", ["CRO"])],
)
def test_it_says_who(arrow: str, who: list[str]) -> None:
    assert drawing.who(arrows(Lead)[arrow]) == who


def test_a_rep_sends_back_from_sal_alone() -> None:
    text = drawing.diagram(Lead, ladder.also_needed)
    assert "sal --> mql: reject (CRO, Sales representative)" in text
    assert "sql --> mql: reject (CRO)" in text


def test_the_table_has_a_row_for_each_arrow() -> None:
    rows = drawing.table(Lead).splitlines()[2:]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == list(arrows(Lead))


def test_other_machines_are_drawn_too() -> None:
    assert "    open --> reverted: revert (system)" in drawing.diagram(Handoff)


def test_states_come_in_the_order_of_the_ladder() -> None:
    seen = list(dict.fromkeys(was for was, *_more in drawn()))
    assert seen == [stage for stage in Stage if stage in seen]
