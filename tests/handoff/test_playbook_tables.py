"""A playbook as a person reads it: everything it says, under names that people use."""

from collections.abc import Mapping
from typing import Any

from handoff.playbook_tables import Section, sections
from tests.cast import PLAYBOOK
from tests.handoff.playbooks import document


def shown(said: Mapping[str, Any]) -> dict[str, Section]:
    return {section.key: section for section in sections(said)}


def cells(section: Section) -> str:
    return " | ".join(cell for table in section.tables for _name, row in table.rows for cell in row)


def texts(value: Any) -> set[str]:
    """Every text anywhere in a document."""
    if isinstance(value, Mapping):
        return set().union(*map(texts, value.values()))
    if isinstance(value, list):
        return set().union(*map(texts, value))
    return {str(value)}


def test_every_text_of_the_example_is_shown_somewhere() -> None:
    whole = document()
    seen = " ".join(cells(section) for section in sections(whole))
    assert {one for one in texts(whole) if one not in seen} == set()


def test_sections_stand_in_the_order_of_the_house() -> None:
    assert [one.key for one in sections({"clocks": {}, "gates": {}, "surprise": {}})] == ["gates", "clocks", "surprise"]


def test_gates_are_rows_and_what_is_said_of_them_columns() -> None:
    (table,) = shown(document())["gates"].tables
    assert [name for name, _row in table.rows] == ["G1", "G2", "G3", "G4", "G5"]
    assert list(table.columns) == ["name", "passes when", "evidence", "checked by", "holds for, days"]


def test_a_section_of_values_and_rows_has_a_table_of_each() -> None:
    values, types, windows = shown(document())["sequences"].tables
    assert values.rows == [("stale after days", ["10"])]
    assert [name for name, _row in types.rows] == ["nurture", "activation", "re engagement", "post briefing"]
    assert windows.caption == "windows"


def test_what_says_very_much_of_a_row_gives_it_a_table_of_its_own() -> None:
    tables = shown(document())["stages"].tables
    assert [table.caption for table in tables[:4]] == ["prospect", "MQL", "SAL", "SQL"]
    assert ("due", ["2 business days"]) in tables[3].rows


def test_a_key_that_a_row_does_not_have_is_a_dash() -> None:
    (table,) = shown({"caps": {"person": {"limit": 1, "hours": 48}, "mailbox_minute": {"limit": 7}}})["caps"].tables
    assert table.rows[1] == ("mailbox minute", ["7", "–"])


def test_a_long_list_says_how_many_more_there_are() -> None:
    section = shown({"recipients": {"never_domains": [f"r{number}.example" for number in range(300)]}})["recipients"]
    assert cells(section).endswith("r199.example, and 100 more")


def test_what_is_no_section_is_shown_as_it_stands() -> None:
    assert cells(shown({"text": "hello"})["text"]) == "hello"


def test_a_small_earlier_playbook_is_shown_too() -> None:
    assert [section.key for section in sections(PLAYBOOK)] == list(shown(PLAYBOOK))
