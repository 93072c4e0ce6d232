"""A worker that is told to end finishes the message on the wire and puts the rest of its batch back (LAW PIP-16)."""

from datetime import timedelta

import pytest

from compliance import stopping
from handoff.demo.catcher import Catcher
from sequences import planner, wording
from sequences.models import ListRow, OutboundMessage
from tests.cast import TUESDAY
from tests.factories import MailboxFactory
from tests.sequences.campaign import play, under_way

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

HOUR = timedelta(hours=1)


def test_whoever_is_told_to_end_finishes_the_message_on_the_wire_and_no_other() -> None:
    def told(_recipient: str) -> None:
        stopping.ask()

    with Catcher(refuse=told) as catcher:
        mailboxes = MailboxFactory.create_batch(2, port=catcher.port)
        under_way(people=4)
        planner.plan_round(TUESDAY)
        for number, row in enumerate(OutboundMessage.objects.order_by("pk")):
            mailbox = mailboxes[number % 2]
            OutboundMessage.objects.filter(pk=row.pk).update(mailbox=mailbox)
            ListRow.objects.filter(enrollments=row.enrollment_id).update(signed_sender=wording.sender_digest(mailbox))
        with stopping.heeding_signals():
            assert play() == {"accepted": 1, "left": 3}
            assert play(TUESDAY + HOUR) == {}
