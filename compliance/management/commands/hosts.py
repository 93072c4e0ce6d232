"""Lists the hosts that the door waits for, web hosts and those that keep a journal, and declares one gone for good."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance import clock, hosts, roster
from compliance.models import Heartbeat, JournalHost
from compliance.principals import SYSTEM
from compliance.refusals import Refusal, Refused


class Command(BaseCommand):
    help = "List the web hosts and the hosts that keep a journal, or declare one gone for good."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--retire", metavar="NAME", help="this host is gone, and nothing it promised or wrote down is lost"
        )
        parser.add_argument("--because", default="", metavar="WHY", help="why; kept in the audit log")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["retire"]:
            self._retire(options["retire"], options["because"])
        told: dict[str, Any] = {"hosts": _web_hosts(), "journals": roster.shown()}
        told["this_host"] = {"name": hosts.this_host(), **hosts.opt_outs().counts()}
        if options["json"]:
            self.stdout.write(json.dumps(told))
        else:
            self._say(told)

    def _say(self, told: dict[str, Any]) -> None:
        for host in told["hosts"]:
            state = "gone" if not host["expected"] else "LATE: nothing is sent" if host["late"] else "alive"
            self.stdout.write(f"web      {host['name']}  {host['at']}  {state}")
        for host in told["journals"]:
            state = "gone" if not host["expected"] else "through" if host["through"] else "WAITED FOR: nothing is sent"
            self.stdout.write(f"journal  {host['name']}  {host['seen_at'] or 'never seen'}  {state}")
        here = told["this_host"]
        waiting = f"{here['waiting']} opt-outs wait, {here['unreadable']} unreadable"
        self.stdout.write(f"this host is {here['name']}: {waiting}")
        if here["unreadable"]:
            self.stdout.write(f"look at the files *.unreadable in {hosts.opt_outs().folder}; nothing is sent meanwhile")

    def _retire(self, name: str, because: str) -> None:
        """Of a host that is both, both ends; what stands against either is said, and then neither does."""
        at, now = clock.now(), clock.lease_clock()
        web = Heartbeat.objects.filter(kind=Heartbeat.Kind.WEB_HOST, name=name).first()
        keeps = JournalHost.objects.filter(name=name).first()
        if web is None and keeps is None:
            raise CommandError(f"no host is called {name!r}; manage.py hosts lists them")
        against = _against(web, keeps)
        if against:
            raise CommandError(" ".join(sorted({str(refusal) for refusal in against})))
        try:
            if web and not web.retired_at:
                hosts.retire(web, by=SYSTEM, at=at, now=now, reason=because)
            if keeps and not keeps.retired_at:
                roster.retire(keeps, by=SYSTEM, at=at, now=now, reason=because)
        except Refused as refused:
            raise CommandError(" ".join(str(refusal) for refusal in refused.refusals)) from refused


def _against(web: Heartbeat | None, keeps: JournalHost | None) -> list[Refusal]:
    """An ending that has been said already is no reason against the other one."""
    now = clock.lease_clock()
    rows = [row for row in (web, keeps) if row]
    open_rows = [row for row in rows if not row.retired_at] or rows
    found: list[Refusal] = []
    for row in open_rows:
        judge: Any = hosts.objections if isinstance(row, Heartbeat) else roster.objections
        found += judge(row, by=SYSTEM, now=now)
    return found


def _web_hosts() -> list[dict[str, Any]]:
    late = set(hosts.overdue(clock.lease_clock()))
    return [
        {"name": row.name, "at": row.at.isoformat(), "expected": row.retired_at is None, "late": row.name in late}
        for row in Heartbeat.objects.filter(kind=Heartbeat.Kind.WEB_HOST).order_by("name")
    ]
