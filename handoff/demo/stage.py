"""Decides whether a database may be played in, and empties the one that was played in before, with its journal."""

import shutil
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from compliance import append_only, installation
from compliance.models import Purpose
from handoff import installing


class NotAStage(RuntimeError):
    """The database belongs to something else; nothing was touched."""


def clear() -> None:
    """Leave an empty, migrated database behind, and no journal. Raises NotAStage for any that is not a demo's.

    The state of a demonstration lies beside its database: the folder of a real installation is never touched.
    """
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
    if not tables:
        installing.migrate()
        _own_state()
        return
    if "compliance_installation" not in tables or installation.purpose() != Purpose.DEMO:
        name = connection.settings_dict["NAME"]
        raise NotAStage(f"the database {name} is neither empty nor marked demo; point DATABASE_URL at another one")
    installing.migrate()
    with append_only.lifted(connection):
        call_command("flush", verbosity=0, interactive=False)
    _own_state()


def _own_state() -> None:
    name = Path(str(connection.settings_dict["NAME"]))
    beside = name if connection.vendor == "sqlite" else settings.ROOT / "var" / name.name
    settings.STATE_DIR = beside.with_name(f"{beside.name}-state")
    shutil.rmtree(settings.STATE_DIR, ignore_errors=True)
