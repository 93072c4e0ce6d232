"""Lists what stands still."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from compliance import host_stop
from compliance.admin_words import name_actors, say_scope
from compliance.models import Halt


class Command(BaseCommand):
    help = "List what stands still, and since when. Starting again is done in the admin, by two people."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = list(Halt.objects.exclude(state=Halt.State.LIFTED).order_by("order_no"))
        if options["json"]:
            self.stdout.write(json.dumps({"halts": [_told(row) for row in rows], "this_host": host_stop.stands()}))
            return
        if host_stop.stands():
            self.stdout.write(f"this host is stopped by {host_stop.path()}")
        names = name_actors({row.placed_by for row in rows})
        for row in rows:
            since = row.at.isoformat(timespec="seconds")
            said = f"{say_scope(row.scope)}: since {since}, by {names[row.placed_by]}: {row.reason}"
            self.stdout.write(f"{said} ({row.get_state_display()})")
        if not rows:
            self.stdout.write("no halt stands")


def _told(row: Halt) -> dict[str, Any]:
    return {
        "halt": row.pk,
        "scope": row.scope,
        "kind": row.kind,
        "code": row.code,
        "since": row.at.isoformat(),
        "by": row.placed_by,
        "reason": row.reason,
        "state": row.state,
    }
