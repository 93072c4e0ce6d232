"""Which country a text means, and which zone its capital keeps; checked against the tables of tzdata."""

from collections import defaultdict
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.calendar import zone
from sequences.countries import CAPITAL_ZONES, country_code

QUICK = settings(max_examples=60, deadline=None, derandomize=True, database=None)


class TestCapitalZones:
    @pytest.mark.parametrize("code", sorted(CAPITAL_ZONES))
    def test_the_zone_exists(self, code: str) -> None:
        assert zone(CAPITAL_ZONES[code]).key == CAPITAL_ZONES[code]

    def test_each_is_a_zone_of_its_own_country(self) -> None:
        listed = zones_by_country()
        strangers = {code for code, name in CAPITAL_ZONES.items() if name not in listed[code]}
        assert strangers == {"XK"}

    def test_only_places_without_a_capital_are_left_out(self) -> None:
        assert iso_codes() - CAPITAL_ZONES.keys() == {"AQ", "BV", "HM", "UM"}


class TestCountryCode:
    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("Germany", "DE"),
            ("DEUTSCHLAND", "DE"),
            ("de", "DE"),
            ("DEU", "DE"),
            ("United Kingdom", "GB"),
            ("UK", "GB"),
            ("Großbritannien", "GB"),
            ("Grossbritannien", "GB"),
            ("USA", "US"),
            ("U.S.A.", "US"),
            ("U.S.", "US"),
            ("United States", "US"),
            ("united  states of America", "US"),
            ("The Netherlands", "NL"),
            ("Österreich", "AT"),
            ("Oesterreich", "AT"),
            ("Türkiye", "TR"),
            ("Turkiye", "TR"),
            ("Bosnia & Herzegovina", "BA"),
            ("Côte d’Ivoire", "CI"),
            ("Korea, Republic of", "KR"),
            ("Czechia", "CZ"),
            ("\u00a0Schweiz\n", "CH"),
        ],
    )
    def test_common_spellings_are_read(self, text: str, code: str) -> None:
        assert country_code(text) == code

    @pytest.mark.parametrize(
        "text", ["", " ", "-", "n/a", "N.A.", "EU", "ZZ", "Berlin", "Germany, Berlin", "德国", "the"]
    )
    def test_anything_else_is_no_country(self, text: str) -> None:
        assert country_code(text) == ""

    def test_every_country_is_known_by_its_code(self) -> None:
        assert {country_code(code) for code in iso_codes()} == iso_codes()

    @QUICK
    @given(st.text())
    def test_any_text_gives_a_known_code_or_nothing(self, text: str) -> None:
        assert country_code(text) in iso_codes() | {"XK", ""}


def table(name: str) -> list[list[str]]:
    text = files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]


def iso_codes() -> set[str]:
    return {row[0] for row in table("iso3166.tab")}


def zones_by_country() -> dict[str, set[str]]:
    listed: dict[str, set[str]] = defaultdict(set)
    for row in table("zone.tab"):
        listed[row[0]].add(row[2])
    return listed
