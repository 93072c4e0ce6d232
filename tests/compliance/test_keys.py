"""Keys: one derived key for each purpose and version, and the newest one for new things."""

import pytest
from pytest_django.fixtures import Settings

from compliance import keys

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
