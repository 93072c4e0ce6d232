"""The clock: aware, in UTC, and on PostgreSQL the database's own, which also moves inside a transaction."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from compliance import clock

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]


def test_now_is_aware_and_in_utc() -> None:
    assert clock.now().tzinfo is UTC
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=60)


def test_time_goes_on_inside_a_transaction() -> None:
    with transaction.atomic():
        moments = [clock.now() for _look in range(200)]
    assert moments == sorted(moments)
    assert moments[-1] > moments[0]


def test_leases_follow_the_same_clock() -> None:
    assert clock.now() <= clock.lease_clock() <= clock.now()


def test_ticks_only_rise() -> None:
    assert clock.ticks() <= clock.ticks()


@pytest.mark.postgres
def test_a_worker_with_a_wrong_clock_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fast(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "Fast":
            return cls(2030, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(clock, "datetime", Fast)
    assert connection.vendor == "postgresql"
    assert clock.now().year < 2030
