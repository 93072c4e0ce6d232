"""Says what receivers find of each sending domain, and what to do about it."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance import clock, domain_words, domains
from compliance.models import DomainCheck, DomainVerdict, SendingDomain
from compliance.principals import SYSTEM


class Command(BaseCommand):
    help = "Say what receivers find in DNS of each domain that mail is sent from; ends with 1 unless all pass."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="look now, instead of telling the last look")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        at = clock.now()
        rows = list(SendingDomain.objects.order_by("domain"))
        if options["check"]:
            rows = [domains.check(row, by=SYSTEM, at=at).domain for row in rows]
        told = [_told(row, row.stands(at)) for row in rows]
        if options["json"]:
            self.stdout.write(json.dumps({"domains": told}))
        else:
            self._say(told)
        if any(one["stands"] != DomainVerdict.PASSES for one in told):
            raise CommandError("not every domain passes; nothing is sent from those that do not", returncode=1)

    def _say(self, told: list[dict[str, Any]]) -> None:
        for one in told:
            self.stdout.write(f"{one['domain']}: {one['stands']}, looked at {one['checked_at'] or 'never'}")
            for finding in one["findings"]:
                said = domain_words.say(finding)
                self.stdout.write(f"  {said['weight']}: {said['what']} ({said['name']})")
                if said["remedy"]:
                    self.stdout.write(f"    {said['remedy']}")
        if not told:
            self.stdout.write("no mailbox sends to the outside")


def _told(row: SendingDomain, stands: DomainVerdict) -> dict[str, Any]:
    last: DomainCheck | None = row.checks.order_by("-at", "-pk").first()
    return {
        "domain": row.domain,
        "stands": stands.value,
        "selectors": row.selectors.split(),
        "checked_at": row.checked_at.isoformat() if row.checked_at else None,
        "decided_at": row.decided_at.isoformat() if row.decided_at else None,
        "failed_at": row.failed_at.isoformat() if row.failed_at else None,
        "findings": last.findings if last else [],
    }
