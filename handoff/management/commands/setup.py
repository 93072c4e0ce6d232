"""Makes this installation ready for one's own data; safe to run again."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance import clock, installation, playbook
from compliance.journal import JournalUnavailable
from compliance.models import Purpose
from compliance.refusals import Refused
from handoff import installing


class Command(BaseCommand):
    help = "Create or update tables, roles, playbook and first mailbox; says what is still missing."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--playbook", default="", metavar="FILE", help="load this playbook as the next version")
        parser.add_argument(
            "--mailbox", default="", metavar="ADDRESS", help="first mailbox, on the server of EMAIL_URL"
        )
        parser.add_argument("--sender", default="", metavar="NAME", help="the sender's name shown with --mailbox")
        parser.add_argument(
            "--purpose",
            default=Purpose.PRODUCTION,
            choices=[Purpose.PRODUCTION, Purpose.STAGING],
            help="first run only",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        installing.migrate()
        at = clock.now()
        if installation.purpose() == Purpose.DEMO:
            raise CommandError("this database belongs to a demo; point DATABASE_URL at another one")
        try:
            installing.prepare(Purpose(options["purpose"]), at=at)
        except (Refused, JournalUnavailable) as error:
            raise CommandError(str(error)) from error
        if options["playbook"]:
            self._load(Path(options["playbook"]), at)
        if options["mailbox"]:
            installing.first_mailbox(options["mailbox"], options["sender"] or options["mailbox"], at=at)
        self._report(bool(options["json"]))

    def _load(self, path: Path, at: Any) -> None:
        try:
            version = installing.load_playbook(installing.read_playbook(path), at=at)
        except installing.PlaybookFileError as error:
            raise CommandError(str(error)) from error
        if version.state in playbook.OPEN:
            # Beside the report, which may be one JSON object.
            self.stderr.write(f"Playbook {version.number} is stored; it begins once CMO and CRO have signed it.")

    def _report(self, as_json: bool) -> None:
        missing = installing.what_is_missing()
        if as_json:
            self.stdout.write(json.dumps({"missing": [{"what": row.what, "remedy": row.remedy} for row in missing]}))
            return
        self.stdout.write("The installation is ready." if not missing else "Before mail can go out:")
        for row in missing:
            self.stdout.write(f"  {row.what}: {row.remedy}")
