"""Loads a file of people onto a recipient list, or says what would happen to each row."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance import clock, operators
from compliance.moments import MomentError, chosen
from compliance.operators import NobodyNamed
from compliance.principals import Staff
from compliance.refusals import Refused
from sequences import outside
from sequences.imports import bases, reasons
from sequences.imports.cells import ImportFileError
from sequences.imports.files import RecipientFile, Survey, opened, surveyed
from sequences.imports.loading import NoSequence, WrongSequence, approved_version, list_named, new_list
from sequences.imports.presets import PRESETS
from sequences.imports.previewing import CHUNK, Plan, preview
from sequences.imports.storing import store
from sequences.imports.verdicts import RowVerdict, Tally

_SHOWN = 20


class Command(BaseCommand):
    help = "Load a CSV or XLSX file of people onto a recipient list; every row gets a verdict."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="CSV, TSV or XLSX")
        parser.add_argument("--list", required=True, metavar="NAME", help="the recipient list; made if there is none")
        parser.add_argument(
            "--sequence", required=True, metavar="SLUG", help="the sequence these people are to receive"
        )
        parser.add_argument("--preset", default="", choices=list(PRESETS), help="the tool that wrote the file")
        parser.add_argument(
            "--map", action="append", default=[], metavar="FIELD=HEADER", help="the column of a field; may be repeated"
        )
        parser.add_argument(
            "--basis",
            default=bases.LEGITIMATE_INTEREST,
            choices=bases.ALL,
            help="the legal basis of rows that state none (default: %(default)s)",
        )
        parser.add_argument("--dry-run", action="store_true", help="judge every row, store nothing")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--by", default="", metavar="USERNAME", help="who loads; default: the only superuser")
        parser.add_argument("--at", default="", metavar="ISO", help="act at this moment; later than now only in a demo")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            at = chosen(options["at"], now=clock.now())
            outside.assert_time_may_be_played(at, now=clock.now())
            self._import(at, options)
        except ImportFileError as error:
            raise CommandError(reasons.file_error(error, options["file"].name)) from error
        except (MomentError, outside.LiveMailbox, NoSequence, WrongSequence, Refused) as error:
            raise CommandError(str(error)) from error

    def _import(self, at: datetime, options: dict[str, Any]) -> None:
        existing = list_named(options["list"], sequence=options["sequence"])
        version = existing.sequence_version if existing else approved_version(options["sequence"])
        file = opened(
            options["file"], name=options["file"].name, preset=options["preset"], overrides=_overrides(options["map"])
        )
        survey, tally = surveyed(file), Tally()
        plan = Plan(version=version, recipients=existing, basis=options["basis"])
        verdicts = self._counting(tally.noting(preview(file, survey, plan, at=at)), survey)
        if options["dry_run"]:
            for _one in verdicts:
                pass
        else:
            by = _person(options["by"])
            recipients = existing or new_list(options["list"], version, by=by, at=at)
            store(verdicts, recipients, file, by=by, at=at)
        self._tell(file, survey, tally, options)

    def _counting(self, verdicts: Iterable[RowVerdict], survey: Survey) -> Iterator[RowVerdict]:
        shown = survey.rows > CHUNK and self.stderr.isatty()
        for number, one in enumerate(verdicts, 1):
            if shown and (number % CHUNK == 0 or number == survey.rows):
                end = "\n" if number == survey.rows else "\r"
                self.stderr.write(f"{number:,} of {survey.rows:,} rows", self.style.SUCCESS, ending=end)
                self.stderr.flush()
            yield one

    def _tell(self, file: RecipientFile, survey: Survey, tally: Tally, options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(_as_data(file, tally, options)))
            return
        stored = "judged, nothing stored" if options["dry_run"] else f"{tally.taken} on the list"
        self.stdout.write(f"{file.name} ({file.preset.label}) → {options['list']}: {tally.rows} rows, {stored}")
        for verdict, count in tally.all_verdicts().items():
            if count:
                self.stdout.write(f"{count:>8}  {reasons.label(verdict)}")
        if survey.skipped:
            self.stdout.write(f"{survey.skipped:>8}  lines that are no people, such as titles and totals")
        for finding in tally.findings[:_SHOWN]:
            self.stdout.write(_line(finding))
        if len(tally.findings) > _SHOWN:
            self.stdout.write(f"… and {len(tally.findings) - _SHOWN} more; --json shows them")


def _as_data(file: RecipientFile, tally: Tally, options: dict[str, Any]) -> dict[str, Any]:
    return {
        "file": file.name,
        "list": options["list"],
        "rows": tally.rows,
        "verdicts": tally.all_verdicts(),
        "flags": tally.all_flags(),
        "findings": tally.findings,
        "stored": not options["dry_run"],
    }


def _line(finding: dict[str, str | int]) -> str:
    about = reasons.fields(str(finding["field"]))
    said = f"line {finding['row']}: {reasons.label(str(finding['verdict']))}"
    return " – ".join(filter(None, (said, about, reasons.reason(str(finding["code"])))))


def _overrides(told: list[str]) -> dict[str, str]:
    for one in told:
        if "=" not in one:
            raise CommandError(f"--map {one}: write FIELD=HEADER")
    return {field.strip(): header.strip() for field, _sign, header in (one.partition("=") for one in told)}


def _person(username: str) -> Staff:
    try:
        return operators.named(username, does="loads the list")
    except NobodyNamed as error:
        raise CommandError(str(error)) from error
