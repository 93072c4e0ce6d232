"""Decides whether a database may be played in, and empties the one that was played in before."""

from django.core.management import call_command
from django.db import connection

from compliance import append_only, installation
from compliance.models import Purpose
from handoff import installing


class NotAStage(RuntimeError):
    """The database belongs to something else; nothing was touched."""


def clear() -> None:
    """Leave an empty, migrated database behind. Raises NotAStage for any that is neither empty nor a demo's."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
    if not tables:
        installing.migrate()
        return
    if "compliance_installation" not in tables or installation.purpose() != Purpose.DEMO:
        name = connection.settings_dict["NAME"]
        raise NotAStage(f"the database {name} is neither empty nor marked demo; point DATABASE_URL at another one")
    installing.migrate()
    with append_only.lifted(connection):
        call_command("flush", verbosity=0, interactive=False)
