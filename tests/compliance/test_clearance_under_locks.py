"""On what the final clearance stands: a transaction of its own, fresh reads, and the very card of that address."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction

from compliance.clearance import StrangerError
from compliance.locks import NotReadCommitted
from compliance.models import AddressCard, AddressDigest, Decision, Touch
from tests.compliance.asking import ask, clear
from tests.factories import playbook_loaded

everywhere = pytest.mark.everywhere
committed = pytest.mark.django_db(transaction=True)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ledger_rules", "_a_playbook")]


@pytest.fixture
def _a_playbook(ledger_rules: None) -> None:
    playbook_loaded()


def nothing_written() -> bool:
    return not Decision.objects.exists() and not Touch.objects.exists()


@everywhere
@committed
def test_it_is_never_part_of_another_transaction() -> None:
    question = ask()
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        clear(question)
    assert nothing_written()


@pytest.mark.postgres
@committed
def test_it_does_not_decide_on_an_old_snapshot() -> None:
    question = ask()
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_isolation TO 'repeatable read'")
    try:
        with pytest.raises(NotReadCommitted):
            clear(question)
    finally:
        connection.close()
    assert nothing_written()


@everywhere
@pytest.mark.parametrize("columns", [{"card": None}, {"person": None}, {"person": uuid4()}, {"card": 4711}])
def test_somebody_who_cannot_be_locked_is_not_written_to(columns: dict[str, Any]) -> None:
    with pytest.raises(StrangerError):
        clear(ask(**columns))
    assert nothing_written()


@everywhere
def test_an_address_is_not_cleared_under_the_lock_of_another_one() -> None:
    other = ask("bob@pumps.example.com")
    with pytest.raises(StrangerError):
        clear(ask(card=other.card, person=other.person))


@everywhere
def test_somebody_who_was_erased_in_between_is_not_written_to() -> None:
    question = ask()
    AddressDigest.objects.all().delete()
    AddressCard.objects.all().delete()
    with pytest.raises(StrangerError):
        clear(question)
