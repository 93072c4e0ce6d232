"""Columns to fields: each tool by its own names, overrides first, what is missing named with what was found."""

import pytest

from sequences.imports.cells import ImportFileError
from sequences.imports.presets import (
    MARKS,
    PRESETS,
    SIGNS,
    Field,
    detect,
    mapping,
    normal,
    recognised,
    signs,
)

GENERIC = PRESETS["generic"]


def marked(header: list[str], cells: dict[str, str], chosen: dict[str, str] | None = None) -> set[str]:
    return {str(mark) for mark, column, sign in signs(header, chosen or {}) if sign.says(cells.get(column, ""))}


class TestTables:
    def test_every_name_is_written_as_it_is_compared(self) -> None:
        names = [name for preset in PRESETS.values() for tried in preset.columns.values() for name in tried]
        assert [name for name in (*names, *SIGNS) if normal(name) != name] == []

    def test_every_signature_is_written_as_it_is_compared(self) -> None:
        assert [name for preset in PRESETS.values() for name in preset.signature if normal(name) != name] == []

    def test_no_two_tools_share_two_names_of_their_signatures(self) -> None:
        pairs = [(one, two) for one in PRESETS.values() for two in PRESETS.values() if one.key < two.key]
        assert [(one.key, two.key) for one, two in pairs if len(one.signature & two.signature) > 1] == []

    @pytest.mark.parametrize("spelled", ["E-Mail", "e_mail", " E mail ", "E\u2011MAIL"])
    def test_spellings_of_one_name_are_one(self, spelled: str) -> None:
        assert normal(spelled) == "e mail"


class TestDetecting:
    def test_one_name_of_a_tool_is_not_enough(self) -> None:
        assert detect(["Email", "Lead Source", "Name"]).key == "generic"

    def test_two_names_are(self) -> None:
        assert detect(["Email", "Lead Source", "Account Name"]).key == "salesforce"

    def test_a_header_with_an_address_says_so(self) -> None:
        assert recognised(["Vorname", "E-Mail", "Sonstiges"]) == (True, 2)


class TestMapping:
    def test_a_trade_fair_list_is_read_in_german(self) -> None:
        header = ["Vorname", "Nachname", "E-Mail", "Firma", "Position", "Branche", "Ort", "Land", "Quelle"]
        assert list(mapping(header, GENERIC).values()) == [
            *("E-Mail", "Vorname", "Nachname", "Position", "Firma", "Branche", "Land", "Ort", "Quelle"),
        ]

    def test_beside_vorname_name_is_the_surname(self) -> None:
        found = mapping(["Vorname", "Name", "E-Mail"], GENERIC)
        assert (found["last_name"], "full_name" in found) == ("Name", False)

    def test_the_work_address_of_three_counts(self) -> None:
        header = ["Person - Email - Home", "Person - Email - Work", "Person - Name", "Person - ID"]
        assert mapping(header, detect(header))["address"] == "Person - Email - Work"

    def test_a_preset_falls_back_on_generic_names(self) -> None:
        assert mapping(["Mail", "Firma"], PRESETS["pipedrive"]) == {"address": "Mail", "account": "Firma"}

    def test_an_override_goes_first(self) -> None:
        found = mapping(["Email", "Private"], GENERIC, {"address": "private"})
        assert found["address"] == "Private"

    def test_an_empty_override_leaves_a_field_unmapped(self) -> None:
        assert "source" not in mapping(["Email", "Source"], GENERIC, {"source": ""})

    def test_a_missing_address_column_is_named_with_what_was_found(self) -> None:
        with pytest.raises(ImportFileError, match="address is missing; found: First Name, Firm") as caught:
            mapping(["First Name", "Firm"], GENERIC)
        assert (caught.value.code, caught.value.where) == ("missing_columns", "address")

    def test_an_override_that_names_no_column_is_refused(self) -> None:
        with pytest.raises(ImportFileError, match="'Sector' for industry") as caught:
            mapping(["Email"], GENERIC, {"industry": "Sector"})
        assert caught.value.code == "missing_columns"

    def test_an_override_of_no_field_is_refused(self) -> None:
        with pytest.raises(ImportFileError) as caught:
            mapping(["Email"], GENERIC, {"shoe_size": "Email"})
        assert (caught.value.code, caught.value.where) == ("unknown_field", "shoe_size")

    def test_the_plainest_opt_out_column_is_shown(self) -> None:
        assert mapping(["Email", "Status", "Opt-out"], GENERIC)["opted_out"] == "Opt-out"


class TestSigns:
    @pytest.mark.parametrize(
        ("column", "cell", "mark"),
        [
            ("Unsubscribed from all email", "true", "opted_out"),
            ("Email Opt Out", "1", "opted_out"),
            ("Opt-out", "asked on 12 March", "opted_out"),
            ("unsubscribed_at", "2026-12-18T15:20:32Z", "opted_out"),
            ("Stage", "Do Not Contact", "opted_out"),
            ("Person - Marketing status", "Unsubscribed", "opted_out"),
            ("Person - Marketing status", "No consent", "no_consent"),
            ("OK to mail?", "asked not to", "opted_out"),
            ("Einwilligung", "widerrufen", "opted_out"),
            ("Einwilligung", "nein", "no_consent"),
            ("Subscribed", "no", "opted_out"),
            ("confirmed_at", " ", "no_consent"),
            ("Email Status", "Extrapolated", "guessed"),
        ],
    )
    def test_a_no_is_heard_in_the_words_of_the_source(self, column: str, cell: str, mark: str) -> None:
        assert marked([column], {column: cell}) == {mark}

    @pytest.mark.parametrize(
        ("column", "cell"),
        [
            ("Unsubscribed from all email", ""),
            ("Email Opt Out", "0"),
            ("Opt-out", "N/A"),
            ("unsubscribed_at", "0000-00-00 00:00:00"),
            ("Stage", "Interested"),
            ("Einwilligung", "ja"),
            ("Subscribed", ""),
            ("confirmed_at", "2026-09-06"),
            ("Email Status", "Verified"),
        ],
    )
    def test_a_yes_or_nothing_is_no_mark(self, column: str, cell: str) -> None:
        assert marked([column], {column: cell}) == set()

    def test_a_second_opt_out_column_counts_too(self) -> None:
        header = ["Opt-out", "Do not email"]
        assert marked(header, {"Do not email": "yes"}, {"opted_out": "Opt-out"}) == {"opted_out"}

    def test_an_unmapped_opt_out_column_counts_all_the_same(self) -> None:
        found = mapping(["Email", "Opt-out"], GENERIC, {"opted_out": ""})
        assert marked(["Email", "Opt-out"], {"Opt-out": "x"}, dict(found)) == {"opted_out"}

    @pytest.mark.parametrize(("mark", "cell"), [("opted_out", "weg"), ("no_consent", "no"), ("guessed", "maybe")])
    def test_a_column_mapped_by_hand_is_understood(self, mark: str, cell: str) -> None:
        assert marked(["Vermerk"], {"Vermerk": cell}, {mark: "Vermerk"}) == {mark}

    def test_marks_are_fields(self) -> None:
        assert set(MARKS) < set(Field)
