"""Whom an address imitates: nobody when it is plain; else what a stop of those it looks like was recorded under."""

import pytest

from compliance import addresses, lookalikes
from compliance.addresses import parse

BOB = "bob@example.com"


def meets(shown: str, stopped: str) -> bool:
    """Whether the text comes to what a stop for this address is recorded under."""
    return lookalikes.of_person(parse(stopped)) in lookalikes.texts(shown)


@pytest.mark.parametrize("text", [BOB, "BOB@EXAMPLE.COM", "", "no address", "bob@example", "bob@my-xn--shop.com"])
def test_a_plain_text_imitates_nobody(text: str) -> None:
    assert lookalikes.texts(text) == {}


@pytest.mark.parametrize(
    "shown",
    [
        "b\u043eb@example.com",
        "bob\uff20example.com",
        "bo\u200bb@example.com",
        "bob@\u202eexample.com",
        "bob@ex\u0430mple.com",
        "bob@xn--exmple-4nf.com",
        "BOB@XN--EXMPLE-4NF.COM",
        "bob@ex\u0251mple.com",
        "bob@xn--exmple-cxc.com",
        "\u0412\u041e\u0412@example.com",
        "b\u043eb+fair@example.com",
        "bob@ex\u0430mp1e.com",
        " b\u043eb@example.com\n",
    ],
)
def test_what_looks_like_an_address_comes_to_its_text(shown: str) -> None:
    assert meets(shown, BOB)


@pytest.mark.parametrize("shown", ["b\u043ebby@example.com", "bob@ex\u0430mple.org", "b\u00f3b@example.com"])
def test_what_looks_different_does_not(shown: str) -> None:
    assert not meets(shown, BOB)


def test_the_address_it_is_read_as_is_among_the_texts_with_every_spelling() -> None:
    found = lookalikes.texts("Jo.Hn+x@gm\u0430il.com")
    assert {"john@gmail.com", lookalikes.of_person(parse("john@googlemail.com"))} <= found.keys()


def test_each_domain_above_is_compared_letter_for_letter_and_by_its_looks_only_where_it_is_not_plain() -> None:
    found = lookalikes.texts("bob@m\u0430il.example.com")
    assert {"@mail.example.com", "@example.com", *lookalikes.of_domain("mail.example.com")} <= found.keys()
    assert not lookalikes.of_domain("example.com") & found.keys()


def test_a_text_says_as_what_it_is_read() -> None:
    found = lookalikes.texts("b\u043eb@m\u0430il.example.com")
    assert found["bob@mail.example.com"] == "bob@mail.example.com"
    assert found["@mail.example.com"] == "@mail.example.com"


def test_a_domain_is_recorded_in_every_reading() -> None:
    assert lookalikes.of_domain("gmail.com") == lookalikes.of_domain("googlemail.com")
    assert len(lookalikes.of_domain("gmail.com")) == 2


@pytest.mark.parametrize("text", ["\u0430" * 1001, "\u0430\u200b" * 20_000 + "@example.com"])
def test_what_is_too_long_for_an_address_imitates_none(text: str) -> None:
    assert lookalikes.texts(text) == {}


@pytest.mark.parametrize(
    "text", ["\u0430@b@c.com", "@\u0430", "\u0430@", "@@\u0430.com", "\uff20", "xn--\u0430@xn--.com"]
)
def test_nonsense_is_endured(text: str) -> None:
    assert BOB not in lookalikes.texts(text)


def test_nothing_recorded_for_looks_is_a_spelling() -> None:
    assert lookalikes.of_person(parse(BOB)) not in addresses.variants(parse(BOB))
    assert not lookalikes.of_domain("example.com") & addresses.domain_variants("example.com")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("bob@xn--exmple-cxc.com", BOB),
        ("bo\u200bb@example.com", BOB),
        ("B\u043ebby@example.com", "bobby@example.com"),
        ("b\u0436b@example.com", ""),
        ("bob@c\u00e6sar.dk", "bob@caesar.dk"),
        (BOB, ""),
        ("bob@m\u00fcller.de", ""),
        ("bob@my-xn--shop.com", ""),
    ],
)
def test_a_text_that_reads_as_a_plain_one_says_as_which(text: str, plain: str) -> None:
    assert lookalikes.imitated(text) == plain
