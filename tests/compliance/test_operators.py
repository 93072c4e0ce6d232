"""Whom a command acts for is somebody: named, or the only one there can be."""

import pytest

from compliance.operators import NobodyNamed, named
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_who_is_named_acts() -> None:
    UserFactory(is_superuser=True)
    somebody = UserFactory(username="grace")
    assert named("grace", does="erases") == somebody


def test_without_a_name_the_only_superuser_acts() -> None:
    root = UserFactory(is_superuser=True)
    UserFactory()
    assert named("", does="erases") == root


@pytest.mark.parametrize("superusers", [0, 2])
def test_it_must_be_said_when_it_could_be_nobody_or_several(superusers: int) -> None:
    UserFactory.create_batch(superusers, is_superuser=True)
    with pytest.raises(NobodyNamed, match="say who erases: --by USERNAME"):
        named("", does="erases")


def test_who_has_left_is_nobody() -> None:
    UserFactory(username="grace", is_superuser=True, is_active=False)
    with pytest.raises(NobodyNamed, match="--by grace: there is no active user of that name"):
        named("grace", does="erases")
