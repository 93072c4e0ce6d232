"""The playbook: versions that never change, the newest in force, and sections handed out as they are."""

import pytest
from django.db import DatabaseError, transaction

from compliance import audit, playbook
from compliance.models import AuditEntry, PlaybookVersion
from compliance.playbook import AnotherBegan, NoPlaybook
from compliance.principals import SYSTEM
from tests.cast import LONG_AGO, TUESDAY
from tests.compliance.agreed import agreed, proposed

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]


def load(**document: object) -> PlaybookVersion:
    return playbook.load("Ours", document, by=SYSTEM, at=TUESDAY)


def test_the_first_version_has_number_one() -> None:
    assert (load(a=1).number, playbook.active().number) == (1, 1)


def test_the_newest_version_is_in_force() -> None:
    load(caps={"person": 1})
    load(caps={"person": 2})
    assert playbook.section("caps") == {"person": 2}
    assert playbook.active().number == 2


def test_loading_the_same_again_makes_no_version() -> None:
    assert load(a=1, b={"c": [1, 2]}) == load(b={"c": [1, 2]}, a=1)
    assert PlaybookVersion.objects.count() == 1


def test_going_back_to_an_earlier_document_is_a_new_version() -> None:
    for document in ({"a": {"x": 1}}, {"a": {"x": 2}}, {"a": {"x": 1}}):
        load(**document)
    assert playbook.active().number == 3
    assert playbook.section("a") == {"x": 1}


@pytest.mark.parametrize("section", ["missing", "text", "row"])
def test_what_is_no_section_is_an_empty_one(section: str) -> None:
    load(text="hello", row=[1, 2])
    assert playbook.section(section) == {}


def test_what_one_begins_with_is_not_agreed() -> None:
    load(a=1)
    assert (playbook.active().state, playbook.is_example()) == (PlaybookVersion.State.IN_FORCE, True)


def test_a_version_that_waits_decides_nothing() -> None:
    agreed()
    row = load(caps={"person": 1})
    assert (row.state, playbook.active().number) == (PlaybookVersion.State.DRAFT, 1)


def test_a_version_that_waits_is_not_loaded_twice() -> None:
    agreed()
    assert load(caps={}) == load(caps={})


def test_every_version_that_was_in_force_is_handed_out_the_newest_first() -> None:
    load(a={"x": 1})
    load(a={"x": 2})
    proposed()
    assert playbook.every("a") == [({"x": 2},), ({"x": 1},)]


def test_a_version_whose_place_was_taken_does_not_begin() -> None:
    earlier = proposed()
    agreed(recipients={})
    with pytest.raises(AnotherBegan):
        playbook.began(earlier, by=SYSTEM, at=TUESDAY, agreed=True)


def test_without_a_playbook_nothing_is_made_up() -> None:
    with pytest.raises(NoPlaybook):
        playbook.section("caps")
    with pytest.raises(NoPlaybook):
        playbook.active()


def test_loading_is_recorded_with_number_and_digest() -> None:
    version = load(a=1)
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.at) == ("playbook.loaded", TUESDAY)
    assert entry.data == {"number": 1, "digest": version.digest}


@pytest.mark.django_db(transaction=True)
def test_a_version_that_cannot_be_recorded_is_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_ink(*_said: object, **_more: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(audit, "record", no_ink)
    with pytest.raises(DatabaseError):
        load(a=1)
    assert not PlaybookVersion.objects.exists()


def test_a_version_cannot_be_changed() -> None:
    load(a=1)
    with pytest.raises(DatabaseError), transaction.atomic():
        PlaybookVersion.objects.update(created_at=LONG_AGO)


def test_within_a_batch_the_version_stays_the_one_it_began_with() -> None:
    load(sender={"legal_name": "Old Ltd"})
    with playbook.pinned() as number:
        load(sender={"legal_name": "New Ltd"})
        assert (number, playbook.section("sender")["legal_name"]) == (1, "Old Ltd")
    assert playbook.section("sender")["legal_name"] == "New Ltd"
