"""Keys: one derived key for each purpose and version, and the newest one for new things."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django.fixtures import Settings

from compliance import keys
from handoff.config.environment import versioned_keys

OLD, NEW = bytes(32), b"\1" * 32


@pytest.fixture(autouse=True)
def _two_versions(settings: Settings) -> None:
    settings.HANDOFF_KEYS = {2: NEW, 1: OLD}


def test_new_things_are_made_with_the_highest_version() -> None:
    assert keys.current("address") == (2, keys.keys_for("address")[2])


def test_every_version_stays_at_hand() -> None:
    assert set(keys.keys_for("address")) == {1, 2}


def test_purposes_share_no_key() -> None:
    purposes = ["address", "mailbox", "token:unsubscribe", "token:reply", "token:bounce"]
    assert len({keys.current(purpose) for purpose in purposes}) == len(purposes)


def test_the_key_of_the_installation_is_never_used_itself() -> None:
    assert NEW not in {keys.current("address")[1], keys.current("mailbox")[1]}


def test_a_derived_key_has_256_bits() -> None:
    assert {len(key) for key in keys.keys_for("mailbox").values()} == {32}


def test_adding_a_key_changes_no_older_one(settings: Settings) -> None:
    before = keys.keys_for("address")[1]
    settings.HANDOFF_KEYS = {**settings.HANDOFF_KEYS, 3: b"\2" * 32}
    assert keys.keys_for("address")[1] == before


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        f"1:{'0' * 62}",
        f"1:{'x' * 64}",
        f"0:{'0' * 64}",
        f"256:{'0' * 64}",
        f"1:{'0' * 64},1:{'1' * 64}",
        f"1:{'0' * 64},",
    ],
)
def test_keys_that_would_lose_an_older_one_or_are_none_are_refused_at_the_start(text: str) -> None:
    with pytest.raises(ImproperlyConfigured):
        versioned_keys(text)


def test_keys_are_read_with_their_numbers() -> None:
    assert versioned_keys(f"2:{'01' * 32},1:{'00' * 32}") == {2: NEW, 1: OLD}
