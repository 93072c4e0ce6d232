"""Signals and findings come in by file: each row for itself, with a verdict, and wrong rows stop nothing (spec L14)."""

import io
import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from openpyxl import Workbook

from compliance.principals import SYSTEM
from compliance.refusals import Refused
from handoff import filing
from handoff.filing import Answer
from handoff.models import Finding, Intent, Signal
from handoff.roles import ROLES
from sequences.imports.cells import ImportFileError
from sequences.models import Contact
from tests.cast import TUESDAY
from tests.factories import ContactFactory, UserFactory, card_of, playbook_loaded

pytestmark = pytest.mark.django_db

SAMPLES = Path(__file__).parents[1] / "corpora" / "evidence"
MARA, ILSE = "mara.kessler@pumpen-nord.example", "ilse.brandt@pumpen-nord.example"
SIGNALS = "address,signal,happened_at,source,reference,note"
FINDINGS = "address,criterion,is_there,value,evidence,valid_until"


def known(address: str, **columns: Any) -> Contact:
    made: Contact = ContactFactory(address=address, card=card_of(address), **columns)
    return made


@pytest.fixture(autouse=True)
def mara() -> Contact:
    playbook_loaded()
    return known(MARA)


def told(answers: Iterator[Answer]) -> list[tuple[Any, ...]]:
    """(row, verdict, codes of what stood against it)."""
    return [(one.row, str(one.verdict), *(refusal.code for refusal in one.refusals)) for one in answers]


def signals(*rows: str, header: str = SIGNALS, encoding: str = "utf-8", by: Any = SYSTEM) -> list[tuple[Any, ...]]:
    file = BytesIO("\n".join((header, *rows)).encode(encoding))
    return told(filing.signals(file, name="signals.csv", by=by, at=TUESDAY))


def findings(*rows: str, by: Any = SYSTEM) -> list[tuple[Any, ...]]:
    file = BytesIO("\n".join((FINDINGS, *rows)).encode())
    return told(filing.findings(file, name="findings.csv", by=by, at=TUESDAY))


class TestTheSamples:
    def test_every_row_of_the_signals_is_answered(self) -> None:
        known(ILSE)
        path = SAMPLES / "signals.csv"
        assert told(filing.signals(path, name=path.name, by=SYSTEM, at=TUESDAY)) == [
            (2, "recorded"),
            (3, "recorded"),
            (4, "known"),
            (5, "recorded"),
            (7, "refused", "unknown_address"),
            (8, "refused", "unknown_signal"),
            (9, "refused", "no_moment"),
            (10, "refused", "no_reference"),
            (11, "refused", "no_address"),
        ]

    def test_every_row_of_the_findings_is_answered(self) -> None:
        path = SAMPLES / "findings.csv"
        assert told(filing.findings(path, name=path.name, by=SYSTEM, at=TUESDAY)) == [
            *[(row, "recorded") for row in (2, 3, 4, 5)],
            (6, "refused", "no_evidence"),
            (7, "refused", "no_answer"),
            (8, "refused", "no_date"),
            (9, "refused", "unknown_criterion"),
            (10, "refused", "unknown_address"),
        ]


