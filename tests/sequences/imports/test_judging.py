"""One verdict per row, by rules in a fixed order, and the person as one may print it."""

import pytest

from sequences.imports.judging import Judge, Judged, split_name
from sequences.imports.reading import Row

PLAIN = {"address": "Mail", "first_name": "First", "last_name": "Last", "account": "Firm", "domain": "Web"}


def row(mail: str, person: int = 1, /, **cells: str) -> Row:
    return Row(
        person + 1, person, {"Mail": mail, "First": "Ada", "Last": "Byron", "Firm": "Engines", "Web": "", **cells}
    )


def verdicts(*mails: str) -> list[str]:
    judge = Judge(freemail=["webbox.example"], roles=["info", "list-*"])
    return [str(judge.judge(row(mail, person), PLAIN).verdict) for person, mail in enumerate(mails, 1)]


def one(mail: str, **cells: str) -> Judged:
    return Judge(freemail=[], roles=[]).judge(row(mail, **cells), PLAIN)


class TestOrder:
    def test_a_look_alike_outranks_a_control_character(self) -> None:
        assert one("\u0430da@x.example", First="A\nda").verdict == "look_alike"

    def test_an_invalid_row_does_not_make_the_next_a_duplicate(self) -> None:
        judge = Judge(freemail=[], roles=[])
        judge.judge(row("ada@x.example", First="A\nda"), PLAIN)
        assert judge.judge(row("ada@x.example", 2), PLAIN).verdict == "new"

    def test_the_second_copy_of_a_role_address_is_a_duplicate(self) -> None:
        assert verdicts("info@x.example", "INFO@x.example") == ["role", "duplicate"]

    def test_a_role_name_outranks_free_mail(self) -> None:
        assert verdicts("info@webbox.example", "ada@webbox.example") == ["role", "free_mail"]

    def test_case_tag_and_spelling_of_the_domain_do_not_make_a_new_person(self) -> None:
        found = verdicts("ada@gr\u00fcn.example", "ADA+x@GR\u00dcN.example", "ada@xn--grn-ioa.example")
        assert found == ["new", "duplicate", "duplicate"]

    def test_hyphens_and_dots_are_no_tags(self) -> None:
        assert verdicts("ada-b@x.example", "ada@x.example", "a.da@x.example") == ["new", "new", "new"]

    def test_a_role_can_be_a_pattern(self) -> None:
        assert verdicts("list-users@x.example", "listen@x.example") == ["role", "new"]


class TestReasons:
    @pytest.mark.parametrize(
        ("mail", "code"),
        [
            ("", "blank_address"),
            (" n/a ", "blank_address"),
            ("ask Tom", "invalid_address"),
            ('=LOWER(A1)&"@x.example"', "formula_address"),
            ("ada@x.example, ada@y.example", "invalid_address"),
            ("ad\u200da@x.example", "look_alike"),
        ],
    )
    def test_a_refused_address_says_why(self, mail: str, code: str) -> None:
        found = one(mail)
        assert (found.code, found.where, found.person) == (code, "address", None)

    def test_a_control_character_in_the_company_says_where(self) -> None:
        assert one("ada@x.example", Firm="Engines\r\nBcc: b@y.example").where == "account"

    def test_new_has_no_fault(self) -> None:
        assert (one("ada@x.example").code, one("ada@x.example").where) == ("new", "")

    def test_a_duplicate_still_has_its_person(self) -> None:
        judge = Judge(freemail=[], roles=[])
        judge.judge(row("ada@x.example"), PLAIN)
        found = judge.judge(row("Ada@x.example", 2, First="Augusta"), PLAIN).person
        assert found
        assert found.first_name == "Augusta"


class TestPerson:
    def test_the_address_is_kept_as_it_was_written(self) -> None:
        found = one(" Ada.B+x@X.example\u00a0").person
        assert found
        assert (found.address.text, found.address.domain) == ("Ada.B+x@x.example", "x.example")

    def test_fields_are_one_line_and_words_for_nothing_are_nothing(self) -> None:
        found = one("ada@x.example", Last="By\nron", Firm="[not provided]").person
        assert found
        assert (found.last_name, found.account, found.city) == ("By ron", "", "")

    @pytest.mark.parametrize(
        ("web", "domain"),
        [
            ("https://www.Gr\u00fcn.example/about?x=1", "xn--grn-ioa.example"),
            ("x.example", "x.example"),
            ("www.x.example:8080", "x.example"),
            ("http://[", ""),
            ("see above", ""),
            ("", ""),
        ],
    )
    def test_the_domain_is_found_in_a_web_address(self, web: str, domain: str) -> None:
        found = one("ada@x.example", Web=web).person
        assert found
        assert found.domain == domain


