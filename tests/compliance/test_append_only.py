"""Tables that only grow: the database itself refuses to change, remove or replace what the ledger holds."""

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.backends.sqlite3.base import DatabaseWrapper

from compliance import append_only, sealer
from compliance.append_only import KeptForGood
from compliance.models import Halt, Incident, Lift, LiftRequest, OptIn, Suppression
from sequences import planner
from sequences.models import MessageEvent, Resend
from tests.cast import TUESDAY
from tests.compliance.agreed import agreed
from tests.compliance.asking import ask, clear, stop
from tests.factories import UserFactory
from tests.sequences.campaign import message, under_way

KEPT = {
    **importlib.import_module("compliance.migrations.0002_promises_kept_by_the_database").TABLES,
    **importlib.import_module("compliance.migrations.0004_the_ledger_and_the_door").KEPT,
    **importlib.import_module("compliance.migrations.0005_two_people_lift_and_start").TABLES,
    **importlib.import_module("compliance.migrations.0020_what_was_in_force").TABLES,
    **importlib.import_module("sequences.migrations.0003_the_ledger_and_the_door").TABLES,
    **importlib.import_module("sequences.migrations.0011_a_person_has_a_doubt_sent_again").TABLES,
    "sequences_signature": (),
}

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]


@pytest.fixture
def _a_full_ledger(ledger_rules: None) -> None:
    agreed()
    clear(ask("bob@pumps.example.com"))
    lifted_again(stop("ada@pumps.example.com"))
    incident = Incident.objects.create(
        cause_key="1",
        kind=Incident.Kind.values[0],
        severity=1,
        title="Something",
        opened_at=TUESDAY,
        opened_by="system",
    )
    Halt.objects.create(
        order_no=5, at=TUESDAY, scope="installation", kind=Halt.Kind.INCIDENT, reason="Something", incident=incident
    )
    under_way()
    planner.plan_round(TUESDAY)
    MessageEvent.objects.create(message=message(), kind=MessageEvent.Kind.DELIVERED, at=TUESDAY, digest="a" * 64)
    Resend.objects.create(message=message(), attempt=1, at=TUESDAY, decided_by=UserFactory(), reason="Not there.")
    sealer.seal_round(TUESDAY)


def lifted_again(row: Suppression) -> None:
    """A stop with the person's own opt-in and two people behind its end."""
    two = {"entered_by": "user:1", "entered_person": "1", "confirmed_by": "user:2", "confirmed_person": "2"}
    assert row.person
    opt_in = OptIn.objects.create(order_no=row.order_no + 1000, at=TUESDAY, person=row.person, way=OptIn.Way.FORM)
    LiftRequest.objects.create(stop=row, opt_in=opt_in, reason="x", asked_person="1", asked_at=TUESDAY)
    Lift.objects.create(order_no=1, at=TUESDAY, stop=row, strength=row.strength, reason="x", opt_in=opt_in, **two)


