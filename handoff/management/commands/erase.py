"""Erases a person: what is left of them are digests, keys, dates, and the stop that keeps them from coming back."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance import clock, operators
from compliance.addresses import AddressError
from compliance.operators import NobodyNamed
from compliance.principals import Staff
from compliance.refusals import Refused
from handoff import erasure
from handoff.erasure import Erasure, NobodyKnown


class Command(BaseCommand):
    help = "Erase a person from this installation: data goes, the stop and digests stay. It cannot be undone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="an address of the person, in any spelling")
        parser.add_argument(
            "--reason", required=True, metavar="TEXT", help="why; kept in the log without their names and addresses"
        )
        parser.add_argument("--by", default="", metavar="USERNAME", help="who erases; default: the only superuser")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["reason"].strip():
            raise CommandError("--reason: say why this person is erased")
        by, at = _person(options["by"]), clock.now()
        try:
            done = erasure.erase_address(options["email"], by=by, at=at, reason=options["reason"])
        except AddressError as error:
            raise CommandError("EMAIL: this is not exactly one plain address") from error
        except NobodyKnown as error:
            raise CommandError("EMAIL: there is no contact with this address; nothing was changed") from error
        except Refused as error:
            raise CommandError(str(error)) from error
        self._tell(done, as_json=options["json"])

    def _tell(self, done: Erasure, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"contact": done.contact, "erased": dict(done.counts)}))
            return
        if not done.counts:
            self.stdout.write(f"Contact {done.contact} had been erased before; nothing was left to empty.")
            return
        self.stdout.write(f"Contact {done.contact} is erased. Emptied or ended:")
        for what, count in done.counts.items():
            self.stdout.write(f"{count:>8}  {what}")


def _person(username: str) -> Staff:
    try:
        return operators.named(username, does="erases")
    except NobodyNamed as error:
        raise CommandError(str(error)) from error
