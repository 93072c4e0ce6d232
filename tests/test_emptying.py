"""What a transactional test leaves behind: nothing, whatever it did."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.test import TransactionTestCase

from compliance import audit
from compliance.models import AddressCard, AuditEntry
from compliance.principals import SYSTEM
from sequences.models import Account, Contact
from tests.cast import TUESDAY
from tests.factories import ContactFactory, UserFactory

pytestmark = [pytest.mark.everywhere, pytest.mark.django_db(transaction=True)]


def emptied() -> None:
    TransactionTestCase()._fixture_teardown()  # type: ignore[attr-defined]


def test_rows_go_also_those_that_others_refer_to_or_that_are_kept_for_good() -> None:
    ContactFactory()
    UserFactory(role="cmo")
    audit.record("thing.done", "app.thing:1", by=SYSTEM, at=TUESDAY)
    emptied()
    assert [model.objects.exists() for model in (AuditEntry, Contact, Account, AddressCard, User)] == [False] * 5


def test_what_is_kept_for_good_is_kept_again_afterwards() -> None:
    emptied()
    audit.record("thing.done", "app.thing:1", by=SYSTEM, at=TUESDAY)
    with pytest.raises(Exception, match="only grows"):
        AuditEntry.objects.all().delete()


def test_what_every_test_finds_stays() -> None:
    found = rights()
    UserFactory(role="cmo")
    emptied()
    assert found
    assert rights() == found


@pytest.mark.parametrize(
    "change", [Permission.objects.all().delete, ContentType.objects.all().delete, Group.objects.all().delete]
)
def test_what_every_test_finds_is_made_again_when_one_changed_it(change: Callable[[], object]) -> None:
    found = rights()
    change()
    emptied()
    assert rights() == found
    kept = list(Permission.objects.values_list())
    emptied()
    assert list(Permission.objects.values_list()) == kept


def rights() -> list[tuple[str, ...]]:
    """What each role may do."""
    return sorted(Permission.objects.values_list("codename", "group__name"), key=str)
