"""Decides what the renderer promises: nothing blank, nothing executed, nothing said in one part only."""

import html
import re
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sequences.render import MissingValue, Rendered, Skeleton, UnsafeValue, WordingError, compile_wording

WORDINGS = Path(__file__).parent / "wordings"
VALUES = {
    "contact.first_name": "Ada",
    "contact.last_name": "Lovelace",
    "contact.title": "Plant Manager",
    "contact.country": "DE",
    "account.name": "Engines Ltd",
    "account.industry": "Chemicals",
    "sender.name": "Grace Hopper",
    "sender.company": "Compilers GmbH",
    "postal_address": "1 Harbour Way, 20457 Hamburg",
    "unsubscribe_url": "https://mail.example.org/u/abc?x=1&y=2",
}
ONE_LINE = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40)


def sample(name: str, **changes: Any) -> Skeleton:
    head, _, body = (WORDINGS / name).read_text(encoding="utf-8").partition("\n\n")
    subject, preview = (line.partition(": ")[2] for line in head.split("\n"))
    return compile_wording(**{"subject": subject, "preview": preview, "body": body, **changes})


def touch(body: str, subject: str = "A question", **values: str) -> Rendered:
    skeleton = compile_wording(subject=subject, preview="", body=body)
    return skeleton.render(VALUES | {name.replace("__", "."): value for name, value in values.items()})


def flaw(body: str = "Hello", subject: str = "A question") -> tuple[str, int, int, str]:
    with pytest.raises(WordingError) as caught:
        compile_wording(subject=subject, preview="", body=body)
    return caught.value.part, caught.value.line, caught.value.column, caught.value.code


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.inside_body, self.words, self.links = False, list[str](), list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside_body = self.inside_body or tag == "body"
        self.links += [value.removeprefix("mailto:") for name, value in attrs if name == "href" and value]

    def handle_data(self, data: str) -> None:
        self.words += data.split() if self.inside_body else []


def read_html(page: str) -> _Words:
    words = _Words()
    words.feed(page)
    return words


class TestValues:
    def test_they_stand_literally_in_subject_and_text_and_escaped_in_html(self) -> None:
        name = "O'Brien & <b>Söhne"
        result = touch("Hi {{ contact.first_name }}", "For {{ contact.first_name }}", contact__first_name=name)
        assert result.subject == f"For {name}"
        assert result.text == f"Hi {name}\n"
        assert "Hi O&#39;Brien &amp; &lt;b&gt;Söhne</p>" in result.html

    @pytest.mark.parametrize("value", ["", " ", "\u00a0", "\u200b \ufeff"])
    def test_a_blank_one_is_missing_and_named(self, value: str) -> None:
        with pytest.raises(MissingValue) as caught:
            touch("Hi {{ contact.first_name }}", contact__first_name=value)
        assert caught.value.variable == "contact.first_name"

    def test_one_that_nobody_gave_is_missing(self) -> None:
        with pytest.raises(MissingValue, match=r"account\.name"):
            compile_wording(subject="x", preview="", body="{{ account.name }}").render({})

    @pytest.mark.parametrize(
        "value", ["a\r\nBcc: x@y.org", "a\nb", "a\0b", "a\x85b", "a\u2028b", "a\u202eb", "a" * 1001]
    )
    def test_an_unprintable_or_endless_one_is_unsafe(self, value: str) -> None:
        with pytest.raises(UnsafeValue) as caught:
            touch("Hi {{ contact.first_name }}", contact__first_name=value)
        assert caught.value.variable == "contact.first_name"

    def test_one_that_is_not_used_is_not_looked_at(self) -> None:
        assert touch("Hello", contact__first_name="\0").text == "Hello\n"

    @pytest.mark.parametrize(
        "value",
        [
            "javascript:alert(1)",
            "data:text/html,x",
            "http://example.org/",
            "//example.org",
            "https://",
            'https://a.b/"x',
            "https://a@b.org/",
            "https://a.b/ c",
            "http://localhost.example.org/",
        ],
    )
    def test_a_link_that_is_none_is_unsafe(self, value: str) -> None:
        with pytest.raises(UnsafeValue, match="unsubscribe_url"):
            touch("[stop]({{ unsubscribe_url }})", unsubscribe_url=value)

    @pytest.mark.parametrize(
        "value", ["https://a.org/u?x=1", "http://localhost:8000/u", "http://127.0.0.1/", "mailto:u@a.org"]
    )
    def test_a_link_may_be_https_loopback_or_mail(self, value: str) -> None:
        assert f"stop ({value})" in touch("[stop]({{ unsubscribe_url }})", unsubscribe_url=value).text

    def test_text_marked_as_safe_elsewhere_is_escaped_all_the_same(self) -> None:
        class Safe(str):
            def __html__(self) -> str:
                return self

        assert "<i>" not in touch("Hi {{ account.name }}", account__name=Safe("<i>x</i>")).html

    def test_a_value_inside_an_address_is_percent_encoded(self) -> None:
        result = touch("[guide](https://example.org/g?for={{ account.name }})", account__name="A&B /x#")
        assert 'href="https://example.org/g?for=A%26B%20%2Fx%23"' in result.html
        assert "guide (https://example.org/g?for=A%26B%20%2Fx%23)" in result.text

    @settings(deadline=None)
    @given(name=ONE_LINE)
    @example(name="[x](javascript:alert(1))")
    @example(name="{{ account.name }}{% if x %}")
    @example(name="<img src=x onerror=alert(1)>")
    @example(name="*a* _b_ `c` # d ![e](f)")
    def test_whatever_is_injected_arrives_as_text(self, name: str) -> None:
        result = touch("Hi **{{ contact.first_name }}**, hello", contact__first_name=name)
        assert result.text == f"Hi {name}, hello\n"
        assert (
            f"<strong>{html.escape(name).replace('&#x27;', '&#39;').replace('&quot;', '&#34;')}</strong>" in result.html
        )


