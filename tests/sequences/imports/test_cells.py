"""Cells: cut from text as everybody cuts them, never bigger than allowed, never run by a spreadsheet."""

import csv
from datetime import date, datetime, time, timedelta
from io import StringIO

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula

from sequences.imports.cells import (
    ImportFileError,
    Limits,
    Lines,
    as_text,
    cleaned,
    has_control,
    neutral_cell,
    original_cell,
    would_run,
)


def cut(
    text: str, *, delimiter: str = ",", limits: Limits | None = None, piece: int = 65_536
) -> list[tuple[int, list[str]]]:
    return list(Lines(StringIO(text, newline=""), delimiter, limits or Limits(), piece=piece))


def refused(text: str, limits: Limits | None = None) -> ImportFileError:
    with pytest.raises(ImportFileError) as caught:
        cut(text, limits=limits)
    return caught.value


class TestCutting:
    @settings(database=None, deadline=None, max_examples=300)
    @given(
        lines=st.lists(st.text('ab,;" é', max_size=12), max_size=8),
        ends=st.sampled_from(["\n", "\r\n", "\r"]),
        piece=st.sampled_from([1, 2, 3, 7, 65_536]),
    )
    def test_cells_are_those_that_the_csv_module_finds(self, lines: list[str], ends: str, piece: int) -> None:
        text = ends.join(lines)
        try:
            found = [cells or [""] for _, cells in cut(text, piece=piece)]
        except ImportFileError:
            assume(False)
        assert found == [cells or [""] for cells in csv.reader(StringIO(text, newline=""))]

    @settings(database=None, deadline=None, max_examples=200)
    @given(rows=st.lists(st.lists(st.text('ab,;"\r\n é', max_size=8), min_size=2, max_size=4), max_size=6))
    def test_what_is_written_is_read_again(self, rows: list[list[str]]) -> None:
        written = StringIO(newline="")
        csv.writer(written).writerows(rows)
        assert [cells for _, cells in cut(written.getvalue(), piece=5)] == rows

    def test_a_row_is_numbered_by_the_line_where_it_starts(self) -> None:
        text = 'a,b\r\n"one\r\n\r\ntwo",c\r\n\r\nd,e\r\n'
        assert [number for number, _ in cut(text)] == [1, 2, 5, 6]

    def test_a_line_end_of_two_characters_is_never_parted(self) -> None:
        assert cut("abc\r\nd\r\n", piece=4) == [(1, ["abc"]), (2, ["d"])]

    def test_a_quote_within_a_cell_is_a_letter(self) -> None:
        assert cut('5" disk,b\nc,d\n') == [(1, ['5" disk', "b"]), (2, ["c", "d"])]

    def test_other_delimiters_leave_commas_alone(self) -> None:
        assert cut('a,b|"c|d"\n', delimiter="|") == [(1, ["a,b", "c|d"])]


class TestLimits:
    def test_a_quote_never_closed_is_named(self) -> None:
        error = refused('a,b\nc,"d\ne,f\n')
        assert (error.code, error.row, error.column) == ("unreadable", 2, 2)

    @pytest.mark.parametrize("cell", ["x" * 11, '"' + "x" * 11 + '"', '"' + 'x""' * 6 + '"'])
    def test_a_large_cell_is_named_by_row_and_column(self, cell: str) -> None:
        error = refused(f"a,b\nc,{cell}\n", Limits(cell=10))
        assert (error.code, error.where) == ("cell_too_large", "row 2, column 2")

    def test_a_cell_as_large_as_allowed_is_read(self) -> None:
        assert cut("a," + "x" * 10, limits=Limits(cell=10)) == [(1, ["a", "x" * 10])]

    def test_a_line_of_many_cells_has_its_own_limit(self) -> None:
        assert refused("x," * 100, Limits(line=50)).code == "line_too_large"

    def test_too_many_columns_are_refused(self) -> None:
        assert refused("a,b,c\n", Limits(columns=2)).code == "too_many_columns"

    def test_blank_columns_beyond_the_last_are_dropped(self) -> None:
        assert cut("a,b,, \n", limits=Limits(columns=2)) == [(1, ["a", "b"])]

    def test_a_nul_is_no_text(self) -> None:
        assert refused("a,b\nc,\0\n").where == "row 2"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (" as it is ", " as it is "),
        (True, "true"),
        (15550142, "15550142"),
        (5.0, "5"),
        (0.1, "0.1"),
        (1e21, "1000000000000000000000"),
        (datetime(2026, 10, 2), "2026-10-02"),  # noqa: DTZ001 - sheets know no zone
        (datetime(2026, 10, 2, 9, 30), "2026-10-02 09:30:00"),  # noqa: DTZ001
        (date(2026, 10, 2), "2026-10-02"),
        (time(9, 30), "09:30:00"),
        (timedelta(hours=1), "1:00:00"),
        (ArrayFormula("A1:A2", "=SUM(B1:B2)"), "=SUM(B1:B2)"),
        (DataTableFormula("A1:A2"), "="),
    ],
)
def test_a_stored_value_becomes_plain_text(value: object, text: str) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize("cell", ["", " ", "-", "N/A", "n/a", "[not provided]", "\u00a0", "\r\n"])
def test_a_word_for_nothing_is_nothing(cell: str) -> None:
    assert cleaned(cell) == ""


def test_a_cell_becomes_one_line() -> None:
    assert cleaned(" Jean\u2011Luc\r\n\u00a0 \x07Medrano ") == "Jean\u2011Luc Medrano"


@pytest.mark.parametrize("char", ["\n", "\t", "\x07", "\x7f", "\x85", "\u2028", "\u202e", "\u2066"])
def test_what_could_break_or_turn_a_header_is_a_control_character(char: str) -> None:
    assert has_control(f"Ada{char}")


HARMFUL = [
    "=1+1",
    "@SUM(A1)",
    "+SUM(A1:A9)",
    "-2+3+cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1",
    "  =1",
    "\uff1d1+1",
    "\uff0bA1",
]


@pytest.mark.parametrize("cell", HARMFUL)
def test_a_formula_is_recognised(cell: str) -> None:
    assert would_run(cell)


@pytest.mark.parametrize("cell", ["+1 466 555 0167", "-12.5", "-", "a=b", "jo@x.example", "", "'=1"])
def test_a_number_or_a_word_is_no_formula(cell: str) -> None:
    assert not would_run(cell)


@pytest.mark.parametrize("cell", [*HARMFUL, "+1", "-1", "\n=1", "\0=1", "\u200b=1", '=1,"2"\r\n'])
def test_an_export_cannot_start_a_formula(cell: str) -> None:
    assert neutral_cell(cell) == f"'{cell}"


@settings(database=None, max_examples=300)
@given(st.text("'=+-@\t\r\n\0\uff1d a1"))
def test_a_neutral_cell_can_be_taken_back(cell: str) -> None:
    assert original_cell(neutral_cell(cell)) == cell


def test_ordinary_cells_are_exported_as_they_are() -> None:
    assert neutral_cell("Quai d'Ouest") == "Quai d'Ouest"
