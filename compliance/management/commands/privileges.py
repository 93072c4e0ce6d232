"""Prints what makes a database role the service's own: it may add to the ledger, and change or remove nothing of it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from compliance import append_only


class Command(BaseCommand):
    help = "Print the SQL that grants a PostgreSQL role what the service needs and nothing more; the owner runs it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role", help="an existing role that does not own the tables")

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("SQLite has no roles; what is kept for good is kept there by triggers alone.")
        for statement in append_only.grants(connection, options["role"]):
            self.stdout.write(f"{statement};")
