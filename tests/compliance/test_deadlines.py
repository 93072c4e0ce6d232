"""Nobody waits for a database for ever: after the time given it is as if there were none."""

import time

import pytest
from django.db import OperationalError, connection, transaction

from compliance import deadlines


def answer() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return int(cursor.fetchone()[0])


@pytest.mark.everywhere
@pytest.mark.django_db
def test_what_is_answered_in_time_is_not_disturbed() -> None:
    with deadlines.within(5):
        assert answer() == 1
    assert answer() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_statement_that_takes_too_long_fails_and_the_next_one_works() -> None:
    began = time.monotonic()
    with pytest.raises(OperationalError), deadlines.within(0.5), connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(30)")
    assert time.monotonic() - began < 5
    connection.close_if_unusable_or_obsolete()
    assert answer() == 1
    with connection.cursor() as cursor:
        # The server would sleep on for somebody who has left, and nobody could drop the database meanwhile.
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid()"
        )


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_line_is_left_alone_once_the_time_was_kept() -> None:
    with deadlines.within(0.25):
        answer()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(1)")
    assert answer() == 1


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own way of waiting")
@pytest.mark.django_db
def test_sqlite_waits_for_its_lock_as_long_as_it_is_told_and_then_as_long_as_usual() -> None:
    with deadlines.within(1.5):
        assert patience() == 1500
    assert patience() == 20_000


def patience() -> int:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        return int(cursor.fetchone()[0])


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestStatements:
    def test_one_that_takes_longer_is_ended_and_the_connection_stays(self) -> None:
        with pytest.raises(OperationalError), deadlines.statements(0.2):
            _asked("SELECT pg_sleep(20)")
        assert _asked("SELECT current_setting('statement_timeout')") == "0"

    def test_inside_a_transaction_that_fails_the_bound_goes_with_it(self) -> None:
        with pytest.raises(OperationalError), transaction.atomic(), deadlines.statements(0.2):
            _asked("SELECT pg_sleep(20)")
        assert _asked("SELECT current_setting('statement_timeout')") == "0"


def _asked(statement: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]
