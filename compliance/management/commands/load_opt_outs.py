"""Stops everybody a file names: the opt-outs of the tools that were used before."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance import clock, operators, stop_files
from compliance.models import SuppressionReason
from compliance.principals import Staff
from compliance.suppression import Stop

_NAMED = 20


class Command(BaseCommand):
    help = "Stop everything to each address in a file. Nothing is stored while a line cannot be read."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="one address a line, or a table with a column of addresses (CSV)")
        parser.add_argument("--by", default="", metavar="USERNAME", help="who loads it")
        parser.add_argument("--note", required=True, metavar="TEXT", help="where the file comes from; kept as evidence")
        parser.add_argument("--dry-run", action="store_true", help="only say what the file holds")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        by = self._who(options["by"])
        path = Path(options["file"])
        try:
            people = stop_files.read(path.read_bytes())
        except OSError as error:
            raise CommandError(f"{path.name}: {error.strerror}") from error
        flaws = [{"line": flaw.line, "text": flaw.text} for flaw in people.flaws]
        stopped = 0
        if not flaws and not options["dry_run"]:
            stop = Stop(SuppressionReason.IMPORTED, source=path.name, evidence={"note": options["note"]})
            stopped = stop_files.stop_all(people.named, stop, by=by, at=clock.now())
        if options["json"]:
            self.stdout.write(json.dumps({"addresses": len(people.named), "stopped": stopped, "unreadable": flaws}))
        else:
            self.stdout.write(f"{len(people.named)} addresses, {stopped} stopped")
        if flaws:
            first = "; ".join(f"line {flaw['line']}: {flaw['text']!a}" for flaw in flaws[:_NAMED])
            raise CommandError(f"{len(flaws)} lines hold no plain address, and nothing was stored: {first}")

    def _who(self, username: str) -> Staff:
        try:
            by = operators.named(username, does="loads them")
        except operators.NobodyNamed as error:
            raise CommandError(str(error)) from error
        if not by.has_perm("compliance.record_stop"):
            raise CommandError(f"{by.get_username()} may not record stops")
        return by
