"""Says what a file would have to say to be a playbook, and loads one that the CMO and the CRO then sign."""

import json
import sys
from argparse import RawTextHelpFormatter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance import agreeing, clock, operators, playbook
from compliance.operators import NobodyNamed
from compliance.refusals import Refusal, Refused
from handoff import playbook_files
from handoff.playbook_files import PlaybookFile

_REFUSED = 1
_EPILOG = """\
check reads a file and stores nothing. load stores it as the next version; it begins once CMO and CRO have signed it in
the admin, and who loads it does not sign it.

exit codes:
  0  the file is a playbook; with load: it is stored
  1  it is not, or not stored: every fault is printed with its place
"""


class Command(BaseCommand):
    help = "Check a playbook file, or load it as a version that waits for the signatures of CMO and CRO."
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **rest: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, epilog=_EPILOG, formatter_class=RawTextHelpFormatter, **rest
        )

    def add_arguments(self, parser: CommandParser) -> None:
        ways = parser.add_subparsers(dest="way", required=True, metavar="check|load")
        check = ways.add_parser("check", help="say every fault of a file; store nothing")
        load = ways.add_parser("load", help="store it as a version that waits for signatures")
        for way in (check, load):
            way.add_argument("file", metavar="FILE")
            way.add_argument("--json", action="store_true", help="print one JSON object")
        load.add_argument("--by", default="", metavar="USERNAME", help="who loads it; they do not sign it")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            file = playbook_files.open_file(Path(options["file"]))
            told = self._load(file, options["by"]) if options["way"] == "load" else _said(file)
        except Refused as refused:
            self._tell({"faults": [_fault(one) for one in refused.refusals]}, refused.refusals, bool(options["json"]))
            sys.exit(_REFUSED)
        except (OSError, NobodyNamed) as error:
            raise CommandError(str(error)) from error
        self._tell({**told, "faults": []}, [], bool(options["json"]))

    def _load(self, file: PlaybookFile, username: str) -> dict[str, Any]:
        by = operators.named(username, does="loads it")
        row = agreeing.propose(file.title, file.document, by=by, at=clock.now())
        return {**_said(file), "version": row.number, "state": row.state}

    def _tell(self, told: dict[str, Any], faults: Sequence[Refusal], as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(told))
            return
        for fault in faults:
            self.stdout.write(str(fault))
        if not faults:
            self.stdout.write(f"{told['title']}: nothing is missing. Digest {told['digest']}")
        if "version" in told:
            self.stdout.write(f"It is version {told['version']} and waits for the signatures of CMO and CRO.")


def _said(file: PlaybookFile) -> dict[str, Any]:
    return {"title": file.title, "digest": playbook.digest_of(file.document)}


def _fault(refusal: Refusal) -> dict[str, str]:
    return {"where": refusal.where, "code": refusal.code, "text": str(refusal.text)}
