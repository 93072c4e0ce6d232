"""The kill switch of the command line: stops everything, one thing, or, without any database, this host."""

import json
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, connection

from compliance import clock, halts, host_stop
from compliance.admin_words import say_scope
from compliance.models import Halt
from compliance.principals import SYSTEM, Principal
from sequences import standstill

_KINDS = {
    "mailbox": "ADDRESS",
    "domain": "DOMAIN",
    "sequence": "NAME",
    "template": "NAME",
    "list": "NAME",
    "recipient-domain": "DOMAIN",
}
_NOTHING, _USAGE, _HOST_INSTEAD = 1, 2, 3
_SECONDS_TO_CONNECT = 10


class Command(BaseCommand):
    help = (
        "Stop sending, at once: everything, one thing, or this host. Starting again is not done here: two people sign "
        "in to the admin, one asks for it, another one confirms. Ends with 0 when it is done, 1 when nothing has that "
        "name, 2 when the command was not understood, 3 when the database did not answer and this host was stopped "
        "instead."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--everything", action="store_true", help="all sending of this installation")
        for kind, shown in _KINDS.items():
            what.add_argument(f"--{kind}", default="", metavar=shown)
        what.add_argument("--this-host", action="store_true", help="a file on this machine; needs no database")
        parser.add_argument("--remove", action="store_true", help="with --this-host: let this machine send again")
        parser.add_argument("--reason", default="", metavar="TEXT", help="why; kept in the log")
        parser.add_argument("--by", default="", metavar="USERNAME", help="the member of staff who stops")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["remove"] and not options["this_host"]:
            raise CommandError("--remove goes with --this-host; the rest is started in the admin", returncode=_USAGE)
        if options["remove"]:
            return self._remove(options)
        if not options["reason"].strip():
            raise CommandError("--reason is missing: say why, it is kept in the log", returncode=_USAGE)
        if options["this_host"]:
            return self._stop_host(options)
        try:
            placed = self._place(options)
        except Error as error:
            return self._stop_host_instead(options, error)
        return self._say(
            options,
            [f"Stopped since {_shown(row.at)}: {say_scope(row.scope)} (halt {row.pk})" for row in placed],
            halts=[{"halt": row.pk, "scope": row.scope, "since": row.at.isoformat()} for row in placed],
        )

    def _place(self, options: dict[str, Any]) -> list[Halt]:
        if connection.vendor == "postgresql":
            connection.settings_dict["OPTIONS"].setdefault("connect_timeout", _SECONDS_TO_CONNECT)
        at, by = clock.now(), _principal(options["by"])
        kind, reason = Halt.Kind.KILL_SWITCH, options["reason"].strip()
        return [halts.place(scope, kind, reason, by=by, at=at) for scope in _scopes(options)]

    def _stop_host(self, options: dict[str, Any]) -> None:
        file = self._write(options)
        self._say(options, [f"This host is stopped: no process on it sends while {file} exists"], host=file)

    def _stop_host_instead(self, options: dict[str, Any], error: Error) -> None:
        file = self._write(options)
        self._say(
            options,
            [
                f"The database did not answer ({type(error).__name__}), so nothing could be stopped in it.",
                f"THIS HOST ONLY is stopped, all of it: no process on it sends while {file} exists.",
                "Do the same on every other host that sends: manage.py stop --this-host --reason …",
            ],
            host=file,
            database=type(error).__name__,
        )
        raise SystemExit(_HOST_INSTEAD)

    def _write(self, options: dict[str, Any]) -> str:
        try:
            return str(host_stop.place(options["reason"].strip(), by=options["by"], at=clock.host_clock()))
        except OSError as error:
            file = host_stop.path()
            raise CommandError(f"{file} could not be written: {error}. Stop the processes.", returncode=1) from error

    def _remove(self, options: dict[str, Any]) -> None:
        try:
            was = host_stop.remove()
        except OSError as error:
            raise CommandError(f"{host_stop.path()} could not be removed: {error}", returncode=1) from error
        if not was:
            raise CommandError("this host was not stopped", returncode=_NOTHING)
        self._say(options, ["This host may send again."], host="")

    def _say(self, options: dict[str, Any], lines: list[str], **data: Any) -> None:
        self.stdout.write(json.dumps(data) if options["json"] else "\n".join(lines))


def _scopes(options: dict[str, Any]) -> list[str]:
    if options["everything"]:
        return [halts.EVERYTHING]
    ((kind, name),) = [(kind, options[kind.replace("-", "_")]) for kind in _KINDS if options[kind.replace("-", "_")]]
    try:
        return standstill.scopes_of(kind, name)
    except standstill.NothingMatches as nothing:
        there = f"there is: {', '.join(nothing.known)}" if nothing.known else "there is none"
        if kind == "recipient-domain":
            there = "a domain reads example.com"
        raise CommandError(f"--{kind} {name}: nothing has that name; {there}", returncode=_NOTHING) from nothing


def _principal(username: str) -> Principal:
    if not username:
        return SYSTEM
    user = get_user_model().objects.filter(username=username).first()
    if user is None or not halts.may_place(user):
        raise CommandError(f"--by {username}: no member of staff who may stop has that name", returncode=_USAGE)
    return user


def _shown(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
