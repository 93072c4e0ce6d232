"""Time is not played while a mailbox speaks to another machine (spec X4)."""

from datetime import timedelta

import pytest

from sequences import outside
from tests.cast import TUESDAY
from tests.factories import MailboxFactory

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_a_mailbox_of_this_machine_leaves_nothing_out(host: str) -> None:
    MailboxFactory(host=host)
    outside.assert_time_may_be_played(TUESDAY + HOUR, now=TUESDAY)


def test_one_that_leaves_the_machine_keeps_the_real_time() -> None:
    MailboxFactory()
    MailboxFactory(host="smtp.provider.example")
    with pytest.raises(outside.LiveMailbox, match=r"smtp\.provider\.example"):
        outside.assert_time_may_be_played(TUESDAY + HOUR, now=TUESDAY)


@pytest.mark.parametrize("ahead", [-HOUR, timedelta(0), timedelta(seconds=60)])
def test_now_and_earlier_may_always_be_acted_at(ahead: timedelta) -> None:
    MailboxFactory(host="smtp.provider.example")
    outside.assert_time_may_be_played(TUESDAY + ahead, now=TUESDAY)


def test_each_is_named() -> None:
    far = MailboxFactory(host="smtp.provider.example")
    MailboxFactory()
    assert outside.leaving() == [far]
