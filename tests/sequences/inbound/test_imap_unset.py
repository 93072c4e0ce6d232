"""Mailboxes whose answers are read elsewhere, or nowhere."""

import pytest

from sequences.inbound.imap import fetch_round
from tests.cast import TUESDAY
from tests.factories import MailboxFactory


@pytest.mark.django_db
def test_mailboxes_without_a_server_for_reading_cost_one_question(django_assert_num_queries: object) -> None:
    MailboxFactory()
    with django_assert_num_queries(1):  # type: ignore[operator]
        fetch_round(TUESDAY)
