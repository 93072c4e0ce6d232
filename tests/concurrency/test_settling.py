"""A refusal and an expiry meet a passage that ends at the same instant: one waits for the other, never in a circle."""

import threading
from collections.abc import Callable

import pytest
from django.db import transaction

from compliance import clearance
from compliance.principals import SYSTEM
from sequences import enrollment, planner, settling
from sequences.models import Enrollment, ExitReason, OutboundMessage
from tests.cast import TUESDAY
from tests.concurrency.together import together, waited_for
from tests.processes import eventually
from tests.sequences.campaign import State, message, under_way

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def refuse(row: OutboundMessage) -> str:
    return settling.refuse(row, clearance.refuse("suppressed"), TUESDAY)


def expire(row: OutboundMessage) -> str:
    return settling.expire(row, TUESDAY)


@pytest.mark.parametrize("end", [refuse, expire])
def test_whoever_leaves_does_not_meet_the_end_of_their_message_head_on(end: Callable[[OutboundMessage], str]) -> None:
    under_way()
    planner.plan_round(TUESDAY)
    held, came_to = threading.Event(), list[str]()

    def leave() -> None:
        with transaction.atomic():
            row = Enrollment.objects.select_for_update(no_key=True).get()
            held.set()
            eventually(waited_for)
            enrollment.leave([row], ExitReason.OPTED_OUT, by=SYSTEM, at=TUESDAY)

    def meet() -> None:
        row = message()
        held.wait(10)
        came_to.append(end(row))

    assert together([leave, meet]) == []
    assert (came_to, message().state) == (["lost"], State.CANCELLED)
