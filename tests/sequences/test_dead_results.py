"""Which results of a list or a mailbox are counted: the first fifty, the last two hundred, those since a start."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from sequences import dead_results
from sequences.models import Enrollment, Mailbox, MessageEvent, OutboundMessage, RecipientList
from tests.cast import TUESDAY
from tests.factories import (
    ContactFactory,
    MailboxFactory,
    approved_sequence,
    playbook_loaded,
    running_list,
)

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _a_playbook(db: None) -> None:
    playbook_loaded()


def settled(dead: Sequence[bool], mailbox: Mailbox, recipients: RecipientList | None = None) -> list[OutboundMessage]:
    """Results in this order, a minute apart; whose they are does not matter."""
    passage = Enrollment.objects.first() or _passage()
    return OutboundMessage.objects.bulk_create(
        OutboundMessage(
            ref=f"{mailbox.pk}-{number}/1",
            message_id=f"<{mailbox.pk}.{number}@ours.example>",
            enrollment=passage,
            template_version=passage.version.steps.get().template_version,
            planned_at=TUESDAY,
            not_before=TUESDAY,
            expires_at=TUESDAY,
            mailbox=mailbox,
            recipient_list=recipients,
            state="rejected" if is_dead else "accepted",
            reason="no_such_person" if is_dead else "",
            settled_at=TUESDAY + number * MINUTE,
            step=1,
        )
        for number, is_dead in enumerate(dead)
    )


def _passage() -> Enrollment:
    running_list(TUESDAY, [ContactFactory()], approved_sequence(TUESDAY, steps=1))
    return Enrollment.objects.get()


def of_list(row: RecipientList, minutes: int | None = None) -> list[tuple[int, int, int]]:
    since = None if minutes is None else TUESDAY + minutes * MINUTE
    return list(dead_results.count("list", [row.pk], since))


def test_of_a_list_the_first_fifty_count() -> None:
    row = _passage().row.recipient_list
    settled([False] * 46 + [True] * 20, MailboxFactory(), row)
    assert of_list(row) == [(row.pk, 4, 50)]


def test_of_a_mailbox_the_last_two_hundred_count() -> None:
    mailbox = MailboxFactory()
    settled([True] * 50 + [False] * 199 + [True], mailbox)
    assert list(dead_results.count("mailbox", [mailbox.pk], None)) == [(mailbox.pk, 1, 200)]


def test_what_came_before_the_start_is_left_out() -> None:
    row = _passage().row.recipient_list
    settled([True, True, True, False], MailboxFactory(), row)
    assert of_list(row, minutes=1) == [(row.pk, 1, 2)]


def test_a_bounce_told_later_makes_an_accepted_one_dead_and_a_rejected_one_not_twice() -> None:
    row = _passage().row.recipient_list
    for message in settled([True, False], MailboxFactory(), row):
        for digest in ("first", "second"):
            MessageEvent.objects.create(
                message=message, kind="hard_bounce", at=TUESDAY, source="test", digest=f"{digest}{message.pk}"
            )
    assert of_list(row) == [(row.pk, 2, 2)]


def test_each_of_many_is_counted_for_itself_and_one_without_results_as_none() -> None:
    first, second, silent = MailboxFactory.create_batch(3)
    settled([True, False], first)
    settled([False], second)
    keys = [first.pk, second.pk, silent.pk]
    assert sorted(dead_results.count("mailbox", keys, None)) == [(keys[0], 1, 2), (keys[1], 0, 1), (keys[2], 0, 0)]