def run(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {table}")  # noqa: S608
        return int(cursor.fetchone()[0])


def columns(table: str) -> list[str]:
    with connection.cursor() as cursor:
        return [column.name for column in connection.introspection.get_table_description(cursor, table)]


@pytest.mark.usefixtures("_a_full_ledger")
@pytest.mark.parametrize("table", KEPT)
def test_no_row_is_removed(table: str) -> None:
    before = count(table)
    with pytest.raises(DatabaseError, match="only grows"):
        run(f"DELETE FROM {table}")  # noqa: S608
    assert count(table) == before > 0


@pytest.mark.usefixtures("_a_full_ledger")
@pytest.mark.parametrize("table", KEPT)
def test_no_column_is_changed(table: str) -> None:
    for column in set(columns(table)) - set(KEPT[table]):
        with pytest.raises(DatabaseError, match="only grows"):
            run(f"UPDATE {table} SET {column} = {column}")  # noqa: S608


@pytest.mark.usefixtures("_a_full_ledger")
@pytest.mark.parametrize("table", KEPT)
def test_no_row_is_replaced_by_another(table: str) -> None:
    if connection.vendor == "postgresql":
        key = "position" if table.endswith("seal") else "id"
        replacing = (
            f"INSERT INTO {table} SELECT * FROM {table} ON CONFLICT ({key}) DO UPDATE SET {key} = EXCLUDED.{key}"  # noqa: S608
        )
    else:
        replacing = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"  # noqa: S608
    with pytest.raises(DatabaseError, match="only grows"):
        run(replacing)


@pytest.mark.usefixtures("_a_full_ledger")
@pytest.mark.parametrize("table", KEPT)
def test_no_table_is_emptied(table: str) -> None:
    # PostgreSQL looks at foreign keys at the end of a transaction, and truncates nothing before.
    emptying = f"SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE {table} CASCADE"
    if connection.vendor != "postgresql":
        emptying = f"DELETE FROM {table} WHERE true"  # noqa: S608
    with pytest.raises(DatabaseError, match="only grows"):
        run(emptying)


@pytest.mark.parametrize("table", KEPT)
def test_no_later_migration_has_lost_the_triggers(table: str) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            wanted = {f"{table}_keep", f"{table}_truncate"}
            cursor.execute("SELECT tgname FROM pg_trigger WHERE tgenabled = 'O' AND tgrelid = %s::regclass", [table])
        else:
            wanted = {f"{table}_no_update", f"{table}_no_delete"}
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
        assert wanted <= {name for (name,) in cursor.fetchall()}


@pytest.mark.parametrize("table", KEPT)
def test_every_column_is_covered_also_those_added_later(table: str) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT attname FROM pg_trigger JOIN pg_attribute ON attrelid = tgrelid AND attnum = ANY (tgattr) "
                "WHERE tgname = %s",
                [f"{table}_keep"],
            )
            covered = {name for (name,) in cursor.fetchall()}
        else:
            cursor.execute("SELECT sql FROM sqlite_master WHERE name = %s", [f"{table}_no_update"])
            (sql,) = cursor.fetchone()
            covered = {column for column in columns(table) if f'"{column}"' in sql}
    assert covered == set(columns(table)) - set(KEPT[table])


@pytest.mark.usefixtures("_a_full_ledger")
def test_only_whether_a_stop_was_taken_may_change() -> None:
    assert Suppression.objects.update(taken_at=TUESDAY) == 1
    assert Suppression.objects.update(taken_at=None) == 1


@pytest.mark.usefixtures("_a_full_ledger")
def test_a_changed_column_is_refused_even_beside_a_free_one() -> None:
    with pytest.raises(DatabaseError, match="only grows"), transaction.atomic():
        Suppression.objects.update(taken_at=TUESDAY, strength=10)


@pytest.mark.usefixtures("_a_full_ledger")
def test_a_stop_cannot_be_deleted_through_the_models_either() -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        Suppression.objects.all().delete()


@pytest.fixture
def live(tmp_path: Path) -> Iterator[DatabaseWrapper]:
    """A database that is neither a test's nor a demonstration's."""
    given = {**connection.settings_dict, "NAME": tmp_path / "latest.sqlite3", "OPTIONS": {}, "CONN_MAX_AGE": 0}
    wrapper = DatabaseWrapper(given)
    with wrapper.cursor() as cursor:
        cursor.execute("CREATE TABLE kept (id integer PRIMARY KEY, said text)")
        cursor.execute("CREATE TABLE compliance_installation (purpose text)")
        cursor.execute("INSERT INTO compliance_installation VALUES ('production')")
    append_only.install(wrapper, {"kept": ("said",)})
    yield wrapper
    wrapper.close()


def test_a_live_database_cannot_be_opened_for_changes(live: DatabaseWrapper) -> None:
    with pytest.raises(KeptForGood), append_only.lifted(live):
        pass


def test_a_database_of_a_demonstration_can_be_emptied_and_keeps_its_triggers(live: DatabaseWrapper) -> None:
    with live.cursor() as cursor:
        cursor.execute("INSERT INTO kept VALUES (1, 'a')")
        cursor.execute("UPDATE compliance_installation SET purpose = 'demo'")
        with append_only.lifted(live):
            cursor.execute("DELETE FROM kept")
        cursor.execute("INSERT INTO kept VALUES (2, 'b')")
        with pytest.raises(DatabaseError, match="only grows"):
            cursor.execute("DELETE FROM kept")


def test_installing_twice_changes_nothing(live: DatabaseWrapper) -> None:
    append_only.install(live, {"kept": ("said",)})
    with live.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM sqlite_master WHERE type = 'trigger'")
        assert cursor.fetchone() == (2,)


def test_removing_lets_a_table_go(live: DatabaseWrapper) -> None:
    append_only.remove(live, {"kept": ()})
    with live.cursor() as cursor:
        cursor.execute("INSERT INTO kept VALUES (1, 'a')")
        cursor.execute("DELETE FROM kept")
