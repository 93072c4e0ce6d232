"""Takes mail in: from files, or from standard input as a mail server's pipe hands it over."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from compliance import clock, heartbeats
from compliance.models import Heartbeat
from sequences.inbound.intake import take
from sequences.models import InboundMessage, Mailbox

_TRY_AGAIN = 75


class Command(BaseCommand):
    help = "Store raw mails and obey those to an unsubscribe address; one line of JSON a mail with --json."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="*", default=["-"], metavar="FILE", help="raw mails; - reads standard input")
        parser.add_argument("--recipient", default="", help="the envelope recipient, if the mail server tells it")
        parser.add_argument("--inbox", default="", metavar="ADDRESS", help="the mailbox whose inbox this run has read")
        parser.add_argument("--json", action="store_true", help="print one JSON object a mail")

    def handle(self, *args: Any, **options: Any) -> None:
        inbox = _inbox(options["inbox"])
        for name in options["files"]:
            row = _taken(_read(name), options["recipient"], name)
            said = {"file": name, "id": row.pk, "verdict": row.verdict, "state": row.state}
            line = (
                json.dumps(said)
                if options["json"]
                else f"{name}: {row.get_verdict_display()}, {row.get_state_display()}"
            )
            self.stdout.write(line)
        if inbox:
            # Only now: what lay in it is in the database.
            heartbeats.beat(Heartbeat.Kind.INBOX, inbox.key, at=clock.lease_clock())


def _inbox(address: str) -> Mailbox | None:
    if not address:
        return None
    found = Mailbox.objects.filter(address__iexact=address).first()
    if found is None:
        raise CommandError(f"--inbox {address}: there is no such mailbox; nothing was taken in")
    return found


def _taken(raw: bytes, recipient: str, name: str) -> InboundMessage:
    try:
        return take(raw, recipient=recipient, at=clock.now())
    except Error as error:
        # A mail server keeps the mail and tries again later (sysexits.h); with 1 it would return an opt-out.
        raise CommandError(f"{name}: the database did not answer", returncode=_TRY_AGAIN) from error


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}; nothing was taken in from it") from error
