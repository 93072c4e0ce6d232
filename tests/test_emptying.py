"""What a transactional test leaves behind: nothing, whatever it did."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
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


def test_what_migrations_made_stays() -> None:
    made = list(Permission.objects.values_list())
    UserFactory(role="cmo")
    emptied()
    assert made
    assert list(Permission.objects.values_list()) == made


@pytest.mark.parametrize("change", [Permission.objects.all().delete, ContentType.objects.all().delete])
def test_what_migrations_made_is_made_again_when_a_test_changed_it(change: Callable[[], object]) -> None:
    made = sorted(Permission.objects.values_list("codename", flat=True))
    change()
    emptied()
    assert sorted(Permission.objects.values_list("codename", flat=True)) == made
