"""Lists the web hosts that are expected, and declares one gone for good."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance import clock, hosts
from compliance.models import Heartbeat
from compliance.principals import SYSTEM
from compliance.refusals import Refused


class Command(BaseCommand):
    help = "List the web hosts whose sign of life the door waits for, or declare one gone for good."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--retire", metavar="NAME", help="this host is gone, and nothing it promised is lost")
        parser.add_argument("--because", default="", metavar="WHY", help="why; kept in the audit log")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.lease_clock()
        if options["retire"]:
            self._retire(options["retire"], options["because"])
        rows = Heartbeat.objects.filter(kind=Heartbeat.Kind.WEB_HOST).order_by("name")
        late = set(hosts.overdue(now))
        found = [
            {"name": row.name, "at": row.at.isoformat(), "expected": row.retired_at is None, "late": row.name in late}
            for row in rows
        ]
        here = {"name": hosts.this_host(), **hosts.opt_outs().counts()}
        if options["json"]:
            self.stdout.write(json.dumps({"hosts": found, "this_host": here}))
            return
        for host in found:
            state = "gone" if not host["expected"] else "LATE: nothing is sent" if host["late"] else "alive"
            self.stdout.write(f"{host['name']}  {host['at']}  {state}")
        self.stdout.write(
            f"this host is {here['name']}: {here['waiting']} opt-outs wait, {here['unreadable']} unreadable"
        )
        if here["unreadable"]:
            self.stdout.write(f"look at the files *.unreadable in {hosts.opt_outs().folder}; nothing is sent meanwhile")

    def _retire(self, name: str, because: str) -> None:
        row = Heartbeat.objects.filter(kind=Heartbeat.Kind.WEB_HOST, name=name).first()
        if row is None:
            raise CommandError(f"no web host is called {name!r}; manage.py hosts lists them")
        at = clock.now()
        try:
            hosts.retire(row, by=SYSTEM, at=at, now=clock.lease_clock(), reason=because)
        except Refused as refused:
            raise CommandError(" ".join(str(refusal) for refusal in refused.refusals)) from refused
