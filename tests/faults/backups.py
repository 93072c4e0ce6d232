"""Takes a whole backup of the test's database and puts it back, by the means of the database itself."""

import sqlite3
from pathlib import Path

import psycopg
from django.db import connection
from psycopg import sql


class Backup:
    """The database as it was when this was made: a copy of the file, or a database made from this one as template."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "backup.sqlite3"
        self._name = f"{connection.settings_dict['NAME']}_backup"
        if connection.vendor == "sqlite":
            with sqlite3.connect(self._file) as copy:
                connection.ensure_connection()
                connection.connection.backup(copy)
        else:
            self._make(self._name, connection.settings_dict["NAME"])

    def restore(self) -> None:
        """Put it back; what happened since is forgotten."""
        if connection.vendor == "sqlite":
            with sqlite3.connect(self._file) as copy:
                copy.backup(connection.connection)
        else:
            self._make(connection.settings_dict["NAME"], self._name)

    def remove(self) -> None:
        """Leave nothing behind on the server."""
        if connection.vendor == "postgresql":
            with _server() as server:
                server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(self._name)))

    def _make(self, name: str, template: str) -> None:
        connection.close()
        names = {"name": sql.Identifier(name), "template": sql.Identifier(template)}
        with _server() as server:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {name} WITH (FORCE)").format(**names))
            server.execute(sql.SQL("CREATE DATABASE {name} TEMPLATE {template}").format(**names))


def _server() -> "psycopg.Connection[tuple[object, ...]]":
    told = connection.settings_dict
    return psycopg.connect(
        host=told["HOST"],
        port=told["PORT"] or 5432,
        user=told["USER"],
        password=told["PASSWORD"] or None,
        dbname="postgres",
        autocommit=True,
    )
