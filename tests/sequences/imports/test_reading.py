"""Bytes to rows: every form that lists arrive in, and each way in which a file can be none, said with its place."""

import csv
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl import Workbook

from sequences.imports.presets import PRESETS, mapping
from sequences.imports.reading import ImportFileError, Limits, Table, read

HEADER = "Email,First Name,Company"
ADA = "ada@x.example,Ada,Engines"
MEGABYTE = 1_000_000


def table(text: str | bytes, limits: Limits | None = None) -> Table:
    data = text.encode() if isinstance(text, str) else text
    return read(BytesIO(data), name="list.csv", limits=limits or Limits())


def first_names(text: str | bytes) -> list[str]:
    return [row.cells["First Name"] for row in table(text).rows]


def refused(text: str | bytes, limits: Limits | None = None) -> ImportFileError:
    with pytest.raises(ImportFileError) as caught:
        list(table(text, limits).rows)
    return caught.value


def workbook(*rows: list[object]) -> bytes:
    book, file = Workbook(), BytesIO()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    book.save(file)
    book.close()
    return file.getvalue()


def repacked(data: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """A workbook with one of its parts changed."""
    made = BytesIO()
    with ZipFile(BytesIO(data)) as old, ZipFile(made, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name == part else content)
    return made.getvalue()


class TestEncodings:
    @pytest.mark.parametrize(
        ("codec", "told"),
        [
            ("utf-8", "utf-8"),
            ("utf-8-sig", "utf-8-sig"),
            ("utf-16", "utf-16"),
            ("iso-8859-1", "iso-8859-1"),
        ],
    )
    def test_an_umlaut_survives(self, codec: str, told: str) -> None:
        found = table(f"{HEADER}\na@x.example,J\u00fcrgen,Gr\u00fcnwerk\n".encode(codec))
        assert (found.encoding, next(found.rows).cells["First Name"]) == (told, "J\u00fcrgen")

    def test_big_endian_utf_16_is_told_by_its_mark(self) -> None:
        assert first_names(b"\xfe\xff" + f"{HEADER}\n{ADA}\n".encode("utf-16-be")) == ["Ada"]

    def test_typographic_quotes_make_it_windows_1252(self) -> None:
        assert table(f"{HEADER}\na@x.example,J\u00fcrgen,\u201eWerk\u201c\n".encode("cp1252")).encoding == "cp1252"

    def test_a_mark_before_the_header_is_no_part_of_the_first_name(self) -> None:
        assert table(f"\ufeff{HEADER}\n{ADA}\n").header[0] == "Email"

    def test_a_letter_on_the_border_of_two_chunks_is_read(self) -> None:
        filler = "x" * (65_536 - len(HEADER) - len("\na@x.example,"))
        text = f"{HEADER}\na@x.example,{filler[:-1]}\u00fcz,Co\n"
        assert next(table(text).rows).cells["First Name"].endswith("\u00fcz")

    def test_damaged_utf_8_is_not_taken_for_latin(self) -> None:
        error = refused(f"{HEADER}\na@x.example,J\u00fcrgen J\u00f6rg,Co\n".encode() + b"b@x.example,J\xfcrgen,Co\n")
        assert (error.code, error.where) == ("wrong_encoding", "row 3")

    def test_bytes_of_no_known_encoding_are_refused_with_their_row(self) -> None:
        error = refused(f"{HEADER}\na@x.example,".encode() + b"\x81\x8d\xff,Co\n")
        assert (error.code, error.row) == ("wrong_encoding", 2)

    def test_a_mark_that_lies_is_refused(self) -> None:
        assert refused(b"\xef\xbb\xbf" + HEADER.encode() + b"\na@x.example,J\xfcrgen,Co\n").code == "wrong_encoding"

    def test_utf_16_without_its_mark_is_unreadable(self) -> None:
        assert refused(f"{HEADER}\n{ADA}\n".encode("utf-16-le")).code == "unreadable"

    def test_a_picture_is_unreadable(self) -> None:
        assert refused(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR").code == "unreadable"


class TestForms:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_the_delimiter_is_told_from_the_header(self, delimiter: str) -> None:
        text = f"{HEADER}\n{ADA}\n".replace(",", delimiter)
        assert (table(text).delimiter, first_names(text)) == (delimiter, ["Ada"])

    def test_commas_in_quoted_names_do_not_mislead(self) -> None:
        text = '"Email";"First Name";"Company, or firm, or both";"Tags, all"\nada@x.example;Ada;Engines;a\n'
        assert table(text).delimiter == ";"

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_any_line_end_will_do(self, end: str) -> None:
        assert first_names(end.join([HEADER, ADA, "eve@x.example,Eve,Co"])) == ["Ada", "Eve"]

    def test_lines_before_the_header_are_passed_over(self) -> None:
        assert first_names(f"sep=,\nList of Q4, do not forward\n\n{HEADER}\n{ADA}\n") == ["Ada"]

    def test_a_repeated_header_is_nobody(self) -> None:
        assert first_names(f"{HEADER}\n{ADA}\nSecond group\n{HEADER}\neve@x.example,Eve,Co\n") == ["Ada", "Eve"]

    def test_a_later_group_may_have_its_columns_in_another_order(self) -> None:
        text = f"{HEADER}\n{ADA}\nCompany,First Name,Email\nCo,Eve,eve@x.example\n"
        assert [row.cells["Email"] for row in table(text).rows] == ["ada@x.example", "eve@x.example"]

    def test_a_person_whose_cell_is_called_like_a_column_is_a_person(self) -> None:
        text = "Source,Email,First Name,Company,City\nEmail,ada@x.example,Ada,Engines,London\n"
        assert first_names(text) == ["Ada"]

    def test_two_filled_cells_are_skipped_and_counted(self) -> None:
        found = table(f"{HEADER}\n{ADA}\nTotal,1,\n")
        assert (len(list(found.rows)), found.skipped.count, found.skipped.numbers) == (1, 1, [3])

    def test_a_list_of_bare_addresses_is_a_list(self) -> None:
        assert [row.cells for row in table("E-Mail\nada@x.example\n\n").rows] == [{"E-Mail": "ada@x.example"}]

    def test_short_lines_are_filled_up(self) -> None:
        row = next(table("Email,First Name,Company,City\nada@x.example,Ada,Engines\n").rows)
        assert row.cells["City"] == ""

    def test_of_equal_names_the_first_counts(self) -> None:
        row = next(table("Email,Email,First Name\nada@x.example,other@y.example,Ada\n").rows)
        assert row.cells["Email"] == "ada@x.example"

    def test_a_row_knows_its_line_and_its_place(self) -> None:
        text = f'Title\n{HEADER}\n{ADA}\n\n"eve@x.example",Eve,"Co\nLtd"\nzoe@x.example,Zoe,Co\n'
        assert [(row.number, row.person) for row in table(text).rows] == [(3, 1), (5, 2), (7, 3)]

    def test_unknown_names_are_a_header_where_addresses_follow(self) -> None:
        found = table("Adresse \u00e9lectronique;Pr\u00e9nom usuel;Maison\nada@x.example;Ada;Engines\n")
        assert found.header == ("Adresse \u00e9lectronique", "Pr\u00e9nom usuel", "Maison")

    def test_a_header_without_address_is_left_to_the_mapping(self) -> None:
        found = table("First Name,Company,Phone\nAda,Engines,1\n")
        with pytest.raises(ImportFileError, match="found: First Name, Company, Phone"):
            mapping(found.header, PRESETS["generic"])

    def test_a_path_and_an_open_file_read_alike(self, tmp_path: Path) -> None:
        path = tmp_path / "list.csv"
        path.write_text(f"{HEADER}\n{ADA}\n")
        with path.open("rb") as file:
            assert list(read(file, name="a").rows) == list(read(path, name="a").rows)

    def test_an_open_file_stays_open_after_a_refusal(self) -> None:
        file = BytesIO(f"{HEADER}\n{ADA}\n{ADA}\n".encode())
        with pytest.raises(ImportFileError):
            list(read(file, name="a", limits=Limits(rows=1)).rows)
        assert not file.closed

    def test_rows_left_unread_leave_the_file_open(self) -> None:
        file = BytesIO(f"{HEADER}\n{ADA}\n{ADA}\n".encode())
        next(read(file, name="a").rows)
        assert not file.closed

    def test_an_open_file_stays_open(self) -> None:
        file = BytesIO(f"{HEADER}\n{ADA}\n".encode())
        list(read(file, name="a").rows)
        assert not file.closed


class TestWorkbooks:
    def test_only_the_first_sheet_is_read(self) -> None:
        book, file = Workbook(), BytesIO()
        assert book.active is not None
        book.active.append(["Email", "First Name"])
        book.create_sheet("old").append(["eve@x.example", "Eve"])
        book.save(file)
        assert list(read(file, name="a").rows) == []

    def test_a_size_stated_too_small_cuts_nothing_off(self) -> None:
        data = workbook(["Email", "First Name"], ["ada@x.example", "Ada"])
        lying = repacked(data, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b'ref="A1:B2"', b'ref="A1"'))
        assert [row.cells["First Name"] for row in table(lying).rows] == ["Ada"]

    def test_escaped_line_ends_are_line_ends(self) -> None:
        row = next(table(workbook(["Email", "First Name"], ["ada@x.example", "A_x000D_da"])).rows)
        assert row.cells["First Name"] == "A\rda"

    def test_a_row_is_numbered_as_in_the_sheet(self) -> None:
        data = workbook(["Title"], [], ["Email", "First Name"], [], ["ada@x.example", "Ada"])
        assert [(row.number, row.person) for row in table(data).rows] == [(5, 1)]

    def test_an_empty_sheet_is_an_empty_file(self) -> None:
        assert refused(workbook()).code == "empty_file"

    def test_a_large_cell_is_named(self) -> None:
        data = workbook(["Email", "First Name"], ["ada@x.example", "x" * 300])
        error = refused(data, Limits(cell=200))
        assert (error.code, error.where) == ("cell_too_large", "row 2, column 2")

    @pytest.mark.parametrize("damage", [lambda data: data[:200], lambda data: b"PK\x03\x04" + b"nothing" * 20])
    def test_a_damaged_workbook_is_unreadable(self, damage: Callable[[bytes], bytes]) -> None:
        assert refused(damage(workbook(["Email"], ["ada@x.example"]))).code == "unreadable"

    def test_broken_markup_is_unreadable(self) -> None:
        data = workbook(["Email", "First Name"], ["ada@x.example", "Ada"])
        cut = repacked(data, "xl/worksheets/sheet1.xml", lambda xml: xml[:-40])
        assert refused(cut).code == "unreadable"

    def test_another_archive_is_unreadable(self) -> None:
        data = BytesIO()
        with ZipFile(data, "w") as archive:
            archive.writestr("readme.txt", "no workbook")
        assert refused(data.getvalue()).code == "unreadable"

    def test_an_archive_that_unpacks_to_too_much_is_refused_unread(self) -> None:
        data = repacked(workbook(["Email"]), "xl/worksheets/sheet1.xml", lambda xml: xml + b" " * MEGABYTE)
        assert refused(data, Limits(unpacked=MEGABYTE)).code == "too_large"

    def test_a_row_beyond_any_sheet_is_refused(self) -> None:
        data = workbook(["Email", "First Name"], ["ada@x.example", "Ada"])
        far = repacked(data, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b'r="2"', b'r="99999999"'))
        assert refused(far).code == "unreadable"

    def test_an_old_excel_file_says_what_to_do(self) -> None:
        assert "save it as XLSX or CSV" in str(refused(bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 512))


