"""Runs the rounds for ever, without a broker."""

from typing import Any

from django.core.management.base import BaseCommand

from compliance import attending, stopping
from handoff import memory, rounds


class Command(BaseCommand):
    help = "Run the rounds of the timetable until stopped; needs no broker."

    def handle(self, *args: Any, **options: Any) -> None:
        with stopping.heeding_signals():
            self.stderr.write("running the rounds; Ctrl-C stops after the message on the wire")
            attending.start()
            memory.settle()
            rounds.loop(stopping.asked)
