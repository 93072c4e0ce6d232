"""Twelve lists as they arrive in life: every row gets the verdict and every count is the one demanded."""

import pytest

from sequences.imports.presets import detect
from sequences.imports.reading import read
from tests.sequences.imports import samples


@pytest.fixture(scope="module", params=samples.FILES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def reading(name: str) -> samples.Reading:
    return samples.judged(name)


def test_there_are_twelve_files() -> None:
    assert len(samples.FILES) == 12


def test_each_file_has_the_verdicts_demanded(name: str, reading: samples.Reading) -> None:
    assert reading.verdicts() == samples.demanded(0, samples.VERDICTS)[name]


def test_each_row_that_is_not_new_is_the_one_expected(name: str, reading: samples.Reading) -> None:
    assert reading.odd() == samples.expected_rows(name)


def test_new_rows_carry_the_flags_demanded(name: str, reading: samples.Reading) -> None:
    assert reading.flags() == samples.demanded(1, samples.FLAGS)[name]


def test_every_row_with_a_usable_address_has_a_person(reading: samples.Reading) -> None:
    without = {one.verdict for one in reading.judged if one.person is None}
    assert without <= {"invalid", "look_alike"}


def test_no_person_holds_a_control_character(reading: samples.Reading) -> None:
    texts = [text for one in reading.judged if one.person for text in (one.person.last_name, one.person.title)]
    assert all(text.isprintable() for text in texts)


@pytest.mark.parametrize(
    ("number", "preset"),
    [
        (1, "hubspot"),
        (2, "salesforce"),
        (3, "apollo"),
        (4, "pipedrive"),
        (5, "monday"),
        *((n, "generic") for n in range(6, 13)),
    ],
)
def test_the_tool_is_told_from_the_header(number: int, preset: str) -> None:
    path = samples.FOLDER / samples.FILES[number - 1]
    assert detect(read(path, name=path.name).header).key == preset


@pytest.mark.parametrize(
    ("number", "encoding", "delimiter", "sheet"),
    [
        (1, "utf-8", ",", ""),
        (5, "", "", "prospects 2026"),
        (6, "", "", "targets"),
        (7, "iso-8859-1", ";", ""),
        (8, "utf-8-sig", ",", ""),
    ],
)
def test_the_form_of_a_file_is_told_from_its_bytes(number: int, encoding: str, delimiter: str, sheet: str) -> None:
    path = samples.FOLDER / samples.FILES[number - 1]
    table = read(path, name=path.name)
    assert (table.encoding, table.delimiter, table.sheet) == (encoding, delimiter, sheet)


def test_footer_lines_are_counted_as_skipped() -> None:
    path = samples.FOLDER / "02-salesforce-report.csv"
    table = read(path, name=path.name)
    assert (len(list(table.rows)), table.skipped.count) == (65, 5)


def test_group_names_and_summaries_of_a_board_are_skipped() -> None:
    path = samples.FOLDER / "05-monday-prospects-board.xlsx"
    table = read(path, name=path.name)
    assert (len(list(table.rows)), table.skipped.numbers) == (42, [35, 37, 46, 48, 56])


def test_a_formula_in_the_address_cell_is_kept_as_written() -> None:
    row = samples.judged("06-handmade-targets.xlsx").judged[10]
    assert (row.row.cells["Mail"], row.code) == ('=LOWER(A15)&"@quillstone.example"', "formula_address")


def test_a_number_and_a_date_in_a_sheet_become_plain_text() -> None:
    rows = [one.row.cells for one in samples.judged("06-handmade-targets.xlsx").judged]
    assert (rows[12]["Tel."], rows[17]["Notes"]) == ("15550142", "2026-10-02")


def test_names_in_two_orders_come_out_alike() -> None:
    people = [one.person for one in samples.judged("06-handmade-targets.xlsx").judged[:2]]
    assert [(one.first_name, one.last_name) for one in people if one] == [
        ("Fiona", "Shackleby"),
        ("Esther", "Tattersall"),
    ]


def test_a_line_break_in_a_first_name_is_invalid_and_says_where() -> None:
    row = samples.judged("09-webinar-quoted-newlines.csv").judged[14]
    assert (row.verdict, row.code, row.where) == ("invalid", "control_character", "first_name")


def test_the_first_of_equal_headers_counts() -> None:
    row = samples.judged("10-merged-duplicate-headers.csv").judged[2]
    assert row.row.cells["Email"] == "fmerriweather@borealisward.example"
