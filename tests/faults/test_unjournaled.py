"""What was committed and is not in the journal gets there, whatever kept its writer from it (LAW PIP-14)."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from compliance import companies, halts, journal, journaling, persons
from compliance.models import AuditEntry, Halt, IdentityChange
from compliance.principals import SYSTEM
from tests.cast import TUESDAY
from tests.compliance.asking import ADA, stop, stopped
from tests.compliance.forgetting import set_counter
from tests.factories import armed, card_of, playbook_loaded
from tests.faults.backups import Backup
from tests.processes import eventually, started
from tests.several_hosts import on, restored, take_part

pytestmark = [pytest.mark.django_db(transaction=True)]
BYRON = "byron@mills.example.com"
# The file of another month: that of this one says whose the journal is.
LATER = TUESDAY + timedelta(days=30)
_MERGE = """
import django
django.setup()
from datetime import datetime
from uuid import UUID
from compliance import persons
from compliance.principals import SYSTEM
at = datetime.fromisoformat("{at}")
persons.merge(UUID("{kept}"), UUID("{absorbed}"), by=SYSTEM, at=at, reason="They share a telephone.")
"""


@pytest.fixture(autouse=True)
def _armed() -> None:
    playbook_loaded()
    with on("a"):
        armed()
        card_of(ADA)
        card_of(BYRON)


def month() -> Path:
    return journal.folder() / f"{LATER:%Y-%m}.jsonl"


@contextmanager
def full() -> Iterator[None]:
    """The file of the month lies on a disk that takes nothing more."""
    month().symlink_to("/dev/full")
    yield
    month().unlink()


def person(address: str) -> UUID:
    return card_of(address).person_id


def merge() -> None:
    persons.merge(person(ADA), person(BYRON), by=SYSTEM, at=LATER, reason="They share a telephone.")


def split() -> None:
    persons.split(card_of(BYRON), by=SYSTEM, at=LATER, reason="Two, after all.")


def halt() -> None:
    halts.place("list:3", Halt.Kind.KILL_SWITCH, "Odd replies.", by=SYSTEM, at=LATER)


def merge_companies() -> None:
    companies.merge("account:1", "account:2", [], by=SYSTEM, at=LATER, reason="One trade register entry.")


def are_one() -> bool:
    return person(ADA) == person(BYRON)


def caught_up() -> None:
    journaling.journal_round(LATER)


@pytest.mark.everywhere
@pytest.mark.parametrize(
    ("act", "done"),
    [
        (merge, are_one),
        (merge_companies, lambda: IdentityChange.objects.filter(kind="company").exists()),
        (halt, lambda: "list:3" in halts.standing()),
        (stop, lambda: stopped(ADA)),
    ],
)
def test_what_a_full_disk_kept_out_is_caught_up_and_outlives_a_restore(
    act: Callable[[], object], done: Callable[[], bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = Backup(tmp_path)
    monkeypatch.setattr("tests.compliance.asking.TUESDAY", LATER)
    with on("a"):
        with full():
            act()
            assert done()
        assert not list(journal.records("change", "halt", "stop"))
        caught_up()
    restored(backup)
    assert done()


@pytest.mark.everywhere
def test_a_split_that_is_there_before_its_merge_is_still_the_later_one(tmp_path: Path) -> None:
    backup = Backup(tmp_path)
    with on("a"):
        with full():
            merge()
        split()
        caught_up()
        assert [record["sort"] for record in journal.records("change")] == ["split", "merge"]
    restored(backup)
    assert not are_one()
    told = AuditEntry.objects.filter(verb__in=[persons.MERGED, persons.SPLIT]).order_by("pk")
    assert list(told.values_list("verb", flat=True)) == [persons.MERGED, persons.SPLIT]


@pytest.mark.postgres
def test_a_process_killed_between_commit_and_journal_loses_no_merge(tmp_path: Path) -> None:
    backup = Backup(tmp_path)
    kept, absorbed = person(ADA), person(BYRON)
    with on("a"):
        month().touch()
        with month().open("rb") as file:
            # Whoever comes to write waits here, its transaction behind it.
            fcntl.flock(file, fcntl.LOCK_EX)
            with started("-c", _MERGE.format(at=LATER, kept=kept, absorbed=absorbed)) as process:
                eventually(are_one)
                process.kill()
                process.wait()
        assert not list(journal.records("change"))
        caught_up()
        caught_up()
        assert len(list(journal.records("change"))) == 1
    restored(backup)
    assert are_one()


@pytest.mark.everywhere
def test_a_database_that_lacks_a_merge_is_an_older_copy_also_when_its_counter_ran_ahead(tmp_path: Path) -> None:
    backup = Backup(tmp_path)
    with on("a"):
        merge()
    backup.restore()
    backup.remove()
    set_counter(33)
    assert take_part("a") == ["behind_journal"]
