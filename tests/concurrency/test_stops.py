"""A stop whose person changes while it waits for them: it is about whoever has the card in the end."""

import threading
from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection, transaction

from compliance import locks, suppression
from compliance.models import AddressCard, AddressDigest, Suppression, SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from tests.cast import TUESDAY
from tests.compliance.asking import ADA, stopped
from tests.concurrency.together import together
from tests.factories import card_of
from tests.processes import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
BOB, EVE = "bob@pumps.example.com", "eve@pumps.example.com"


def click(digest: str) -> None:
    suppression.stop_digest(digest, Stop(SuppressionReason.ONE_CLICK), by=SYSTEM, at=TUESDAY)


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        # A transaction sees the others as they were when it first looked.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def click_while(held: AddressCard, change: Callable[[], object]) -> None:
    """Somebody clicks while another transaction holds their card, changes it and commits."""
    holds = threading.Event()

    def hold() -> None:
        with transaction.atomic():
            locks.lock_cards([held.person_id])
            holds.set()
            eventually(somebody_waits)
            change()

    def wait() -> None:
        assert holds.wait(20)
        click(held.digest)

    assert together([hold, wait]) == []


def move(card: AddressCard, to: str) -> None:
    AddressCard.objects.filter(pk=card.pk).update(person=card_of(to).person_id)


def forget(card: AddressCard) -> None:
    AddressDigest.objects.filter(card=card).delete()
    AddressCard.objects.filter(pk=card.pk).delete()


@pytest.mark.parametrize("others", [[], [EVE]], ids=["alone", "with another address"])
def test_a_card_that_went_to_somebody_else_meanwhile(others: list[str]) -> None:
    ada = card_of(ADA)
    for other in others:
        AddressCard.objects.filter(pk=card_of(other).pk).update(person=ada.person_id)
    card_of(BOB)
    click_while(ada, partial(move, ada, BOB))
    assert Suppression.objects.get().person == card_of(BOB).person_id
    assert stopped(ADA)
    assert stopped(BOB)
    assert not any(stopped(other) for other in others)


@pytest.mark.parametrize("others", [[], [EVE]], ids=["alone", "with another address"])
def test_a_card_that_is_gone_meanwhile(others: list[str]) -> None:
    ada = card_of(ADA)
    for other in others:
        AddressCard.objects.filter(pk=card_of(other).pk).update(person=ada.person_id)
    click_while(ada, partial(forget, ada))
    assert Suppression.objects.get().person is None
    assert stopped(ADA)
    assert not any(stopped(other) for other in others)


def test_what_was_waited_for_in_vain_is_given_back_before_the_next_is_taken() -> None:
    ada, bob = card_of(ADA), card_of(BOB)
    AddressCard.objects.filter(pk=card_of(EVE).pk).update(person=ada.person_id)
    clicks = threading.Thread(target=click_while, args=[ada, partial(move, ada, BOB)], daemon=True)
    with transaction.atomic():
        locks.lock_cards([bob.person_id])
        clicks.start()
        eventually(lambda: AddressCard.objects.get(pk=ada.pk).person_id == bob.person_id and somebody_waits())
        # The click waits for Bob; if it still held Eve, who had been one person with Ada, this would be a circle.
        assert [card.digest for card in locks.lock_cards([ada.person_id])] == [card_of(EVE).digest]
    clicks.join(20)
    assert stopped(BOB)
