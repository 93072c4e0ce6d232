"""A database role of its own: the service works with it, and what is kept for good is beyond it (LAW AUD-01)."""

import io
import os
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, ProgrammingError, connection, transaction

from compliance import append_only, audit, sealer
from compliance.models import AuditEntry, Suppression
from compliance.principals import SYSTEM
from sequences.models import MessageEvent
from tests.cast import TUESDAY
from tests.compliance.asking import stop
from tests.sequences.campaign import State, message, played

ROLE = f"handoff_test_{os.getpid()}"
KEPT = ("compliance_auditentry", "compliance_auditseal", "compliance_suppression", "compliance_decision")


@pytest.fixture
def _as_the_role(transactional_db: None) -> Iterator[None]:
    """Everything after this is done with the privileges of the role alone."""
    audit.record("thing.done", "app.thing:1", by=SYSTEM, at=TUESDAY)
    sealer.seal_round(TUESDAY)
    stop("bob@elsewhere.example.com")
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE} NOLOGIN")
        out = io.StringIO()
        call_command("privileges", ROLE, stdout=out)
        cursor.execute(out.getvalue())
        cursor.execute(f"SET ROLE {ROLE}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute(f"DROP OWNED BY {ROLE}")
        cursor.execute(f"DROP ROLE {ROLE}")


def refused(sql: str) -> bool:
    """Whether PostgreSQL says that the role may not; a trigger's refusal would be another error."""
    with pytest.raises(ProgrammingError, match="permission denied|must be owner"), transaction.atomic():
        connection.cursor().execute(sql)
    return True


@pytest.mark.postgres
@pytest.mark.usefixtures("_as_the_role")
def test_a_whole_campaign_goes_out_is_stopped_and_is_sealed() -> None:
    _server, counts = played({}, people=1)
    assert (counts["accepted"], message().state) == (1, State.ACCEPTED)
    stop("ada@elsewhere.example.com")
    Suppression.objects.update(taken_at=TUESDAY)
    MessageEvent.objects.create(message=message(), kind=MessageEvent.Kind.DELIVERED, at=TUESDAY, digest="a" * 64)
    sealer.seal_round(TUESDAY)
    assert (sealer.unsealed(), sealer.verify().holds) == (0, True)


@pytest.mark.postgres
@pytest.mark.usefixtures("_as_the_role")
@pytest.mark.parametrize("table", KEPT)
def test_what_is_kept_is_not_changed_removed_emptied_or_opened(table: str) -> None:
    column = "position" if table.endswith("seal") else "id"
    assert refused(f"UPDATE {table} SET {column} = {column}")  # noqa: S608
    assert refused(f"DELETE FROM {table}")  # noqa: S608
    assert refused(f"TRUNCATE {table} CASCADE")
    assert refused(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    assert refused(f"DROP TABLE {table} CASCADE")


@pytest.mark.postgres
@pytest.mark.usefixtures("_as_the_role")
def test_only_the_flag_of_an_entry_may_change() -> None:
    assert AuditEntry.objects.update(sealed=True) > 0
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEntry.objects.update(reason="x")


@pytest.mark.postgres
@pytest.mark.django_db
def test_every_table_that_only_grows_is_among_them() -> None:
    found = append_only.kept(connection)
    assert set(KEPT) < set(found)
    assert (found["compliance_auditentry"], found["compliance_decision"]) == (["sealed"], [])


@pytest.mark.skipif("sqlite" not in os.environ.get("DATABASE_URL", ""), reason="says what SQLite cannot do")
def test_on_sqlite_there_are_no_roles() -> None:
    with pytest.raises(CommandError, match="SQLite has no roles"):
        call_command("privileges", "somebody")
