"""Notes the findings of a file: gates, indicators and tiers that somebody has judged."""

from typing import Any

from compliance import clock
from handoff import filing
from handoff.management.filing import FilingCommand


class Command(FilingCommand):
    help = "Note the findings of a file: columns address, criterion, is_there, value, evidence, valid_until."

    def handle(self, *args: Any, **options: Any) -> None:
        self.file(filing.findings, clock.now(), options)
