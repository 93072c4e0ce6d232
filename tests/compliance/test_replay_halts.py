"""Halts outlive a restore: what was stopped stays stopped, and what was started is started by two again (PIP-13)."""

from pathlib import Path

import pytest

from compliance import halts, invariants, journal, journaling, replay, replay_halts, vault
from compliance.acts import Consent
from compliance.models import AuditEntry, Halt
from compliance.principals import SYSTEM
from compliance.vault import Unreadable
from tests.cast import TUESDAY
from tests.factories import UserFactory, armed, playbook_loaded
from tests.faults.backups import Backup
from tests.several_hosts import arm, on, restored, take_part

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.everywhere]
KIND = Halt.Kind.KILL_SWITCH
SEEN = Consent("It was looked into.")


@pytest.fixture(autouse=True)
def _armed() -> None:
    playbook_loaded()
    with on("a"):
        armed()


@pytest.fixture
def backup(tmp_path: Path) -> Backup:
    return Backup(tmp_path)


def place(scope: str = "mailbox:7") -> Halt:
    with on("a"):
        return halts.place(scope, KIND, "Ada Byron said so", by=UserFactory(role="cmo"), at=TUESDAY)


def start(row: Halt) -> None:
    with on("a"):
        asked = halts.ask_start(row, by=UserFactory(role="cmo"), at=TUESDAY, consent=SEEN)
        halts.confirm_start(asked, by=UserFactory(role="cro"), at=TUESDAY, consent=SEEN)


def standing() -> list[str]:
    return sorted(halts.standing())


@pytest.mark.parametrize("scope", ["mailbox:7", "template:7"])
def test_one_that_was_placed_since_the_backup_stands_again(backup: Backup, scope: str) -> None:
    first = place(scope)
    restored(backup)
    again = Halt.objects.get()
    assert (again.scope, again.kind, again.origin) == (scope, KIND, [first.order_no, first.at.isoformat()])
    assert again.order_no > first.order_no
    assert AuditEntry.objects.filter(verb="halt.placed").exists()
    assert [one.name for one in invariants.declared() if one.count()] == []


def test_the_domain_of_a_recipient_and_what_staff_wrote_are_in_no_journal(backup: Backup) -> None:
    place("recipient-domain:ada-byron.example")
    with on("a"):
        kept = "".join(path.read_text() for path in journal.folder().iterdir())
    assert "byron" not in kept.lower()
    restored(backup)
    assert standing() == ["recipient-domain:ada-byron.example"]


def test_what_nobody_can_read_any_more_stops_everything(backup: Backup, monkeypatch: pytest.MonkeyPatch) -> None:
    place("recipient-domain:ada-byron.example")

    def unreadable(text: str) -> str:
        raise Unreadable(text)

    monkeypatch.setattr(vault, "unseal", unreadable)
    restored(backup)
    assert standing() == [halts.EVERYTHING]


def test_one_that_was_placed_and_started_since_is_forgotten(backup: Backup) -> None:
    start(place())
    restored(backup)
    assert not Halt.objects.exists()


def test_one_that_stood_at_the_backup_and_was_started_since_stands_and_is_told(tmp_path: Path) -> None:
    row = place()
    backup = Backup(tmp_path)
    start(row)
    place("list:3")
    restored(backup)
    assert standing() == ["list:3", "mailbox:7"]
    with on("a"):
        assert replay_halts.standing_again() == 1
    start(Halt.objects.get(scope="mailbox:7"))
    with on("a"):
        assert replay_halts.standing_again() == 0


def test_once_started_again_it_does_not_come_back_with_the_next_arming(backup: Backup) -> None:
    place()
    restored(backup)
    start(Halt.objects.get())
    arm("b")
    take_part("a", "b")
    assert standing() == []


def test_started_on_another_host_neither(backup: Backup) -> None:
    place()
    restored(backup)
    with on("b"):
        asked = halts.ask_start(Halt.objects.get(), by=UserFactory(role="cmo"), at=TUESDAY, consent=SEEN)
        halts.confirm_start(asked, by=UserFactory(role="cro"), at=TUESDAY, consent=SEEN)
    arm("b")
    take_part("a", "b")
    assert standing() == []


def test_where_the_same_stands_already_it_is_not_placed_twice(backup: Backup) -> None:
    place()
    backup.restore()
    backup.remove()
    take_part("a")
    halts.place("mailbox:7", KIND, "Again", by=SYSTEM, at=TUESDAY)
    arm("a")
    assert Halt.objects.count() == 1


def test_one_whose_writer_died_is_caught_up_by_every_host() -> None:
    halts.place("mailbox:7", KIND, "Placed where nobody keeps a journal", by=SYSTEM, at=TUESDAY)
    with on("a"):
        assert len(list(journal.records("halt"))) == 0
        for _again in range(2):
            journaling.journal_round(TUESDAY)
        assert len(list(journal.records("halt"))) == 1
        assert replay.missing().counts["halts"] == 0
