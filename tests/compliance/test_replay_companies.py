"""Companies that are one stay one for every stop and halt, whatever the database has forgotten (LAW SUP-07, PIP-14)."""

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from compliance import companies, halts, journal, replay, stopped, suppression
from compliance.models import AuditEntry, Halt, IdentityChange, Suppression, SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from tests.cast import TUESDAY
from tests.compliance.asking import RULES
from tests.factories import armed, playbook_loaded
from tests.faults.backups import Backup
from tests.several_hosts import arm, on, restored, take_part

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.everywhere]
ONE, OTHER, THIRD = "account:1", "account:2", "account:3"
DOMAINS = ("pumps.example", "valves.example")


@pytest.fixture(autouse=True)
def _armed(settings: Settings) -> None:
    settings.CLEARANCE_RULES = RULES
    playbook_loaded()
    with on("a"):
        armed()


@pytest.fixture
def backup(tmp_path: Path) -> Backup:
    return Backup(tmp_path)


def merge(kept: str = ONE, absorbed: str = OTHER) -> None:
    with on("a"):
        companies.merge(kept, absorbed, DOMAINS, by=SYSTEM, at=TUESDAY, reason="One register.", called=["@a", "@b"])


def stop(account: str, domain: str = "pumps.example") -> None:
    with on("a"):
        suppression.stop_company(account, [domain], Stop(SuppressionReason.LEGAL_DEMAND), by=SYSTEM, at=TUESDAY)


@pytest.mark.parametrize("account", [ONE, OTHER])
def test_a_stop_from_before_the_backup_holds_for_both(account: str, tmp_path: Path) -> None:
    stop(account)
    backup = Backup(tmp_path)
    merge()
    restored(backup)
    assert set(stopped.stopped_accounts([ONE, OTHER])) == {ONE, OTHER}


def test_a_stop_from_after_the_merge_holds_for_both(backup: Backup) -> None:
    merge()
    stop(ONE)
    restored(backup)
    assert set(stopped.stopped_accounts([ONE, OTHER])) == {ONE, OTHER}


def test_over_several_merges_it_holds_for_all(backup: Backup) -> None:
    merge(OTHER, THIRD)
    merge(ONE, OTHER)
    stop(ONE)
    restored(backup)
    assert set(stopped.stopped_accounts([ONE, OTHER, THIRD])) == {ONE, OTHER, THIRD}


def test_so_does_what_stands_still(backup: Backup) -> None:
    merge()
    with on("a"):
        halts.place(ONE, Halt.Kind.KILL_SWITCH, "Odd replies.", by=SYSTEM, at=TUESDAY)
    restored(backup)
    assert set(halts.standing()) == {ONE, OTHER}


def test_it_waits_for_the_floor_above_and_comes_back_once(backup: Backup) -> None:
    merge()
    restored(backup)
    (change,) = companies.to_follow(9)
    assert (change.told["kept"], change.told["absorbed"]) == (ONE, OTHER)
    assert AuditEntry.objects.get(verb="compliance.company.replayed").data["into"] == ONE
    arm("b")
    take_part("a", "b")
    assert IdentityChange.objects.count() == 1
    with on("a"):
        assert not replay.missing()


def test_restored_again_it_comes_back_again(backup: Backup) -> None:
    merge()
    for _again in range(2):
        backup.restore()
        assert take_part("a") != [""]
        arm("a")
        assert len(companies.to_follow(9)) == 1
    backup.remove()


def test_without_any_stop_none_is_made(backup: Backup) -> None:
    merge()
    restored(backup)
    assert not Suppression.objects.exists()


def test_what_both_are_called_is_in_no_journal() -> None:
    merge()
    with on("a"):
        kept = "".join(path.read_text() for path in journal.folder().iterdir())
    assert not [word for word in ("pumps", "valves", "register", "@") if word in kept]
