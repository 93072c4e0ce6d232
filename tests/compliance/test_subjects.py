"""Words about a person: readable under the person's own key, and noise once it is destroyed (LAW AUD-04)."""

from uuid import UUID, uuid4

import pytest
from pytest_django.fixtures import Settings

from compliance import audit, sealer, subjects
from compliance.models import AuditEntry, PersonKey, SubjectKey
from compliance.principals import SYSTEM
from compliance.subjects import Unwrappable
from tests.cast import TUESDAY
from tests.factories import card_of

pytestmark = pytest.mark.django_db


def somebody(address: str = "ada@example.com") -> UUID:
    return card_of(address).person_id


@pytest.mark.everywhere
def test_what_was_sealed_for_a_person_can_be_read() -> None:
    ada = somebody()
    assert subjects.unseal(ada, subjects.seal(ada, "Ada, who rang us – “Ä”")) == "Ada, who rang us – “Ä”"


def test_what_is_sealed_does_not_show_the_words() -> None:
    assert "Ada" not in subjects.seal(somebody(), "Ada")


def test_a_person_has_one_key_however_often_words_are_sealed() -> None:
    ada = somebody()
    first, second = subjects.seal(ada, "one"), subjects.seal(ada, "two")
    assert SubjectKey.objects.count() == 1
    assert (subjects.unseal(ada, first), subjects.unseal(ada, second)) == ("one", "two")


def test_the_key_itself_is_not_stored_readable(settings: Settings) -> None:
    ada = somebody()
    sealed = subjects.seal(ada, "Ada")
    settings.HANDOFF_KEYS = {1: b"\7" * 32}
    with pytest.raises(Unwrappable):
        subjects.unseal(ada, sealed)


def test_one_persons_key_does_not_read_anothers_words() -> None:
    ada, bob = somebody(), somebody("bob@example.com")
    subjects.seal(bob, "Bob")
    assert subjects.unseal(bob, subjects.seal(ada, "Ada")) is None


@pytest.mark.everywhere
def test_words_are_noise_once_the_key_is_destroyed() -> None:
    ada = somebody()
    sealed = subjects.seal(ada, "Ada")
    assert subjects.destroy(ada)
    assert subjects.unseal(ada, sealed) is None


def test_a_key_made_later_does_not_bring_old_words_back() -> None:
    ada = somebody()
    sealed = subjects.seal(ada, "Ada")
    subjects.destroy(ada)
    subjects.seal(ada, "something new")
    assert subjects.unseal(ada, sealed) is None


def test_destroying_twice_destroys_once() -> None:
    ada = somebody()
    subjects.seal(ada, "Ada")
    assert [subjects.destroy(ada), subjects.destroy(ada)] == [True, False]


@pytest.mark.parametrize("token", ["", "Ada", "gAAAAA", "ä", "\0"])
def test_what_was_never_sealed_is_not_handed_back(token: str) -> None:
    ada = somebody()
    subjects.seal(ada, "Ada")
    assert subjects.unseal(ada, token) is None


def test_nobody_has_no_key() -> None:
    with pytest.raises(PersonKey.DoesNotExist):
        subjects.seal(uuid4(), "nobody")


def test_what_was_sealed_three_keys_ago_can_be_read(settings: Settings) -> None:
    ada = somebody()
    sealed = subjects.seal(ada, "Ada")
    for version in (2, 3, 4):
        settings.HANDOFF_KEYS = {**settings.HANDOFF_KEYS, version: bytes([version]) * 32}
    assert subjects.unseal(ada, sealed) == "Ada"
    assert subjects.unseal(ada, subjects.seal(ada, "again")) == "again"


def test_new_keys_of_persons_are_wrapped_under_the_newest_key(settings: Settings) -> None:
    ada = somebody()
    settings.HANDOFF_KEYS = {1: bytes(32), 2: b"\2" * 32}
    sealed = subjects.seal(ada, "Ada")
    settings.HANDOFF_KEYS = {2: b"\2" * 32}
    assert subjects.unseal(ada, sealed) == "Ada"


@pytest.mark.everywhere
def test_the_chain_holds_after_the_key_is_gone() -> None:
    ada = somebody()
    audit.record("test.noted", "test:1", by=SYSTEM, at=TUESDAY, said=subjects.seal(ada, "Ada Byron"))
    sealer.seal_round(TUESDAY)
    subjects.destroy(ada)
    assert sealer.verify().holds
    assert "Byron" not in str(list(AuditEntry.objects.values()))