class TestAlternatives:
    def test_a_default_makes_a_variable_optional(self) -> None:
        skeleton = compile_wording(
            subject="x", preview="", body='Hi {{ contact.first_name | strip | default: "<all> & you" }}'
        )
        result = skeleton.render({})
        assert not skeleton.variables
        assert skeleton.optional == {"contact.first_name"}
        assert result.text == "Hi <all> & you\n"
        assert "Hi &lt;all&gt; &amp; you<" in result.html

    def test_a_test_around_it_makes_a_variable_optional(self) -> None:
        body = "Hi{% if contact.title %} {{ contact.title }}{% else %} there{% endif %}!"
        assert touch(body, contact__title=" ").text == "Hi there!\n"
        assert touch(body).text == "Hi Plant Manager!\n"

    @pytest.mark.parametrize(
        "body",
        [
            "{% if contact.title %}x{% endif %} {{ contact.title }}",
            "{% unless contact.title %}{{ contact.title }}{% endunless %} x",
            '{% if contact.title == "CEO" %}x{% endif %} y',
            "{% if contact.title or account.name %}{{ contact.title }}{% endif %} x",
            '{{ contact.title | default: "x" }} {{ contact.title }}',
            "{{ account.name | default: contact.title }}",
        ],
    )
    def test_one_use_without_alternative_makes_a_variable_needed(self, body: str) -> None:
        assert "contact.title" in compile_wording(subject="x", preview="", body=body).variables

    def test_other_branches_follow_the_first_that_holds(self) -> None:
        skeleton = sample("second_touch_de.md")
        texts = {country: skeleton.render(VALUES | {"contact.country": country}).text for country in ("DE", "AT", "CH")}
        assert ["in Ihrer Nähe" in texts["DE"], "Österreich" in texts["AT"], "Ihrer Größe" in texts["CH"]] == [True] * 3

    def test_filters_change_case_and_length(self) -> None:
        body = "{{ account.name | upcase }} {{ account.name | downcase }} {{ account.name | truncate: 10 | escape }}"
        assert touch(body, account__name="Søren & Sons").text == "SØREN & SONS søren & sons Søren &...\n"


