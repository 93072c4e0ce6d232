"""One of many values, as one parameter: the same rows as `in` finds, whatever the values look like."""

from collections.abc import Iterable
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compliance.models import AddressCard, Budget, Touch
from tests.cast import TUESDAY
from tests.factories import card_of

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]
ODD = ["plain", "it's", 'say "x"', "back\\slash", "a,b", "{a}", "NULL", "", "ümlaut", "two words", "%s", "line\nfeed"]


def budgets(keys: Iterable[str]) -> set[str]:
    return set(Budget.objects.filter(key__among=keys).values_list("key", flat=True))


@pytest.mark.parametrize("text", ODD)
def test_a_text_is_found_as_it_is_written(text: str) -> None:
    Budget.objects.bulk_create([Budget(key=key) for key in ODD])
    assert budgets([text, "another"]) == {text}


def test_all_of_many_are_found_by_one_parameter() -> None:
    Budget.objects.bulk_create([Budget(key=str(number)) for number in range(3000)])
    assert len(budgets(str(number) for number in range(2500))) == 2500


def test_none_of_nothing_is_found() -> None:
    Budget.objects.create(key="plain")
    assert budgets([]) == set()


def test_people_are_found_by_their_keys_and_across_a_relation() -> None:
    ada = card_of("ada@pumps.example.com")
    card_of("bob@pumps.example.com")
    assert list(AddressCard.objects.filter(person__among=[ada.person_id, uuid4()])) == [ada]
    assert list(AddressCard.objects.filter(pk__among=[ada.pk])) == [ada]


def test_it_can_be_joined_with_other_conditions() -> None:
    with CaptureQueriesContext(connection) as asked:
        found = Touch.objects.filter(account__among=["a", "b"], at__gt=TUESDAY).exclude(person__among=[uuid4()])
        assert not found.exists()
    assert asked[0]["sql"].count("account") == 1
