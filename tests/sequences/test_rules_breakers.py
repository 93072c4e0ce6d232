"""The door's own count: it holds at a limit, asks for a new signature afterwards, and leaves previews alone."""

from datetime import timedelta

import pytest

from compliance import halts
from compliance.asking import Batch
from compliance.models import Halt, Outcome
from compliance.principals import SYSTEM
from sequences import asks, breakers, lists
from sequences.models import Enrollment, ListRow, MessageEvent, OutboundMessage, RecipientList
from sequences.rules_breakers import BreakersHold
from tests.cast import TUESDAY
from tests.factories import MailboxFactory, UserFactory, having_read
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


def stopped(scope: str = "list", code: str = "bounces", kind: Halt.Kind = Halt.Kind.BREAKER) -> None:
    """Something has stopped the list, or who writes to its people."""
    (named,) = [one for one in breakers.scopes_of(message()) if one.startswith(f"{scope}:")]
    halts.place(named, kind, "Stopped.", by=SYSTEM, at=TUESDAY, code=code)


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


@pytest.mark.parametrize("code", ["bounces", "complaints"])
@pytest.mark.parametrize("scope", ["list", "mailbox", "sending-domain"])
def test_who_was_signed_before_a_breaker_is_signed_again(scope: str, code: str) -> None:
    sent()
    ListRow.objects.update(signed_at=TUESDAY - HOUR)
    stopped(scope, code)
    assert said() == (Outcome.DEFER, "sign_again")
    row, cro = RecipientList.objects.get(), UserFactory(role="cro")
    assert len(lists.unsigned(row, TUESDAY)) == 1
    later = TUESDAY + HOUR
    lists.sign(row, by=cro, at=later, consent=having_read(row, cro, later))
    assert said() == (Outcome.PERMIT, "")
    assert lists.unsigned(row, later) == []


def test_who_was_signed_after_may_go() -> None:
    sent()
    stopped()
    ListRow.objects.update(signed_at=TUESDAY + HOUR)
    assert said() == (Outcome.PERMIT, "")


@pytest.mark.parametrize("kind", [Halt.Kind.KILL_SWITCH, Halt.Kind.INCIDENT])
def test_what_was_stopped_for_another_reason_needs_no_new_signature(kind: Halt.Kind) -> None:
    sent()
    ListRow.objects.update(signed_at=TUESDAY - HOUR)
    stopped(kind=kind)
    assert said() == (Outcome.PERMIT, "")


def test_nor_does_whom_another_sender_writes_to() -> None:
    sent()
    other, later = MailboxFactory(address="rick@elsewhere.example.com"), TUESDAY + HOUR
    for scope in breakers.scopes_of_sender(other):
        halts.place(scope, Halt.Kind.BREAKER, "Stopped.", by=SYSTEM, at=later, code="bounces")
    assert said() == (Outcome.PERMIT, "")
    assert lists.unsigned(RecipientList.objects.get(), later) == []
