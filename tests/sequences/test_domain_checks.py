"""Domains are looked at that active mailboxes send from to the outside; the door asks only of those."""

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compliance import clock, heartbeats
from compliance.asking import Batch
from compliance.heartbeats import Kind
from compliance.models import DomainCheck, SendingDomain
from compliance.rules_standing import SendingDomainPasses
from sequences import asks, domain_checks
from sequences.models import Enrollment, Mailbox
from tests.cast import TUESDAY
from tests.domain_of_ours import OURS, sound, with_spf
from tests.factories import MailboxFactory
from tests.nameserver import Records
from tests.sequences.campaign import message, play, under_way

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

Start = Callable[[Records], None]
HOUR = timedelta(hours=1)
ELSEWHERE = "mail.example.com"


def said(*, planned: bool = True) -> str:
    """What the rule says of the first passage's next step, or of its row alone."""
    passage = Enrollment.objects.order_by("pk")[0]
    ask = asks.for_step(passage) if planned else asks.for_row(passage.row, passage.version)
    rule = SendingDomainPasses()
    return rule.judge(ask, rule.load(Batch([ask]), TUESDAY), TUESDAY).code


def test_what_stays_on_this_machine_is_not_looked_at() -> None:
    MailboxFactory()
    assert domain_checks.check_round(TUESDAY) == {}
    assert not SendingDomain.objects.exists()


def test_nor_is_what_a_stopped_mailbox_would_send_from() -> None:
    MailboxFactory(host=ELSEWHERE, state=Mailbox.State.STOPPED)
    assert domain_checks.check_round(TUESDAY) == {}


def test_two_mailboxes_of_a_domain_are_one_look(nameserver: Start) -> None:
    nameserver(sound())
    MailboxFactory.create_batch(2, host=ELSEWHERE)
    assert [domain_checks.check_round(TUESDAY) for _twice in range(2)] == [{"domain_passes": 1}, {}]


def test_a_round_looks_at_one_domain(nameserver: Start) -> None:
    nameserver(sound())
    MailboxFactory(host=ELSEWHERE)
    MailboxFactory(host=ELSEWHERE, address="rick@others.example.com")
    for _twice in range(2):
        domain_checks.check_round(TUESDAY)
    assert set(DomainCheck.objects.values_list("domain__domain", flat=True)) == {OURS, "others.example.com"}


def test_what_is_wrong_is_an_error_in_the_log(nameserver: Start, caplog: pytest.LogCaptureFixture) -> None:
    nameserver(with_spf())
    MailboxFactory(host=ELSEWHERE)
    with caplog.at_level(logging.ERROR):
        assert domain_checks.check_round(TUESDAY) == {"domain_fails": 1}
    assert f"{OURS}: spf_missing" in caplog.text


def test_until_somebody_has_looked_nothing_goes() -> None:
    under_way(host=ELSEWHERE)
    assert said() == "domain_unchecked"


@pytest.mark.parametrize(("records", "code"), [(sound, ""), (with_spf, "domain_fails")])
def test_what_passes_goes_and_what_fails_waits(nameserver: Start, records: Callable[[], Records], code: str) -> None:
    nameserver(records())
    under_way(host=ELSEWHERE)
    domain_checks.check_round(TUESDAY)
    assert said() == code


def test_what_waited_is_asked_again_as_soon_as_it_passes(nameserver: Start) -> None:
    heartbeats.beat(Kind.CANARY, heartbeats.LINK, at=clock.lease_clock())
    nameserver(with_spf())
    under_way(host=ELSEWHERE)
    domain_checks.check_round(TUESDAY)
    play()
    assert (message().reason, message().not_before) == ("domain_fails", TUESDAY + 24 * HOUR)
    assert domain_checks.check_round(TUESDAY) == {}
    nameserver(sound())
    assert domain_checks.check_round(TUESDAY + HOUR) == {"domain_passes": 1, "released": 1}
    assert message().not_before == TUESDAY + HOUR


def test_a_verdict_that_is_two_days_old_counts_no_more(nameserver: Start) -> None:
    nameserver(sound())
    under_way(host=ELSEWHERE)
    domain_checks.check_round(TUESDAY - 48 * HOUR)
    assert said() == "domain_unchecked"


def test_a_list_that_is_only_looked_at_may_fail() -> None:
    under_way(host=ELSEWHERE)
    assert said(planned=False) == ""


def test_what_stays_on_this_machine_costs_no_question() -> None:
    under_way()
    ask = asks.for_step(Enrollment.objects.get())
    with CaptureQueriesContext(connection) as asked:
        SendingDomainPasses().load(Batch([ask]), TUESDAY)
    assert len(asked) == 0


def test_each_mailbox_is_of_its_domain() -> None:
    MailboxFactory(host=ELSEWHERE, address="Rick@OURS.example.com")
    assert domain_checks.sent_from() == {OURS}
