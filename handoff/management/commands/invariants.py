"""Asks every promise of the system and says how often each is broken; ends with 1 unless that is never."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from handoff import promises


class Command(BaseCommand):
    help = "Print each guarantee, its query and how often it is broken; end with 1 unless all counts are zero."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        found = promises.check()
        holds = not any(kept.count for kept in found)
        if options["json"]:
            self.stdout.write(json.dumps({"holds": holds, "invariants": [kept.as_data() for kept in found]}))
        else:
            for kept in found:
                self.stdout.write(f"{kept.count:>6}  {kept.invariant.guarantee}  {kept.invariant.says}")
                self.stdout.write("\n".join(f"        {line}" for line in kept.invariant.sql.strip().splitlines()))
            self.stdout.write("every promise holds" if holds else "NOT every promise holds")
        if not holds:
            sys.exit(1)
