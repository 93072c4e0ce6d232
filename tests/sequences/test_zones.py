"""Where a recipient's day begins: their own zone, their country's, or ours (spec SQ2)."""

from datetime import time

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from sequences import zones
from tests.factories import ContactFactory, playbook_loaded

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("zone", "country", "found"),
    [
        ("America/Denver", "DE", "America/Denver"),
        ("", "DE", "Europe/Berlin"),
        ("Nowhere/At_All", "DE", "Europe/Berlin"),
        ("", "", "Asia/Tokyo"),
        ("", "XX", "Asia/Tokyo"),
    ],
)
@override_settings(TIME_ZONE="Asia/Tokyo")
def test_the_first_that_is_known_counts(zone: str, country: str, found: str) -> None:
    assert zones.zone_of(ContactFactory(zone=zone, country=country)) == found


def test_windows_come_from_the_playbook() -> None:
    playbook_loaded(sequences={"windows": [{"days": ["mon"], "opens": "07:30", "closes": "09:00"}]})
    (window,) = zones.windows()
    assert (window.opens, window.closes, window.days) == (time(7, 30), time(9), frozenset({0}))


def test_without_any_they_are_the_middle_of_the_week() -> None:
    playbook_loaded(sequences={})
    (window,) = zones.windows()
    assert window.days == frozenset({1, 2, 3})


def test_windows_read_once_serve_many() -> None:
    playbook_loaded()
    opening = zones.windows()
    with CaptureQueriesContext(connection) as queries:
        for country in ("DE", "US", "FR"):
            zones.hours("Europe/Berlin", country, opening)
    assert len(queries) == 0


def test_holidays_are_those_of_the_recipients_country() -> None:
    playbook_loaded()
    assert zones.hours("Europe/Berlin", "FR").country == "FR"
