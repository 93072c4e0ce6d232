"""Which characters look alike: the data we keep, the skeleton over them, and what a text is read as."""

import unicodedata
from hashlib import sha256
from pathlib import Path

import pytest

from compliance import confusables

DATA = Path(confusables.__file__).with_name("confusables.txt")


def entries() -> list[tuple[str, str]]:
    lines = [line.split() for line in DATA.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    return [(chr(int(one, 16)), "".join(chr(int(part, 16)) for part in more)) for one, *more in lines]


def is_kept(prototype: str) -> bool:
    return all(ord(one) < 128 or "LATIN " in unicodedata.name(one) or unicodedata.combining(one) for one in prototype)


def test_the_data_are_those_with_which_digests_were_made() -> None:
    assert "Unicode 17.0.0" in DATA.read_text(encoding="utf-8")
    said = "\n".join(f"{source}{prototype}" for source, prototype in entries())
    assert (len(entries()), sha256(said.encode()).hexdigest()[:16]) == (1246, "c20f0f2c5184d6c9")


def test_the_data_hold_what_an_address_may_hold_or_imitate() -> None:
    for source, prototype in entries():
        assert unicodedata.normalize("NFKC", source) == unicodedata.normalize("NFD", source) == source
        assert is_kept(prototype)


def test_a_prototype_looks_like_nothing_but_itself() -> None:
    for _source, prototype in entries():
        assert confusables.skeleton(prototype) == unicodedata.normalize("NFD", prototype).lower()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("p\u0430ypal", "paypal"),
        ("paypa1", "paypal"),
        ("g\u043e\u043egle", "google"),
        ("\u0455\u0441\u043e\u0440\u0435", "scope"),
        ("rnicro", "micro"),
        ("g00gle", "google"),
        ("ex\u0251mple", "example"),
        ("mu\u0308ller", "m\u00fcller"),
        ("c\u00e6sar", "caesar"),
    ],
)
def test_what_looks_alike_shares_a_skeleton(one: str, other: str) -> None:
    assert confusables.skeleton(one) == confusables.skeleton(other)


@pytest.mark.parametrize(
    ("one", "other"), [("m\u00fcller", "muller"), ("\u00f8re", "ore"), ("\u0436uk", "kuk"), ("vv", "w"), ("ada", "adb")]
)
def test_what_looks_different_does_not(one: str, other: str) -> None:
    assert confusables.skeleton(one) != confusables.skeleton(other)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("bob\uff20example.com", "bob@example.com"),
        ("bo\u200bb@example.com", "bob@example.com"),
        ("bob@\u202eexample.com", "bob@example.com"),
        ("b\u043eb@example.com", "bob@example.com"),
        ("bob@\uff45xample\u3002com", "bob@example.com"),
        ("bob@ex\u00adample.com", "bob@example.com"),
        ("\U0001d41bob@example.com", "bob@example.com"),
        ("BOB@EXAMPLE.COM", "bob@example.com"),
    ],
)
def test_a_text_is_read_as_the_letters_it_imitates(text: str, read: str) -> None:
    assert confusables.readings(text) == (read,)


def test_plain_letters_are_read_as_they_are() -> None:
    assert confusables.readings("rnary10@example.com") == ("rnary10@example.com",)


def test_a_capital_may_imitate_another_letter_than_its_small_one() -> None:
    assert "bob" in confusables.readings("\u0412\u041e\u0412")
    assert "bob" not in confusables.readings("\u0432\u043e\u0432")


@pytest.mark.parametrize("text", ["m\u00fcller", "mu\u0308ller"])
def test_an_accent_is_part_of_a_letter(text: str) -> None:
    assert confusables.readings(text) == ("m\u00fcller",)
