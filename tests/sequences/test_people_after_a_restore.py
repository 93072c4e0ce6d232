"""Who is who outlives a restore: merges and splits come back, and contacts and passages follow (LAW SUP-09, PIP-14)."""

from pathlib import Path

import pytest

from compliance import cards, journal, persons
from compliance.acts import Consent
from compliance.addresses import parse
from compliance.models import PersonKey
from sequences import merging, replaying
from sequences.models import Contact, Enrollment, ExitReason
from tests.cast import TUESDAY
from tests.compliance.asking import stop, stopped
from tests.factories import ContactFactory, UserFactory, armed, playbook_loaded
from tests.faults.backups import Backup
from tests.sequences.campaign import broken_promises, under_way
from tests.several_hosts import arm, on, take_part

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.everywhere]
ADA, BYRON = "ada@pumps.example.com", "byron@mills.example.com"
SAID = Consent("They share a telephone.")


@pytest.fixture(autouse=True)
def _two_contacts() -> None:
    with on("a"):
        armed()
        playbook_loaded()
        under_way(people=[ContactFactory(address=address) for address in (ADA, BYRON)])


def contact(address: str) -> Contact:
    return Contact.objects.select_related("card").get(address=address)


def person(address: str) -> object:
    return cards.find([parse(address)])[parse(address).canonical].person_id


def merge() -> None:
    with on("a"):
        merging.merge_contacts(contact(ADA), contact(BYRON), by=UserFactory(role="cro"), at=TUESDAY, consent=SAID)


def split() -> None:
    with on("a"):
        merging.split_contact(contact(BYRON), by=UserFactory(role="cro"), at=TUESDAY, consent=SAID)


def restored(backup: Backup) -> None:
    backup.restore()
    backup.remove()
    assert take_part("a") == ["behind_journal"]
    arm("a")
    replaying.replay_round(TUESDAY)


def test_a_merge_comes_back_with_contacts_and_passages(tmp_path: Path) -> None:
    backup = Backup(tmp_path)
    merge()
    restored(backup)
    assert person(ADA) == person(BYRON)
    assert contact(BYRON).merged_into == contact(ADA)
    left = Enrollment.objects.get(exit_reason=ExitReason.MERGED)
    assert left.contact == contact(BYRON)
    assert Enrollment.objects.filter(state=Enrollment.State.ACTIVE).get().person == person(ADA)
    assert not PersonKey.objects.filter(replayed_at__isnull=False).exists()
    assert broken_promises() == {}


def test_whoever_asks_under_one_address_is_left_in_peace_under_both(tmp_path: Path) -> None:
    backup = Backup(tmp_path)
    merge()
    with on("a"):
        stop(BYRON)
    restored(backup)
    assert stopped(ADA)


def test_a_split_comes_back_under_the_same_key(tmp_path: Path) -> None:
    merge()
    backup = Backup(tmp_path)
    split()
    new = person(BYRON)
    restored(backup)
    assert person(BYRON) == new != person(ADA)
    assert contact(BYRON).merged_into is None
    assert set(Enrollment.objects.filter(contact__address=BYRON).values_list("person", flat=True)) == {new}
    assert broken_promises() == {}


def test_merged_and_split_since_the_backup_they_are_two(tmp_path: Path) -> None:
    backup = Backup(tmp_path)
    merge()
    split()
    restored(backup)
    assert person(ADA) != person(BYRON)
    assert contact(BYRON).merged_into is None
    assert broken_promises() == {}


def test_what_was_split_on_another_host_is_not_merged_with_the_next_arming(tmp_path: Path) -> None:
    merge()
    arm("b")
    take_part("a")
    with on("b"):
        persons.split(contact(BYRON).card, by=UserFactory(role="cro"), at=TUESDAY, reason="two after all")
    arm("c")
    take_part("a", "b")
    assert person(ADA) != person(BYRON)


def test_people_whom_the_older_copy_never_knew_hold_nobody_up(tmp_path: Path) -> None:
    backup = Backup(tmp_path)
    with on("a"):
        one, other = ContactFactory(address="one@new.example.com"), ContactFactory(address="two@new.example.com")
        merging.merge_contacts(one, other, by=UserFactory(role="cro"), at=TUESDAY, consent=SAID)
    restored(backup)
    assert take_part("a") == [""]


def test_no_journal_names_anybody() -> None:
    merge()
    split()
    with on("a"):
        kept = "".join(path.read_text() for path in journal.folder().iterdir())
    assert not [word for word in ("byron", "pumps", "telephone") if word in kept]
