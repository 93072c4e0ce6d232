"""How a command that files rows tells what became of each: one JSON object, or a summary with the first refusals."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance import operators
from compliance.operators import NobodyNamed
from compliance.playbook import NoPlaybook
from compliance.principals import Staff
from compliance.refusals import Refused
from handoff.filing import Answer, Verdict
from sequences.imports import reasons
from sequences.imports.cells import ImportFileError

_SHOWN = 20


class FilingCommand(BaseCommand):
    """Files the rows of one table for somebody. Wrong rows stop nothing; the exit code is 1 when there were any."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="CSV or XLSX")
        parser.add_argument("--by", default="", metavar="USERNAME", help="who files; default: the only superuser")
        parser.add_argument("--json", action="store_true", help="print one JSON object, with an answer for each row")

    def file(self, verb: Callable[..., Iterator[Answer]], at: datetime, options: dict[str, Any]) -> None:
        """Raises CommandError."""
        path: Path = options["file"]
        tally: Counter[Verdict] = Counter()
        try:
            answers = verb(path, name=path.name, by=_person(options["by"]), at=at)
            tell = self._as_data if options["json"] else self._in_words
            tell(path.name, answers, tally)
        except ImportFileError as error:
            done = f"; {tally.total()} rows before it were filed" if tally else ""
            raise CommandError(f"{reasons.file_error(error, path.name)}{done}") from error
        except OSError as error:
            raise CommandError(f"{path.name}: {error.strerror}") from error
        except (Refused, NoPlaybook) as error:
            raise CommandError(str(error)) from error
        if refused := tally[Verdict.REFUSED]:
            raise CommandError(f"{refused} of {tally.total()} rows were refused")

    def _as_data(self, name: str, answers: Iterator[Answer], tally: Counter[Verdict]) -> None:
        """Written row by row, so that a long file is never held."""
        self.stdout.write(f'{{"file": {json.dumps(name)}, "rows": [', ending="")
        try:
            for answer in answers:
                self.stdout.write(("," if tally else "") + "\n" + json.dumps(_data(answer)), ending="")
                tally[answer.verdict] += 1
        finally:
            counts = {str(verdict): tally[verdict] for verdict in Verdict}
            self.stdout.write(f'\n], "counts": {json.dumps(counts)}}}')

    def _in_words(self, name: str, answers: Iterator[Answer], tally: Counter[Verdict]) -> None:
        for answer in answers:
            tally[answer.verdict] += 1
            if answer.refusals and tally[Verdict.REFUSED] <= _SHOWN:
                self.stdout.write(f"line {answer.row}: " + "; ".join(map(str, answer.refusals)))
        if tally[Verdict.REFUSED] > _SHOWN:
            self.stdout.write(f"… and {tally[Verdict.REFUSED] - _SHOWN} more; --json shows them")
        self.stdout.write(f"{name}: " + ", ".join(f"{tally[verdict]} {verdict}" for verdict in Verdict))


def _data(answer: Answer) -> dict[str, Any]:
    told: dict[str, Any] = {"row": answer.row, "verdict": str(answer.verdict)}
    if answer.refusals:
        told["codes"] = [refusal.code for refusal in answer.refusals]
        told["says"] = "; ".join(map(str, answer.refusals))
    return told


def _person(username: str) -> Staff:
    try:
        return operators.named(username, does="files them")
    except NobodyNamed as error:
        raise CommandError(str(error)) from error