class TestSignals:
    def test_a_row_is_kept_as_it_stands(self, mara: Contact) -> None:
        signals(f"{MARA},e7,2026-11-16T09:30:00+01:00,calendar,evt-1,Wants a demo")
        row = Signal.objects.get()
        assert (
            row.contact,
            row.kind,
            row.intent,
            row.source,
            row.reference,
            row.note,
            row.happened_at.isoformat(),
        ) == (
            mara,
            "E7",
            Intent.HIGH,
            "calendar",
            "evt-1",
            "Wants a demo",
            "2026-11-16T08:30:00+00:00",
        )

    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            ("2026-11-16", "2026-11-16T00:00:00+00:00"),
            ("2026-11-16 10:30", "2026-11-16T10:30:00+00:00"),
            ("2026-11-16T10:30:15Z", "2026-11-16T10:30:15+00:00"),
        ],
    )
    def test_moments_are_read_in_the_zone_of_the_installation(self, text: str, kept: str) -> None:
        signals(f"{MARA},E5,{text},website,1,")
        assert Signal.objects.get().happened_at.isoformat() == kept

    @pytest.mark.parametrize("text", ["", "tomorrow", "2026-13-01", "17.11.2026", "0000-00-00", "9" * 500])
    def test_what_is_no_moment_is_refused(self, text: str) -> None:
        assert signals(f"{MARA},E5,{text},website,1,") == [(2, "refused", "no_moment")]

    def test_the_same_file_again_is_known(self) -> None:
        rows = [f"{MARA},E5,2026-11-16,website,{number}," for number in range(3)]
        assert [signals(*rows)[0], signals(*rows)[0], Signal.objects.count()] == [(2, "recorded"), (2, "known"), 3]

    def test_a_wrong_row_stops_none_after_it(self) -> None:
        found = signals(f"{MARA},E0,2026-11-16,website,1,", f"{MARA},E5,2026-11-16,website,2,")
        assert [one[1] for one in found] == ["refused", "recorded"]

    def test_nothing_is_cut_that_tells_signals_apart(self) -> None:
        assert signals(f"{MARA},E5,2026-11-16,website,{'x' * 201},") == [(2, "refused", "too_long")]

    def test_a_merged_contact_is_who_they_turned_out_to_be(self, mara: Contact) -> None:
        was = known("m.kessler@pumpen-nord.example")
        Contact.objects.filter(pk=was.pk).update(merged_into=mara)
        signals(f"{was.address},E5,2026-11-16,website,1,")
        assert Signal.objects.get().contact == mara

    def test_whoever_was_erased_is_nobody(self, mara: Contact) -> None:
        Contact.objects.filter(pk=mara.pk).update(erased_at=TUESDAY)
        assert signals(f"{MARA},E5,2026-11-16,website,1,") == [(2, "refused", "unknown_address")]

    def test_a_spelling_of_the_address_is_enough(self) -> None:
        assert signals("Mara.Kessler@PUMPEN-NORD.example,E5,2026-11-16,website,1,") == [(2, "recorded")]

    def test_no_control_character_gets_in(self) -> None:
        signals(f'{MARA},E5,2026-11-16,website,1,"two\nlines\u202e"')
        assert Signal.objects.get().note == "two lines"


class TestHowFilesAreWritten:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
    def test_encodings(self, encoding: str) -> None:
        assert signals(f"{MARA},E5,2026-11-16,website,1,Größe", encoding=encoding) == [(2, "recorded")]
        assert Signal.objects.get().note == "Größe"

    @pytest.mark.parametrize("mark", [";", "\t"])
    def test_delimiters(self, mark: str) -> None:
        row = mark.join((MARA, "E5", "2026-11-16", "website", "1", ""))
        assert signals(row, header=SIGNALS.replace(",", mark)) == [(2, "recorded")]

    def test_columns_in_another_order_and_spelling(self) -> None:
        row = f"website,1,{MARA},2026-11-16,E5"
        assert signals(row, header="Source,Reference,E-Mail,Happened At,SIGNAL") == [(2, "recorded")]

    def test_a_workbook(self) -> None:
        book, file = Workbook(), BytesIO()
        book.active.append(SIGNALS.split(","))
        book.active.append([MARA, "E5", TUESDAY.replace(tzinfo=None), "website", 17, None])
        book.save(file)
        assert told(filing.signals(file, name="signals.xlsx", by=SYSTEM, at=TUESDAY)) == [(2, "recorded")]

    def test_a_column_that_is_missing_is_named(self) -> None:
        with pytest.raises(ImportFileError, match="happened_at, reference"):
            signals(f"{MARA},E5,website", header="address,signal,source")

    def test_what_came_before_a_place_that_cannot_be_read_is_kept(self) -> None:
        rows = [f"{MARA},E5,2026-11-16,website,{number}," for number in range(60)]
        with pytest.raises(ImportFileError, match="never closed"):
            signals(*rows, f'{MARA},E5,2026-11-16,website,60,"open')
        assert Signal.objects.count() == len(rows)


