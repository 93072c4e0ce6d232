"""The locks: held to the end of a transaction or refused, on fresh reads only, and in nobody else's way."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.db.transaction import TransactionManagementError

from compliance import cards, locks
from compliance.addresses import parse
from compliance.locks import NotReadCommitted
from compliance.models import AddressCard, AddressDigest, Budget
from tests.cast import LONG_AGO

everywhere = pytest.mark.everywhere
committed = pytest.mark.django_db(transaction=True)
pytestmark = pytest.mark.django_db


def card(text: str = "ada@pumps.example.com") -> AddressCard:
    return cards.find_or_make([parse(text)], at=LONG_AGO)[parse(text).canonical]


@contextmanager
def held_by_another(take: Callable[[], Any]) -> Iterator[None]:
    """Another connection has taken something and has not committed yet."""
    taken, release = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            take()
            taken.set()
            release.wait(5)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    taken.wait(5)
    try:
        yield
    finally:
        release.set()
        thread.join()


def is_free(take: Callable[[], Any]) -> bool:
    """Whether it can be had at once."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '100ms'")
            take()
    except OperationalError:
        return False
    return True


@everywhere
@committed
@pytest.mark.parametrize(
    "take",
    [
        locks.assert_fresh_reads,
        lambda: locks.share_scopes(["mailbox:1"]),
        lambda: locks.own_scopes(["mailbox:1"]),
        lambda: locks.draw_order(1),
        lambda: locks.lock_owner("0" * 32),
    ],
)
def test_a_lock_outside_a_transaction_would_be_none(take: Callable[[], Any]) -> None:
    with pytest.raises(TransactionManagementError):
        take()


@pytest.mark.postgres
@committed
@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_an_old_snapshot_is_refused(level: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
        with pytest.raises(NotReadCommitted):
            locks.assert_fresh_reads()


@everywhere
def test_reads_are_fresh_by_default() -> None:
    locks.assert_fresh_reads()


@everywhere
def test_numbers_rise_and_never_come_twice() -> None:
    numbers = [*locks.draw_order(3), *locks.draw_order(1), *locks.draw_order(2)]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 6


@everywhere
def test_no_numbers_can_be_drawn_too() -> None:
    assert list(locks.draw_order(0)) == []


@everywhere
def test_all_cards_of_a_person_are_locked_in_order() -> None:
    one, other = card(), card("ada@private.example.org")
    AddressCard.objects.filter(pk=other.pk).update(person=one.person)
    held = locks.lock_cards([one.person_id])
    assert {row.pk for row in held} == {one.pk, other.pk}
    assert [row.digest for row in held] == sorted(row.digest for row in held)


@everywhere
def test_whoever_has_a_card_is_locked_with_all_their_cards() -> None:
    one, other, third = card(), card("ada@private.example.org"), card("bob@pumps.example.com")
    AddressCard.objects.filter(pk=other.pk).update(person=one.person)
    held = locks.lock_owner(other.digest)
    assert held
    assert (held.person, held.cards) == (one.person_id, {one.digest: one.pk, other.digest: other.pk})
    assert third.digest not in held.cards


@everywhere
def test_nobody_has_a_card_that_does_not_exist() -> None:
    assert locks.lock_owner("0" * 32) is None


@pytest.mark.postgres
def test_budgets_are_made_once() -> None:
    locks.lock_budgets(["mailbox:1", "account:1"])
    locks.lock_budgets(["mailbox:1", "mailbox:2"])
    assert sorted(Budget.objects.values_list("key", flat=True)) == ["account:1", "mailbox:1", "mailbox:2"]


@pytest.mark.postgres
@committed
def test_clearances_share_a_scope() -> None:
    with held_by_another(lambda: locks.share_scopes(["mailbox:1"])):
        assert is_free(lambda: locks.share_scopes(["mailbox:1"]))


@pytest.mark.postgres
@committed
@pytest.mark.parametrize("scope", ["mailbox:1", locks.EVERYTHING])
def test_a_stop_of_a_scope_waits_for_clearances_and_they_for_it(scope: str) -> None:
    with held_by_another(lambda: locks.share_scopes(["mailbox:1"])):
        assert not is_free(lambda: locks.own_scopes([scope]))
    with held_by_another(lambda: locks.own_scopes([scope])):
        assert not is_free(lambda: locks.share_scopes(["mailbox:1"]))


@pytest.mark.postgres
@committed
def test_another_scope_is_free() -> None:
    with held_by_another(lambda: locks.own_scopes(["mailbox:1"])):
        assert is_free(lambda: locks.share_scopes(["mailbox:2"]))


@pytest.mark.postgres
@committed
def test_a_card_has_one_holder() -> None:
    person = card().person_id
    digest = card().digest
    ways: list[Callable[[], Any]] = [lambda: locks.lock_cards([person]), lambda: locks.lock_owner(digest)]
    for first, second in product(ways, ways):
        with held_by_another(first):
            assert not is_free(second)


@pytest.mark.postgres
@committed
def test_an_import_under_way_keeps_nobody_from_opting_out() -> None:
    row = card()

    def refer_to_it() -> None:
        AddressDigest.objects.create(card=row, key_version=1, digest="f" * 32)

    with held_by_another(refer_to_it):
        assert is_free(lambda: locks.lock_cards([row.person_id]))
        assert is_free(lambda: locks.lock_owner(row.digest))
    with held_by_another(lambda: locks.lock_owner(row.digest)):
        assert is_free(lambda: AddressDigest.objects.create(card=row, key_version=1, digest="e" * 32))


@pytest.mark.postgres
@committed
def test_a_budget_has_one_holder() -> None:
    with transaction.atomic():
        locks.lock_budgets(["mailbox:1"])
    with held_by_another(lambda: locks.lock_budgets(["mailbox:1"])):
        assert not is_free(lambda: locks.lock_budgets(["mailbox:1", "account:1"]))
        assert is_free(lambda: locks.lock_budgets(["account:1"]))
