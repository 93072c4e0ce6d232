"""Looks after the audit log: seal it, verify it, print its head."""

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance import clock, heads, sealer
from compliance.heads import UnreadableHead
from compliance.sealer import Head


class Command(BaseCommand):
    help = (
        "Verify the audit log against itself and against every head this host has kept (names the first broken "
        "entry), or seal what is not sealed yet."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["verify", "seal"])
        parser.add_argument(
            "--head",
            action="append",
            default=[],
            metavar="HASH",
            help="a head from one of the daily mails, or noted elsewhere; the log must contain it (may be repeated)",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["what"] == "seal":
            sealed = sealer.seal_round(clock.now())["sealed"]
            self.stdout.write(json.dumps({"sealed": sealed}) if options["json"] else f"{sealed} entries sealed")
            return
        try:
            kept = heads.kept()
        except UnreadableHead as error:
            raise CommandError(f"{error} is not a head of the audit log; look at it, then move it away") from error
        # The heads first: one that is kept while we verify may be beyond what we have read.
        report = sealer.verify([*kept, *(Head(chain) for chain in options["head"])])
        if options["json"]:
            self.stdout.write(json.dumps({**asdict(report), "heads": len(kept), "holds": report.holds}))
        elif report.holds:
            self.stdout.write(
                f"the log holds: {report.sealed} entries sealed, {report.unsealed} not yet, {len(kept)} kept heads "
                f"found in it; {report.head}"
            )
        else:
            self.stderr.write(f"the log is BROKEN at {report.broken}")
        if not report.holds:
            sys.exit(1)
