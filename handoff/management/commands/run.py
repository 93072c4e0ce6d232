"""Web and rounds in one command, for one machine without a broker."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from handoff import serving


class Command(BaseCommand):
    help = "Serve the admin on this machine and run the rounds; needs no broker."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--no-rounds", action="store_true", help="only the web server; the rounds run elsewhere")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            port = serving.free_port(options["port"])
        except serving.PortTaken as error:
            raise CommandError(str(error)) from error
        with serving.web(port, {"PUBLIC_URL": settings.PUBLIC_URL}) as process:
            self.stdout.write(f"Handoff serves http://127.0.0.1:{port}/admin/ - Ctrl-C stops it")
            self.stdout.flush()
            serving.until_stopped(process, with_rounds=not options["no_rounds"])