class TestFindings:
    def test_a_row_is_kept_as_it_stands(self, mara: Contact) -> None:
        findings(f"{MARA},g1,yes,240 people,the register,2027-05-31")
        row = Finding.objects.get()
        assert (row.account, row.criterion, row.holds, row.value, row.evidence, str(row.valid_until)) == (
            mara.account,
            "G1",
            True,
            "240 people",
            "the register",
            "2027-05-31",
        )

    @pytest.mark.parametrize(("word", "holds"), [("yes", True), ("Ja", True), ("1", True), ("NO", False), ("0", False)])
    def test_yes_and_no(self, word: str, holds: bool) -> None:
        findings(f"{MARA},G1,{word},,the register,")
        assert Finding.objects.get().holds is holds

    def test_what_stands_already_is_known(self) -> None:
        row = f"{MARA},G1,yes,,the register,"
        assert (findings(row), findings(row)) == ([(2, "recorded")], [(2, "known")])

    @pytest.mark.parametrize(
        "other", ["no,,the register,", "yes,9,the register,", "yes,,a call,", "yes,,the register,2026-12-01"]
    )
    def test_what_says_something_else_is_not(self, other: str) -> None:
        assert findings(f"{MARA},G1,yes,,the register,", f"{MARA},G1,{other}")[-1] == (3, "recorded")


class TestWhoFiles:
    @pytest.mark.parametrize("role", ROLES)
    def test_only_those_who_may_write_it_down(self, role: str) -> None:
        by = UserFactory(role=role)
        if role in {"content", "cro", "sales_ops", "rep"}:
            assert signals(f"{MARA},E5,2026-11-16,website,1,", by=by) == [(2, "recorded")]
            assert findings(f"{MARA},G1,yes,,the register,", by=by) == [(2, "recorded")]
            return
        for verb, row in ((signals, f"{MARA},E5,2026-11-16,website,1,"), (findings, f"{MARA},G1,yes,,the register,")):
            with pytest.raises(Refused, match="Your roles"):
                verb(row, by=by)


class TestTheCommands:
    def run(self, name: str, file: str, *, fails: bool = True, **options: Any) -> str:
        said = io.StringIO()
        by = UserFactory(role="sales_ops").username
        if not fails:
            call_command(name, str(SAMPLES / file), by=by, stdout=said, **options)
            return said.getvalue()
        with pytest.raises(CommandError) as error:
            call_command(name, str(SAMPLES / file), by=by, stdout=said, **options)
        return f"{said.getvalue()}{error.value}"

    def test_it_says_what_is_wrong_and_where(self) -> None:
        said = self.run("import_signals", "signals.csv")
        assert "line 10: reference: Say where it was seen" in said
        assert "signals.csv: 2 recorded, 1 known, 6 refused" in said

    def test_it_fails_when_rows_were_refused(self) -> None:
        assert self.run("import_findings", "findings.csv").endswith("5 of 9 rows were refused")

    def test_json_answers_each_row(self) -> None:
        said = self.run("import_findings", "findings.csv", json=True)
        data, _end = json.JSONDecoder().raw_decode(said)
        assert (data["counts"], data["rows"][0]) == (
            {"recorded": 4, "known": 0, "refused": 5},
            {"row": 2, "verdict": "recorded"},
        )
        assert data["rows"][4]["codes"] == ["no_evidence"]

    def test_it_is_content_when_all_is_well(self, tmp_path: Path) -> None:
        file = tmp_path / "one.csv"
        file.write_text(f"{SIGNALS}\n{MARA},E5,2026-11-16,website,1,\n", encoding="utf-8")
        assert "1 recorded, 0 known, 0 refused" in self.run("import_signals", str(file), fails=False)

    @pytest.mark.parametrize("file", ["nothing.csv", "README.md"])
    def test_what_is_no_such_file_is_said(self, file: str) -> None:
        assert file in self.run("import_signals", file)
