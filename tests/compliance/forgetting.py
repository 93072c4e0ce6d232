"""Makes an older copy of the test's database: what was numbered after some moment is gone, and the counter is back."""

from django.db import connection

from compliance.append_only import lifted
from compliance.models import Decision, IdentityChange, Lift, LiftRequest, OptIn, Suppression, SuppressionDigest, Touch


def back_to(order: int) -> None:
    """The ledger as it was when `order` was the last number that had been drawn."""
    with lifted(connection):
        Lift.objects.filter(order_no__gt=order).delete()
        LiftRequest.objects.filter(stop__order_no__gt=order).delete()
        SuppressionDigest.objects.filter(suppression__order_no__gt=order).delete()
        for model in (Suppression, OptIn, Decision, Touch, IdentityChange):
            model.objects.filter(order_no__gt=order).delete()
    set_counter(order)


def set_counter(order: int) -> None:
    """Let the next number be `order` + 1."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT setval('compliance_order', %s)", [max(order, 1)])
        else:
            cursor.execute("UPDATE compliance_order SET value = %s", [order])
