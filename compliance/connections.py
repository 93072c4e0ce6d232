"""Decides how connections to PostgreSQL read moments: in C. Django's own reader takes eight times as long.

The door reads thousands of moments a batch, and a verification of the log one an entry.
"""

from datetime import UTC
from typing import Any

import psycopg
from django.db.backends.postgresql.psycopg_any import get_adapters_template
from psycopg.abc import AdaptContext
from psycopg.pq import Format

_TYPE = "timestamptz"


class QuickMoments:
    """The driver's reader under the attribute by which Django knows that moments come in UTC."""

    timezone = UTC
    format = Format.TEXT

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        self.load = _drivers_own()(oid, context).load


def read_moments_quickly() -> None:
    """For every connection of this process that is opened from now on."""
    get_adapters_template(True, UTC).register_loader(_TYPE, QuickMoments)


def _drivers_own() -> Any:
    return psycopg.adapters.get_loader(psycopg.adapters.types[_TYPE].oid, Format.TEXT)
