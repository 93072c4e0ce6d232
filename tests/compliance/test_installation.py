"""What a database is for, and what this machine is called."""

import pytest

from compliance import installation
from compliance.models import Installation, Purpose
from tests.cast import LONG_AGO, TUESDAY

database = pytest.mark.django_db


@database
def test_an_unmarked_database_is_for_nothing() -> None:
    assert installation.purpose() is None


@database
def test_a_marked_database_keeps_its_mark_and_its_name() -> None:
    first = installation.mark(Purpose.STAGING, at=LONG_AGO)
    second = installation.mark(Purpose.PRODUCTION, at=TUESDAY)
    assert (second.instance, second.purpose) == (first.instance, Purpose.STAGING)
    assert Installation.objects.count() == 1


@database
@pytest.mark.parametrize("purpose", Purpose)
def test_time_is_played_only_where_mail_is_not_real(purpose: Purpose) -> None:
    installation.mark(purpose, at=LONG_AGO)
    assert installation.may_simulate_time() == (purpose in {Purpose.DEMO, Purpose.TEST})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost", "LOCALHOST"])
def test_what_is_this_machine(host: str) -> None:
    assert installation.is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        *("", "0.0.0.0", "10.0.0.1", "169.254.169.254", "128.0.0.1", "2130706433", "0x7f000001", "::ffff:10.0.0.1"),  # noqa: S104
        *("localhost.example.com", "127.0.0.1.example.com", "mylocalhost", "localhost@example.com", "smtp"),
    ],
)
def test_what_is_not(host: str) -> None:
    assert not installation.is_loopback(host)