class TestFlags:
    def test_missing_values_are_flagged_whatever_the_verdict(self) -> None:
        assert one("?", First="-", Firm="N/A").flags == {"missing_first_name", "missing_account"}

    def test_a_formula_in_any_cell_is_flagged(self) -> None:
        assert one("ada@x.example", Notes="=1+1").flags == {"formula"}

    def test_an_opt_out_is_heard_beside_any_verdict(self) -> None:
        assert one("?", **{"Opt-out": "x"}).flags == {"opted_out"}

    def test_flags_follow_the_mapping_of_the_row(self) -> None:
        judge = Judge(freemail=[], roles=[])
        judge.judge(row("ada@x.example", Vermerk="no"), PLAIN)
        again = judge.judge(row("eve@x.example", Vermerk="no"), {**PLAIN, "no_consent": "Vermerk"})
        assert again.flags == {"no_consent"}


class TestNames:
    @pytest.mark.parametrize(
        ("text", "first", "last"),
        [
            ("Ada Byron", "Ada", "Byron"),
            ("Byron, Ada", "Ada", "Byron"),
            ("Xenia", "Xenia", ""),
            ("Juan de la Cruz", "Juan", "de la Cruz"),
            ("de la Cruz, Juan Carlos", "Juan Carlos", "de la Cruz"),
            ("Dr. Ada Byron", "Ada", "Byron"),
            ("Herr Prof. Dr. Kai Uhlig", "Kai", "Uhlig"),
            ("Martin King Jr.", "Martin", "King"),
            ("Ada Byron, Ph.D., MBA", "Ada", "Byron"),
            ("Byron,", "Byron", ""),
            (", Ada", "Ada", ""),
            ("", "", ""),
        ],
    )
    def test_a_full_name_is_split(self, text: str, first: str, last: str) -> None:
        assert split_name(text) == (first, last)

    def test_a_full_name_is_left_alone_beside_a_first_name_column(self) -> None:
        fields = {**PLAIN, "full_name": "Who"}
        found = Judge(freemail=[], roles=[]).judge(row("ada@x.example", First="", Who="Eve Adams"), fields)
        assert "missing_first_name" in found.flags

    def test_a_line_break_in_a_full_name_is_invalid(self) -> None:
        fields = {"address": "Mail", "full_name": "Who"}
        found = Judge(freemail=[], roles=[]).judge(row("ada@x.example", Who="Eve\nAdams"), fields)
        assert (found.verdict, found.where) == ("invalid", "full_name")


class TestKnownTables:
    @pytest.mark.parametrize("mail", ["jo@gmail.com", "jo@GMX.de", "jo@web.de", "jo@yahoo.co.uk", "jo@orange.fr"])
    def test_known_free_mail_is_recognised(self, mail: str) -> None:
        assert Judge().judge(row(mail), PLAIN).verdict == "free_mail"

    @pytest.mark.parametrize(
        "local",
        [
            *("info", "marketing", "sales", "support", "abuse", "noc", "security", "postmaster", "hostmaster"),
            *("usenet", "news", "webmaster", "www", "uucp", "ftp", "mailer-daemon", "no-reply", "Noreply+x"),
            *("kontakt", "list-users", "staff-request", "owner-staff"),
        ],
    )
    def test_names_of_functions_lists_and_machines_are_recognised(self, local: str) -> None:
        assert Judge().judge(row(f"{local}@x.example"), PLAIN).verdict == "role"

    @pytest.mark.parametrize("local", ["ada", "ina.fox", "sal", "newson", "infora", "requests.ada"])
    def test_people_with_similar_names_are_people(self, local: str) -> None:
        assert Judge().judge(row(f"{local}@x.example"), PLAIN).verdict == "new"