class TestRefusals:
    @pytest.mark.parametrize("text", ["", "\ufeff", " \n\n", ",,\n,,\n"])
    def test_an_empty_file_is_called_empty(self, text: str) -> None:
        assert refused(text).code == "empty_file"

    def test_people_without_a_header_are_refused(self) -> None:
        error = refused(f"{ADA}\neve@x.example,Eve,Co\n")
        assert (error.code, error.where) == ("no_header", "list.csv")

    def test_prose_is_no_list(self) -> None:
        assert refused("Dear all,\nplease find attached\nnothing\n").code == "no_header"

    def test_a_quote_never_closed_is_named_by_row(self) -> None:
        error = refused(f'{HEADER}\n{ADA}\neve@x.example,"Eve,Co\n{ADA}\n')
        assert (error.code, error.where) == ("unreadable", "row 3, column 2")

    def test_one_person_too_many_is_named_by_row(self) -> None:
        error = refused(f"{HEADER}\n{ADA}\n{ADA}\n{ADA}\n", Limits(rows=2))
        assert (error.code, error.row) == ("too_many_rows", 4)

    def test_too_many_columns_are_refused(self) -> None:
        assert refused(HEADER + ",x" * 10 + "\n", Limits(columns=5)).code == "too_many_columns"

    def test_a_nul_far_down_is_named_by_row(self) -> None:
        error = refused(f"{HEADER}\n" + f"{ADA}\n" * 60 + "eve@x.example,E\0ve,Co\n")
        assert (error.code, error.row) == ("unreadable", 62)

    def test_the_limit_of_the_csv_module_is_left_alone(self) -> None:
        before = csv.field_size_limit()
        refused(f"{HEADER}\n{'x' * 200_000},Ada,Co\n")
        assert csv.field_size_limit() == before
