"""Tokens: opaque, bound to one purpose, readable for ever, and without any database."""

import base64

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from compliance import tokens
from compliance.tokens import Purpose, Token

QUICK = effort(max_examples=100, deadline=None, derandomize=True, database=None)
DIGEST = "0123456789abcdef" * 2
TOKEN = Token(Purpose.UNSUBSCRIBE, 4711, DIGEST)

numbers = st.integers(0, 2**48 - 1)
digests = st.binary(min_size=16, max_size=16).map(bytes.hex)


def unsubscribe(number: int = 4711, digest: str = DIGEST) -> str:
    return tokens.make(Purpose.UNSUBSCRIBE, message=number, digest=digest)


def read(text: str) -> Token | None:
    return tokens.read(Purpose.UNSUBSCRIBE, text)


@QUICK
@given(numbers, digests)
def test_a_token_says_what_was_put_into_it(number: int, digest: str) -> None:
    assert read(unsubscribe(number, digest)) == Token(Purpose.UNSUBSCRIBE, number, digest)


@pytest.mark.parametrize("changed", [str.upper, str.lower, str.title, str.swapcase])
def test_a_change_of_case_on_the_way_does_no_harm(changed: type[str]) -> None:
    assert read(changed(unsubscribe())) == TOKEN


def test_one_other_character_anywhere_is_not_read() -> None:
    text, letters = unsubscribe(), set("abcdefghijklmnopqrstuvwxyz234567")
    changed = [
        text[:place] + other + text[place + 1 :] for place in range(len(text)) for other in letters - {text[place]}
    ]
    assert {read(one) for one in changed} == {None}


def test_one_flipped_bit_is_not_read() -> None:
    raw = int.from_bytes(base64.b32decode(unsubscribe().upper() + "==="))
    flipped = [(raw ^ 1 << bit).to_bytes(33) for bit in range(33 * 8)]
    assert {read(base64.b32encode(one).decode().rstrip("=").lower()) for one in flipped} == {None}


def test_a_truncated_token_is_not_read() -> None:
    assert {read(unsubscribe()[:length]) for length in range(53)} == {None}


@pytest.mark.parametrize("extra", ["a", "=", "===", " ", "\n", "/", "aaaaaaaa"])
def test_a_token_with_something_behind_it_is_not_read(extra: str) -> None:
    assert read(unsubscribe() + extra) is None


@QUICK
@given(st.text(max_size=120) | st.binary(max_size=60).map(lambda raw: base64.b32encode(raw).decode()))
def test_whatever_was_not_made_here_is_not_read(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize("made", Purpose)
@pytest.mark.parametrize("used", Purpose)
def test_a_token_serves_its_own_purpose_only(made: Purpose, used: Purpose) -> None:
    text = tokens.make(made, message=1, digest=DIGEST if made is Purpose.UNSUBSCRIBE else "")
    assert (tokens.read(used, text) is not None) == (made is used)


@pytest.mark.parametrize(
    ("purpose", "digest"), [(Purpose.UNSUBSCRIBE, ""), (Purpose.REPLY, DIGEST), (Purpose.UNSUBSCRIBE, "00")]
)
def test_a_token_that_would_not_be_obeyed_is_not_made(purpose: Purpose, digest: str) -> None:
    with pytest.raises(ValueError, match="digest"):
        tokens.make(purpose, message=1, digest=digest)


def test_a_token_from_three_keys_ago_is_still_read(settings: Settings) -> None:
    text = unsubscribe()
    for version in (2, 3, 4):
        settings.HANDOFF_KEYS = {**settings.HANDOFF_KEYS, version: bytes([version]) * 32}
    assert read(text) == TOKEN
    assert read(unsubscribe()) == TOKEN


def test_a_token_of_another_installation_is_not_read(settings: Settings) -> None:
    text = unsubscribe()
    settings.HANDOFF_KEYS = {1: b"\7" * 32}
    assert read(text) is None


def test_a_key_that_never_was_makes_no_token(settings: Settings) -> None:
    settings.HANDOFF_KEYS = {9: bytes(32)}
    text = unsubscribe()
    settings.HANDOFF_KEYS = {1: bytes(32)}
    assert read(text) is None


def test_a_token_is_short_enough_for_a_local_part_and_holds_no_address() -> None:
    assert len(f"u-{unsubscribe()}") <= 64
    assert unsubscribe().isalnum()


def test_a_token_without_a_person_is_shorter() -> None:
    assert len(tokens.make(Purpose.REPLY, message=1)) == 28
