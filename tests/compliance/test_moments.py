"""At which moment a command may act: now, earlier, or later where time is played."""

from datetime import UTC, datetime, timedelta

import pytest

from compliance import installation, moments
from compliance.models import Purpose
from compliance.moments import MomentError
from tests.cast import LONG_AGO, TUESDAY

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]
TOMORROW = TUESDAY + timedelta(days=1)


def mark(purpose: Purpose) -> None:
    installation.mark(purpose, at=LONG_AGO)


def test_nothing_asked_for_is_now() -> None:
    assert moments.chosen("", now=TUESDAY) == TUESDAY


def test_an_earlier_moment_may_be_acted_at() -> None:
    assert moments.chosen("2026-11-16T10:00:00+01:00", now=TUESDAY) == datetime(2026, 11, 16, 9, tzinfo=UTC)


def test_a_clock_may_be_a_little_fast() -> None:
    at = TUESDAY + timedelta(seconds=60)
    assert moments.chosen(at.isoformat(), now=TUESDAY) == at


@pytest.mark.parametrize("purpose", [None, Purpose.PRODUCTION, Purpose.STAGING])
def test_the_future_is_closed_where_mail_is_real(purpose: Purpose | None) -> None:
    if purpose:
        mark(purpose)
    with pytest.raises(MomentError, match="nothing was done"):
        moments.chosen(TOMORROW.isoformat(), now=TUESDAY)


@pytest.mark.parametrize("purpose", [Purpose.DEMO, Purpose.TEST])
def test_the_future_may_be_played(purpose: Purpose) -> None:
    mark(purpose)
    assert moments.chosen(TOMORROW.isoformat(), now=TUESDAY) == TOMORROW


@pytest.mark.parametrize("text", ["2026-11-17T10:00:00", "2026-11-17", "20261117"])
def test_a_moment_without_an_offset_is_ambiguous(text: str) -> None:
    with pytest.raises(MomentError, match="offset"):
        moments.chosen(text, now=TUESDAY)


@pytest.mark.parametrize("text", ["tomorrow", "10:00", "2026-02-30T10:00:00Z", "17.11.2026", "1", " ", "\0"])
def test_what_is_no_moment_is_told(text: str) -> None:
    with pytest.raises(MomentError, match="--at"):
        moments.chosen(text, now=TUESDAY)


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_a_moment_beyond_the_calendar_is_told(text: str) -> None:
    mark(Purpose.DEMO)
    with pytest.raises(MomentError, match="calendar"):
        moments.chosen(text, now=TUESDAY)
