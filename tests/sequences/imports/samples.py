"""The sample files and what their README demands of them, in the form in which tests ask."""

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sequences.imports.judging import Judge, Judged
from sequences.imports.presets import detect, mapping
from sequences.imports.reading import read

FOLDER = Path(__file__).parents[2] / "corpora" / "recipients"
FILES = sorted(path.name for path in FOLDER.glob("[0-9][0-9]-*"))
VERDICTS = ("rows", "new", "duplicate", "invalid", "role", "free_mail", "look_alike")
FLAGS = ("opted_out", "no_consent", "guessed", "missing_first_name", "missing_account", "formula")


@dataclass(frozen=True)
class Reading:
    """A sample file judged row by row with the lists that lie beside it."""

    judged: tuple[Judged, ...]
    mapping: dict[str, str]

    def verdicts(self) -> dict[str, int]:
        counts = Counter(str(one.verdict) for one in self.judged)
        return {name: counts[name] for name in VERDICTS} | {"rows": len(self.judged)}

    def flags(self) -> dict[str, int]:
        counts = Counter(flag for one in self.judged if one.verdict == "new" for flag in one.flags)
        return {name: counts[name] for name in FLAGS}

    def odd(self) -> list[tuple[int, str, str]]:
        """(person, verdict, address cell with Python escapes) of every row that is not new."""
        return [
            (one.row.person, str(one.verdict), _escaped(one.row.cells[self.mapping["address"]]))
            for one in self.judged
            if one.verdict != "new"
        ]


def judge() -> Judge:
    """A judge with the lists of the sample files."""
    return Judge(freemail=_words("freemail-domains.txt"), roles=_words("role-names.txt"))


def judged(name: str) -> Reading:
    table, decides = read(FOLDER / name, name=name), judge()
    fields = mapping(table.header, detect(table.header))
    return Reading(tuple(decides.judge(row, fields) for row in table.rows), dict(fields))


def demanded(table: int, columns: tuple[str, ...]) -> dict[str, dict[str, int]]:
    """One of the README's tables of counts (the first is 0): file → column → count."""
    counted = [line for line in _readme().splitlines() if line.split("|")[1:2] and line.split("|")[1].strip() in FILES]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in counted if not line.startswith("| all")]
    numeric = [row for row in rows if row[1].isdigit()]
    chosen = numeric[table * len(FILES) : (table + 1) * len(FILES)]
    return {row[0]: dict(zip(columns, map(int, row[1:]), strict=False)) for row in chosen}


def expected_rows(name: str) -> list[tuple[int, str, str]]:
    with (FOLDER / "expected.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["file"] == name]
    return [(int(row["row"]), row["verdict"].replace("-", "_"), row["address"]) for row in rows]


def _readme() -> str:
    return (FOLDER / "README.md").read_text(encoding="utf-8")


def _words(name: str) -> list[str]:
    return (FOLDER / name).read_text(encoding="utf-8").split()


def _escaped(text: str) -> str:
    return text.encode("unicode_escape").decode()
