"""Runs every round once, in order."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance import clock, stopping
from compliance.moments import MomentError, chosen
from handoff import rounds
from sequences import outside


class Command(BaseCommand):
    help = "Run every round of the timetable once: seal, recover, plan, send."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--at", default="", metavar="ISO", help="act at this moment; later than now only in a demo")
        parser.add_argument("--round", action="append", choices=rounds.names(), help="only this round; may be repeated")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            at = chosen(options["at"], now=clock.now())
            outside.assert_time_may_be_played(at, now=clock.now())
        except (MomentError, outside.LiveMailbox) as error:
            raise CommandError(str(error)) from error
        wanted = options["round"] or rounds.names()
        counts = {}
        with stopping.heeding_signals():
            for name in wanted:
                if not stopping.asked():
                    counts[name] = dict(rounds.run(name, at))
        if options["json"]:
            self.stdout.write(json.dumps({"at": at.isoformat(), "rounds": counts}))
            return
        for name, found in counts.items():
            said = ", ".join(f"{count} {what}" for what, count in found.items() if count) or "nothing to do"
            self.stdout.write(f"{name}: {said}")
