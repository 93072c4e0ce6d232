"""Runs the rounds for ever, without a broker."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from compliance import attending
from handoff import rounds


class Command(BaseCommand):
    help = "Run the rounds of the timetable until stopped; needs no broker."

    def handle(self, *args: Any, **options: Any) -> None:
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        self.stderr.write("running the rounds; Ctrl-C stops after the present one")
        attending.start()
        rounds.loop(stopped.is_set)
