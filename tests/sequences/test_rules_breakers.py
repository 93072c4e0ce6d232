"""The door's own count: it holds at a limit, asks for a new signature afterwards, and leaves previews alone."""

from datetime import timedelta

import pytest

from compliance import halts
from compliance.asking import Batch
from compliance.models import Halt, Outcome
from compliance.principals import SYSTEM
from sequences import asks
from sequences.models import Enrollment, ListRow, MessageEvent, OutboundMessage
from sequences.rules_breakers import BreakersHold
from tests.cast import TUESDAY
from tests.promises import sent
from tests.sequences.campaign import message

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

HOUR = timedelta(hours=1)


def said(*, planned: bool = True) -> tuple[str, str]:
    """Outcome and code for the next step of the first passage, or for its row alone."""
    passage = Enrollment.objects.order_by("pk")[0]
    ask = asks.for_step(passage) if planned else asks.for_row(passage.row, passage.version)
    rule = BreakersHold()
    verdict = rule.judge(ask, rule.load(Batch([ask]), TUESDAY), TUESDAY)
    return verdict.outcome, verdict.code


def complained(count: int) -> None:
    for row in OutboundMessage.objects.order_by("pk")[:count]:
        MessageEvent.objects.create(message=row, kind="complaint", at=TUESDAY, source="test", digest=row.ref)


def stopped(code: str = "bounces") -> None:
    """A breaker has stopped the list."""
    halts.place(f"list:{message().recipient_list_id}", Halt.Kind.BREAKER, "dead", by=SYSTEM, at=TUESDAY, code=code)


def test_below_the_limits_it_may_go() -> None:
    sent(people=2)
    complained(1)
    assert said() == (Outcome.PERMIT, "")


def test_at_a_limit_it_waits() -> None:
    sent(people=2)
    complained(2)
    assert said() == (Outcome.DEFER, "breaker")


def test_a_list_that_is_only_looked_at_does_not() -> None:
    sent(people=2)
    complained(2)
    assert said(planned=False) == (Outcome.PERMIT, "")


def test_who_was_signed_before_the_list_stopped_for_dead_addresses_is_signed_again() -> None:
    sent()
    ListRow.objects.update(signed_at=TUESDAY - HOUR)
    stopped()
    assert said() == (Outcome.DEFER, "sign_again")


def test_who_was_signed_after_may_go() -> None:
    sent()
    stopped()
    ListRow.objects.update(signed_at=TUESDAY + HOUR)
    assert said() == (Outcome.PERMIT, "")


def test_complaints_ask_for_no_new_signature() -> None:
    sent()
    ListRow.objects.update(signed_at=TUESDAY - HOUR)
    stopped("complaints")
    assert said() == (Outcome.PERMIT, "")
