"""What the database refuses by itself: lifts that are not true, and any change of a lift or an opt-in (LAW SUP-05)."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from compliance.models import Lift, LiftRequest, OptIn, Strength, Suppression, SuppressionReason
from tests.cast import TUESDAY
from tests.compliance.asking import ADA, lifted, opted_in, stop

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]
TOM, MAREN = "a" * 32, "b" * 32


def insert(row: Suppression, opt_in: OptIn | None, **columns: Any) -> None:
    """What somebody could write who has the database and not the code."""
    told = {
        "order_no": 10**6,
        "at": TUESDAY,
        "stop_id": row.pk,
        "strength": row.strength,
        "opt_in_id": opt_in.pk if opt_in else None,
        "reason": "because",
        "entered_by": "user:1",
        "entered_person": TOM,
        "confirmed_by": "user:2",
        "confirmed_person": MAREN,
        **columns,
    }
    names = ", ".join(told)
    with transaction.atomic(), connection.cursor() as cursor:
        marks = ", ".join(["%s"] * len(told))
        cursor.execute(f"INSERT INTO compliance_lift ({names}) VALUES ({marks})", list(told.values()))  # noqa: S608


def test_a_true_lift_is_taken() -> None:
    row = stop()
    insert(row, opted_in())
    assert Lift.objects.get().stop == row


@pytest.mark.parametrize(
    "columns",
    [
        {"opt_in_id": None},
        {"confirmed_person": TOM},
        {"confirmed_person": ""},
        {"entered_person": ""},
        {"reason": ""},
        {"strength": Strength.MANUAL},
        {"strength": Strength.MANUAL, "opt_in_id": None, "confirmed_person": ""},
        {"strength": Strength.COMPLAINT},
    ],
)
def test_a_lift_that_lacks_something_is_refused(columns: dict[str, Any]) -> None:
    row = stop()
    opt_in = opted_in()
    with pytest.raises(DatabaseError):
        insert(row, opt_in, **columns)
    assert not Lift.objects.exists()


def test_an_opt_in_older_than_the_stop_lifts_nothing() -> None:
    old = opted_in()
    with pytest.raises(DatabaseError, match="younger opt-in of the same person"):
        insert(stop(), old)


def test_the_opt_in_of_somebody_else_lifts_nothing() -> None:
    row = stop()
    with pytest.raises(DatabaseError, match="younger opt-in of the same person"):
        insert(row, opted_in("bob@valves.example.com"))


def test_a_stop_is_lifted_once() -> None:
    row = stop()
    opt_in = opted_in()
    insert(row, opt_in)
    with pytest.raises(DatabaseError):
        insert(row, opt_in, order_no=10**6 + 1)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE compliance_lift SET reason = 'another'",
        "DELETE FROM compliance_lift",
        "UPDATE compliance_optin SET person = person",
        "UPDATE compliance_optin SET order_no = order_no + 1000",
        "DELETE FROM compliance_optin",
        "UPDATE compliance_liftrequest SET asked_person = ''",
        "UPDATE compliance_liftrequest SET stop_id = stop_id",
        "DELETE FROM compliance_liftrequest",
    ],
)
def test_nothing_is_rewritten(statement: str) -> None:
    row = stop()
    opt_in = opted_in()
    LiftRequest.objects.create(
        stop=row, opt_in=opt_in, reason="x", asked_by="user:1", asked_person=TOM, asked_at=TUESDAY
    )
    lifted(stop(ADA, SuppressionReason.BY_HAND))
    with pytest.raises(DatabaseError, match="only grows"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
