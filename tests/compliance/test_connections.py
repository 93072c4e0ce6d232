"""Moments come back from PostgreSQL as they went in, whoever reads them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from compliance.connections import QuickMoments
from compliance.models import Touch

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
ODD = [
    datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
    datetime(2026, 11, 17, 10, 0, 0, 123456, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=UTC),
]


def test_the_connection_reads_them_in_c() -> None:
    connection.ensure_connection()
    loader = connection.connection.adapters.get_loader(1184, QuickMoments.format)
    assert loader is QuickMoments


@pytest.mark.parametrize("moment", ODD, ids=str)
def test_a_moment_is_read_to_the_microsecond_and_in_utc(moment: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz, NULL::timestamptz", [moment])
        read, nothing = cursor.fetchone()
    assert (read, read.isoformat(), nothing) == (moment, moment.isoformat(), None)
    assert read.utcoffset() == timedelta()


def test_it_is_the_one_that_models_use_too() -> None:
    moment = ODD[1]
    Touch.objects.create(ref="1/1", attempt=1, at=moment, order_no=1, person="0" * 32)
    assert Touch.objects.get().at == moment
