"""Looks after the audit log: seal it, verify it, print its head."""

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from compliance import clock, sealer


class Command(BaseCommand):
    help = "Verify the audit log (names the first broken entry), or seal what is not sealed yet."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["verify", "seal"])
        parser.add_argument(
            "--head",
            default="",
            metavar="HASH",
            help="a head noted earlier and kept elsewhere; the log must contain it",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["what"] == "seal":
            sealed = sealer.seal_round(clock.now())["sealed"]
            self.stdout.write(json.dumps({"sealed": sealed}) if options["json"] else f"{sealed} entries sealed")
            return
        report = sealer.verify(options["head"])
        if options["json"]:
            self.stdout.write(json.dumps({**asdict(report), "holds": report.holds}))
        elif report.holds:
            self.stdout.write(
                f"the log holds: {report.sealed} entries sealed, {report.unsealed} not yet; {report.head}"
            )
        else:
            self.stderr.write(f"the log is BROKEN at {report.broken}")
        if not report.holds:
            sys.exit(1)
