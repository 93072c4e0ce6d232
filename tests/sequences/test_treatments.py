"""What is done with the people of a country does not change unsaid: somebody has signed their rows (LAW APR-05)."""

import json
from pathlib import Path

from sequences.countries import CAPITAL_ZONES
from sequences.treatments import CHANGED, FIRST, treatment


def test_a_country_that_is_done_something_else_with_is_at_another_treatment() -> None:
    """Another zone moves the hours of people whose rows are signed: whoever changes it raises the number in
    sequences/treatments.py as well, and writes both down in golden/treatments.json."""
    told = json.loads(Path(__file__).with_name("golden").joinpath("treatments.json").read_text("utf-8"))
    assert {code: [zone, treatment(code)] for code, zone in CAPITAL_ZONES.items()} == told


def test_numbers_are_of_countries_and_beyond_the_first() -> None:
    assert CHANGED.keys() <= CAPITAL_ZONES.keys()
    assert all(number > FIRST for number in CHANGED.values())


def test_a_country_that_is_not_known_is_at_the_first() -> None:
    assert treatment("") == FIRST