class TestParts:
    @pytest.mark.parametrize("name", ["first_touch.md", "second_touch_de.md"])
    def test_text_and_html_say_the_same(self, name: str) -> None:
        result = sample(name).render(VALUES)
        page = read_html(result.html)
        spoken = re.sub(r"^(?:> |- |\d\. |-{20}$)", "", result.text, flags=re.MULTILINE)
        for link in page.links:
            spoken = spoken.replace(f"({link})", "")
        assert re.sub(r"\s", "", spoken) == "".join(page.words)
        assert all(f"({link})" in result.text for link in page.links)

    @pytest.mark.parametrize("name", ["first_touch.md", "second_touch_de.md"])
    def test_lines_are_broken_at_78_but_never_inside_an_address(self, name: str) -> None:
        url = "https://mail.example.org/u/" + "a" * 90
        lines = sample(name).render(VALUES | {"unsubscribe_url": url}).text.split("\n")
        assert [line.strip("().") for line in lines if len(line) > 78] == [url]

    def test_lists_and_quotes_keep_their_indent_when_broken(self) -> None:
        text = touch("- " + "word " * 20 + "\n  1. inner\n\n> " + "quote " * 20).text
        assert re.fullmatch(r"- (word ?){15}\n  (word ?){5}\n  1\. inner\n\n> (quote ?){12}\n> (quote ?){8}\n", text)

    def test_subject_and_preview_are_one_line_and_the_preview_is_not_in_the_page(self) -> None:
        result = sample("first_touch.md").render(VALUES)
        assert result.subject == "Engines Ltd: one question about chemicals"
        assert result.preview == "A short idea for Engines Ltd, Ada"
        assert result.preview not in result.html

    def test_the_page_names_its_language_and_hides_nothing(self) -> None:
        page = sample("first_touch.md", language="de").render(VALUES).html
        assert '<html lang="de" dir="ltr">' in page
        assert not re.search(r"display:\s*none|visibility|font-size:\s*0|<style|<img|<script", page)

    def test_braces_made_by_markdown_are_never_taken_for_tags(self) -> None:
        result = touch(r"&#123;&#123; request }} {\% if x %} &#123;{{ account.name }}")
        assert result.text == "{{ request }} {% if x %} {Engines Ltd\n"
        assert "{{ request }} {% if x %} {Engines Ltd</p>" in result.html

    @pytest.mark.parametrize("body", ["`<b onclick=x>`", "a < b > c", "I <3 you", r"a \<b>"])
    def test_what_is_no_html_or_stands_between_backticks_is_text(self, body: str) -> None:
        assert "&lt;" in touch(body).html

    def test_a_condition_on_its_own_line_leaves_no_empty_paragraph(self) -> None:
        body = "One\n{% if contact.title %}\nTwo\n\nThree\n{% endif %}\nFour"
        assert touch(body, contact__title="").text == "One\n\nFour\n"
        assert len(re.findall("<p", touch(body, contact__title="").html)) == 2

    def test_a_bare_address_is_shown_once(self) -> None:
        assert touch("See <https://example.org/a>.").text == "See https://example.org/a.\n"


class TestDigest:
    def test_equal_wordings_have_equal_digests_whatever_their_line_ends(self) -> None:
        one, other = (compile_wording(subject="s", preview="p", body=body) for body in ("a\nb", "a\r\nb"))
        assert one.digest == other.digest
        assert re.fullmatch("[0-9a-f]{64}", one.digest)

    def test_every_part_counts(self) -> None:
        parts = {"subject": "a", "preview": "b", "body": "c", "language": "en"}
        changed = [parts | {name: "de"} for name in parts]
        assert len({sample("first_touch.md", **one).digest for one in [parts, *changed]}) == 5


class TestFlaws:
    @pytest.mark.parametrize("row", (WORDINGS / "flawed.txt").read_text(encoding="utf-8").splitlines())
    def test_it_is_named_with_its_place(self, row: str) -> None:
        column, code, body = row.split(maxsplit=2)
        assert flaw(body) == ("body", 1, int(column), code)

    @pytest.mark.parametrize(
        ("body", "place"),
        [
            ("One\n\nTwo\n  {{ request }}", (4, 6, "unknown_variable")),
            ("One\n\n  [x](http://a.org)", (3, 3, "link_target")),
            ("a{% if contact.title %}\n\nb{% endif %}", (3, 2, "tag_crosses_markup")),
            ("One\n\nTwo\n\n<script>alert(1)</script>", (5, 1, "html")),
            ("One\n- two and\nthree <img src=x.png>", (3, 7, "html")),
            ("a\nb\u202ec", (2, 2, "control_character")),
            ("a\0b", (1, 2, "control_character")),
            (" \n ", (1, 1, "empty")),
            ("- #\n\n---\n> -", (1, 1, "empty")),
        ],
    )
    def test_its_line_is_counted(self, body: str, place: tuple[int, int, str]) -> None:
        assert flaw(body)[1:] == place

    def test_it_may_lie_in_the_subject(self) -> None:
        assert flaw(subject="a\nb") == ("subject", 1, 2, "control_character")
        assert flaw(subject=" ") == ("subject", 1, 1, "empty")

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ("x" * 1_000_000, "too_long"),
            ("{{ contact.first_name }}" * 10_000, "too_long"),
            ("{{contact.title}} " * 201, "too_many_tags"),
            ("{% if contact.title %}" * 150, "too_deep"),
            ("> " * 9_000 + "x", "too_deep"),
        ],
    )
    def test_a_huge_wording_is_refused_at_once(self, body: str, code: str) -> None:
        began = time.perf_counter()
        assert flaw(body)[3] == code
        assert time.perf_counter() - began < 2

    @settings(deadline=None)
    @given(
        pieces=st.lists(st.sampled_from([*"{}%|'()*_`->#!\\ \nab&;/", "[", "](https://a.org/", "{{ account.name }}"]))
    )
    def test_any_text_is_compiled_or_refused_with_a_place(self, pieces: list[str]) -> None:
        try:
            text = touch("".join(pieces)).text
        except WordingError as error:
            text = f"{error.part} {error.line} {error.column}"
        assert text.strip()
