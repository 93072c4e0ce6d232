"""Takes mail in: from files, folders and mboxes, or from standard input as a mail server's pipe hands it over."""

import json
import sys
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from compliance import clock, heartbeats
from compliance.models import Heartbeat
from sequences.classifier import Answer, Bounced, Kind
from sequences.inbound import intake, mail_files
from sequences.inbound.intake import Understood
from sequences.models import InboundMessage, Mailbox

_TRY_AGAIN = 75
_PIPE = "-"
State, Verdict = InboundMessage.State, InboundMessage.Verdict


class Command(BaseCommand):
    help = "Store raw mails, with what they are and what they answer; opt-outs are obeyed, people who answer are held."

    def add_arguments(self, parser: CommandParser) -> None:
        help_files = "raw mails, folders of them, mbox files; - reads one from standard input"
        parser.add_argument("files", nargs="*", default=[_PIPE], metavar="FILE", help=help_files)
        parser.add_argument("--recipient", default="", help="the envelope recipient, if the mail server tells it")
        parser.add_argument("--inbox", default="", metavar="ADDRESS", help="the mailbox whose inbox this run has read")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what each is and what it answers; store nothing"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object a mail")

    def handle(self, *args: Any, **options: Any) -> None:
        dry = options["dry_run"]
        inbox = None if dry else _inbox(options["inbox"])
        self._unread: list[str] = []
        look_up = not dry or self._may_look_up()
        for name, raw in self._found(options["files"]):
            if dry:
                told = _foreseen(raw, options["recipient"], look_up=look_up)
            else:
                told = _taken(raw, options["recipient"], name)
            self.stdout.write(json.dumps({"file": name, **told}) if options["json"] else f"{name}: {_in_words(told)}")
        if self._unread:
            raise CommandError(f"nothing was taken in from {', '.join(self._unread)}"[:1000])
        if inbox:
            # Only now: what lay in it is in the database.
            heartbeats.beat(Heartbeat.Kind.INBOX, inbox.key, at=clock.lease_clock())

    def _found(self, names: list[str]) -> Iterator[tuple[str, bytes]]:
        """Every mail with its name; a file that cannot be read is told, and the rest goes on."""
        for name in names:
            if name == _PIPE:
                yield name, sys.stdin.buffer.read()
                continue
            for path in mail_files.files(name):
                try:
                    yield from mail_files.mails(path)
                except OSError as error:
                    self._unread.append(str(path))
                    self.stderr.write(f"{path}: {error.strerror}; nothing was taken in from it")

    def _may_look_up(self) -> bool:
        try:
            InboundMessage.objects.exists()
        except Error:
            self.stderr.write("The database does not answer: it is not said what the mails answer.")
            return False
        return True


def _inbox(address: str) -> Mailbox | None:
    if not address:
        return None
    found = Mailbox.objects.filter(address__iexact=address).first()
    if found is None:
        raise CommandError(f"--inbox {address}: there is no such mailbox; nothing was taken in")
    return found


def _taken(raw: bytes, recipient: str, name: str) -> dict[str, Any]:
    try:
        at = clock.now()
        row = intake.take(raw, recipient=recipient, at=at)
        message = row.message.ref if row.message else None
    except Error as error:
        # A mail server keeps the mail and tries again later (sysexits.h); with 1 it would return an opt-out.
        raise CommandError(f"{name}: the database did not answer", returncode=_TRY_AGAIN) from error
    again = intake.understand(raw, at=at, look_up=False).answer if row.verdict == Kind.BOUNCE else None
    return {
        "id": row.pk,
        "verdict": str(row.verdict),
        "subclass": row.subclass,
        "confidence": row.confidence,
        "words": row.words,
        "language": row.language,
        "return_date": row.return_date.isoformat() if row.return_date else None,
        "permanent": row.permanent,
        "bounce": _bounce(again),
        "matched_by": str(row.matched_by),
        "message": message,
        "contact": row.contact_id,
        "state": str(row.state),
    }


def _foreseen(raw: bytes, recipient: str, *, look_up: bool) -> dict[str, Any]:
    found = intake.understand(raw, recipient=recipient, at=clock.host_clock(), look_up=look_up)
    answer, matched = found.answer, found.matched
    return {
        "id": None,
        "verdict": str(answer.kind),
        "subclass": answer.subclass,
        "confidence": answer.confidence,
        "words": answer.words,
        "language": answer.language,
        "return_date": answer.return_date.isoformat() if answer.return_date else None,
        "permanent": answer.permanent,
        "bounce": _bounce(answer),
        "matched_by": str(matched.by),
        "message": matched.message.ref if matched.message else None,
        "contact": matched.contact.pk if matched.contact else None,
        "state": _state(found),
    }


def _state(found: Understood) -> str:
    return str(State.ROUTED if found.settled else State.WAITING)


def _bounce(answer: Answer | None) -> dict[str, Any] | None:
    """The gravest of what a report says, and everybody it speaks of."""
    if answer is None or answer.kind != Kind.BOUNCE:
        return None
    order = ("hard", "soft", "sender")
    first = min(answer.bounced, key=lambda one: order.index(one.kind) if one.kind in order else 9, default=None)
    gravest = first or Bounced("", "", answer.subclass)
    recipients = [one.address for one in answer.bounced if one.address]
    return {"kind": gravest.kind, "status": gravest.status, "recipients": recipients}


def _in_words(told: dict[str, Any]) -> str:
    return f"{Verdict(told['verdict']).label}, {State(told['state']).label}"
