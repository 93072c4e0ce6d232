"""Large files: streamed with flat memory, refused while they grow."""

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sequences.imports.judging import Judge
from sequences.imports.presets import PRESETS, mapping
from sequences.imports.reading import ImportFileError, read

HEADER = "Email,First Name,Company"
ADA = "ada@x.example,Ada,Engines"
MEGABYTE = 1_000_000


def peak(work: Callable[[], object]) -> int:
    """The most memory that the work held, in bytes."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def people(path: Path, count: int) -> Path:
    def lines() -> Iterator[str]:
        yield HEADER + ",Title,Notes\n"
        for number in range(count):
            yield f'p{number}@c{number % 97}.example,Pat,Company {number},VP Sales,"line one\nline, two"\n'

    with path.open("w", encoding="utf-8") as file:
        file.writelines(lines())
    return path


class TestLargeFiles:
    @pytest.mark.parametrize("quote", ["", '"'])
    def test_a_cell_of_ten_megabytes_is_refused_without_holding_it(self, tmp_path: Path, quote: str) -> None:
        path = tmp_path / "huge.csv"
        path.write_text(f"{HEADER}\n{ADA}\neve@x.example,Eve,{quote}{'x' * (10 * MEGABYTE)}{quote}\n")
        errors: list[ImportFileError] = []

        def work() -> None:
            try:
                list(read(path, name="huge.csv").rows)
            except ImportFileError as error:
                errors.append(error)

        assert peak(work) < 4 * MEGABYTE
        assert [(error.code, error.where) for error in errors] == [("cell_too_large", "row 3, column 3")]

    def test_twenty_thousand_rows_are_streamed(self, tmp_path: Path) -> None:
        path = people(tmp_path / "many.csv", 20_000)
        counted: list[int] = []
        held = peak(lambda: counted.append(sum(1 for _ in read(path, name="many.csv").rows)))
        assert (counted, held < 4 * MEGABYTE) == ([20_000], True)

    def test_judging_keeps_a_few_bytes_a_row(self, tmp_path: Path) -> None:
        found = read(people(tmp_path / "many.csv", 5_000), name="many.csv")
        fields, judge = mapping(found.header, PRESETS["generic"]), Judge()
        next(judge.judge(row, fields) for row in found.rows)
        held = peak(lambda: sum(judge.judge(row, fields).verdict == "new" for row in found.rows))
        assert held < 2 * MEGABYTE
