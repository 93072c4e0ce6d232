"""Notes the signals of a file: what people did, each once."""

from typing import Any

from compliance import clock
from handoff import filing
from handoff.management.filing import FilingCommand


class Command(FilingCommand):
    help = "Note the signals of a file: columns address, signal, happened_at, source, reference, note."

    def handle(self, *args: Any, **options: Any) -> None:
        self.file(filing.signals, clock.now(), options)
