"""Which company an account is outlives a restore: its people go over, stops hold for them (LAW SUP-07, PIP-14)."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User

from compliance import halts, suppression
from compliance.acts import Consent
from compliance.models import AuditEntry, CompanyKey, Halt, IdentityChange, SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from sequences import company_merging, replaying
from sequences.models import Account, Contact
from tests.cast import TUESDAY
from tests.factories import AccountFactory, ContactFactory, UserFactory, armed, playbook_loaded
from tests.faults.backups import Backup
from tests.sequences.campaign import broken_promises
from tests.several_hosts import arm, on, take_part

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.everywhere]
SAID = Consent("They merged in spring.")


@pytest.fixture(autouse=True)
def _armed() -> None:
    with on("a"):
        armed()
        playbook_loaded()


@pytest.fixture
def two() -> tuple[Account, Account]:
    return AccountFactory(), AccountFactory()


def merge(kept: Account, other: Account) -> None:
    by: User = UserFactory(role="sales_ops")
    with on("a"):
        company_merging.merge_accounts(kept, other, by=by, at=TUESDAY, consent=SAID)


def stop(account: Account) -> None:
    with on("a"):
        said = Stop(SuppressionReason.LEGAL_DEMAND)
        suppression.stop_company(account.key, [account.domain], said, by=SYSTEM, at=TUESDAY)


def back(backup: Backup) -> None:
    backup.restore()
    backup.remove()
    assert take_part("a") == ["behind_journal"]


def armed_again() -> None:
    arm("a")
    follow()


def follow() -> None:
    with on("a"):
        replaying.replay_round(TUESDAY)


def stopped(contact: Contact) -> bool:
    """By the company alone: their address is elsewhere."""
    company = Contact.objects.get(pk=contact.pk).company
    return bool(suppression.stopped_accounts([company]))


def test_a_merge_comes_back_with_its_people(two: tuple[Account, Account], tmp_path: Path) -> None:
    kept, other = two
    contact = ContactFactory(account=other)
    backup = Backup(tmp_path)
    merge(kept, other)
    back(backup)
    armed_again()
    assert Account.objects.get(pk=other.pk).merged_into == kept
    assert Contact.objects.get(pk=contact.pk).account == kept
    assert CompanyKey.objects.get(key=other.key).merged_into == kept.key
    assert AuditEntry.objects.get(verb="sequences.account.merged").actor == "system"
    assert broken_promises() == {}


def test_a_stop_covers_the_people_of_the_merged_company_also_before_they_went_over(
    two: tuple[Account, Account], tmp_path: Path
) -> None:
    kept, other = two
    contact = ContactFactory(account=other, address="ada@elsewhere.example.com")
    backup = Backup(tmp_path)
    merge(kept, other)
    stop(kept)
    back(backup)
    arm("a")
    assert stopped(contact)
    follow()
    assert stopped(contact)


def test_companies_merged_one_after_the_other_are_one(two: tuple[Account, Account], tmp_path: Path) -> None:
    kept, other = two
    third = AccountFactory()
    backup = Backup(tmp_path)
    merge(other, third)
    merge(kept, Account.objects.get(pk=other.pk))
    back(backup)
    armed_again()
    assert set(Account.objects.exclude(pk=kept.pk).values_list("merged_into", flat=True)) == {kept.pk}
    assert set(CompanyKey.objects.values_list("merged_into", flat=True)) == {kept.key}


def test_it_follows_once_and_is_told_to_the_journal_once(two: tuple[Account, Account], tmp_path: Path) -> None:
    backup = Backup(tmp_path)
    merge(*two)
    back(backup)
    armed_again()
    follow()
    assert IdentityChange.objects.get().taken_at == TUESDAY
    assert AuditEntry.objects.filter(verb="sequences.account.merged").count() == 1


def test_whose_key_went_to_another_company_since_is_not_merged(two: tuple[Account, Account], tmp_path: Path) -> None:
    kept, other = two
    backup = Backup(tmp_path)
    merge(kept, other)
    back(backup)
    Account.objects.filter(pk=other.pk).update(name="Mills Ltd", domain="mills.example.com")
    armed_again()
    assert Account.objects.get(pk=other.pk).merged_into is None
    assert not CompanyKey.objects.exists()
    assert take_part("a") == [""]


def test_companies_whom_the_older_copy_never_knew_hold_nobody_up(tmp_path: Path) -> None:
    backup = Backup(tmp_path)
    merge(AccountFactory(), AccountFactory())
    back(backup)
    armed_again()
    assert not CompanyKey.objects.exists()
    assert not IdentityChange.objects.filter(taken_at=None).exists()


def test_what_was_merged_by_hand_before_the_arming_stays_merged(two: tuple[Account, Account], tmp_path: Path) -> None:
    backup = Backup(tmp_path)
    merge(*two)
    back(backup)
    merge(*two)
    armed_again()
    assert CompanyKey.objects.count() == 1
    assert not IdentityChange.objects.filter(taken_at=None).exists()


def test_while_a_start_of_one_is_asked_for_it_waits(two: tuple[Account, Account], tmp_path: Path) -> None:
    kept, other = two
    with on("a"):
        row = halts.place(kept.key, Halt.Kind.KILL_SWITCH, "Odd replies.", by=SYSTEM, at=TUESDAY)
    backup = Backup(tmp_path)
    merge(kept, other)
    back(backup)
    arm("a")
    asked = halts.ask_start(Halt.objects.get(pk=row.pk), by=UserFactory(role="cro"), at=TUESDAY, consent=SAID)
    follow()
    assert Account.objects.get(pk=other.pk).merged_into is None
    halts.decline_start(asked, by=UserFactory(role="cmo"), at=TUESDAY, consent=SAID)
    follow()
    assert Account.objects.get(pk=other.pk).merged_into == kept
