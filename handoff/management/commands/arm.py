"""Shows whether this database may send from this host, takes back what the journal knows, and lets a person arm it."""

import json
import sys
from argparse import RawTextHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance import arming, clock, faults, journal, operators, replay, replay_halts, roster
from compliance.acts import Consent, perform
from compliance.journal import JournalUnavailable
from compliance.models import Installation
from compliance.operators import NobodyNamed
from compliance.refusals import Refused
from compliance.transitions import NotPermitted

_ARM = next(act for act in arming.ACTS if act.arrow == "arm")
_NOT_ARMED = 3
_EPILOG = """\
After a restore, on a new host, and where this feature is new, an installation is disarmed: it sends nothing until
a person has armed it, on one host; the others then write down by themselves what their journals know, and nothing is
sent before all of them have. Without --by, and with --dry-run, nothing is changed.

exit codes:
  0  this database may send from this host
  1  it was not armed: the reason is printed
  3  nothing was changed, and it may not send
"""


class Command(BaseCommand):
    help = "Show whether this database may send from this host; with --by, take back what the journal knows and arm."
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **rest: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, epilog=_EPILOG, formatter_class=RawTextHelpFormatter, **rest
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--by", default="", metavar="USERNAME", help="who arms it; it is kept in the log")
        parser.add_argument("--comment", default="", help="why it may send again; asked for with --by")
        parser.add_argument("--dry-run", action="store_true", help="only show what would be done")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        row = Installation.objects.first()
        if row is None:
            raise CommandError("this database has not been set up: run manage.py setup first")
        lacked = self._missing()
        if options["by"] and not options["dry_run"]:
            self._arm(row, options["by"], options["comment"])
        missing = self._missing()
        fault = arming.fault(clock.now())
        told = {
            "instance": str(row.instance),
            "journal": str(journal.instance() or ""),
            "highest": journal.highest(),
            "damaged_lines": journal.known().damaged,
            "taken_back": {what: count - missing[what] for what, count in lacked.items()},
            "missing": missing,
            "halts_standing_again": replay_halts.standing_again(),
            "state": Installation.objects.get(pk=row.pk).state,
            "epoch": Installation.objects.get(pk=row.pk).epoch,
            "epoch_here": journal.known().epoch,
            "hosts": roster.shown(),
            "web_hosts_without_journal": roster.without_journal(),
            "fault": fault.code if fault else "",
        }
        self._say(told, str(fault or ""), as_json=bool(options["json"]))
        if fault:
            sys.exit(_NOT_ARMED)

    def _missing(self) -> dict[str, int]:
        try:
            return replay.missing().counts
        except JournalUnavailable as error:
            raise CommandError(f"the journal in {journal.folder()} cannot be read: {error.strerror}") from error

    def _arm(self, row: Installation, username: str, comment: str) -> None:
        try:
            by = operators.named(username, does="arms")
            perform(row, _ARM, by=by, at=clock.now(), consent=Consent(comment))
        except (NobodyNamed, Refused, NotPermitted) as error:
            raise CommandError(str(error)) from error

    def _say(self, told: dict[str, Any], fault: str, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(told))
            return
        self.stdout.write(f"installation   {told['instance']}, {told['state']}, epoch {told['epoch']}")
        self.stdout.write(f"journal        {told['journal'] or 'none on this host'}, up to number {told['highest']}")
        if told["damaged_lines"]:
            self.stdout.write(f"               {told['damaged_lines']} damaged lines were skipped")
        for title, name in (("taken back", "taken_back"), ("still missing", "missing")):
            counted = ", ".join(f"{count} {what}" for what, count in told[name].items() if count)
            self.stdout.write(f"{title:<15}{counted or 'nothing'}")
        if told["halts_standing_again"]:
            self.stdout.write(
                f"halts          {told['halts_standing_again']} stand again that were started; two people start them"
            )
        for number, line in enumerate(_lines_of(told)):
            self.stdout.write(f"{'' if number else 'hosts':<15}{line}")
        self.stdout.write(f"may not send   {fault}" if fault else "It may send from this host.")
        if fault and told["fault"] != faults.WAITS:
            self.stdout.write('to arm it      manage.py arm --by USERNAME --comment "why it may send again"')


def _lines_of(told: dict[str, Any]) -> list[str]:
    """One line a host, with what has to be done where something has."""
    lines = []
    for host in told["hosts"]:
        state = "through" if host["through"] else "waited for: start it, or manage.py hosts --retire"
        here, state = " (this host)" if host["here"] else "", state if host["expected"] else "declared gone"
        lines.append(f"{host['name']}{here}, epoch {host['epoch'] or 'none'}, {state}")
    lines += [f"{name}, a web host without a journal: arm it there too" for name in told["web_hosts_without_journal"]]
    return lines or ["none keeps a journal"]
