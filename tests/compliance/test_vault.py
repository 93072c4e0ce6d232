"""The vault: what it keeps can be read under every key this installation had, and by nobody else."""

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from compliance import vault
from compliance.vault import Unreadable

QUICK = effort(max_examples=30, deadline=None, derandomize=True, database=None)


@QUICK
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_was_sealed_can_be_read(text: str) -> None:
    assert vault.unseal(vault.seal(text)) == text


def test_what_is_sealed_does_not_show_the_text_and_never_looks_the_same() -> None:
    assert "secret" not in vault.seal("secret")
    assert vault.seal("secret") != vault.seal("secret")


def test_what_was_sealed_three_keys_ago_can_be_read(settings: Settings) -> None:
    sealed = vault.seal("secret")
    for version in (2, 3, 4):
        settings.HANDOFF_KEYS = {**settings.HANDOFF_KEYS, version: bytes([version]) * 32}
    assert vault.unseal(sealed) == "secret"


def test_new_things_are_sealed_under_the_newest_key(settings: Settings) -> None:
    settings.HANDOFF_KEYS = {1: bytes(32), 2: b"\2" * 32}
    sealed = vault.seal("secret")
    settings.HANDOFF_KEYS = {2: b"\2" * 32}
    assert vault.unseal(sealed) == "secret"


def test_another_installation_cannot_read_it(settings: Settings) -> None:
    sealed = vault.seal("secret")
    settings.HANDOFF_KEYS = {1: b"\7" * 32}
    with pytest.raises(Unreadable):
        vault.unseal(sealed)


@pytest.mark.parametrize("text", ["", "secret", "gAAAAA", "ä", "\0"])
def test_what_was_never_sealed_is_not_handed_back_as_it_is(text: str) -> None:
    with pytest.raises(Unreadable):
        vault.unseal(text)


def test_an_altered_text_cannot_be_read_and_is_not_quoted() -> None:
    sealed = vault.seal("secret")
    with pytest.raises(Unreadable) as refused:
        vault.unseal(sealed[:-6] + "AAAA==")
    assert sealed[:20] not in str(refused.value)
