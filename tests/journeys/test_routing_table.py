"""Each row of the routing table (SOP 5.6): mail goes by SMTP, the answer comes by LMTP and IMAP, and has what follows.

Servers are real, rounds are those of the timetable, and answers are those of the demonstration.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from compliance import vault
from compliance.models import Hold, Suppression
from handoff import rounds
from handoff.demo.answers import AUTOMATIC, Compose, bounces, complains, says
from handoff.demo.catcher import Catcher
from handoff.models import Handoff, Lead, Signal, Stage
from sequences.inbound import imap
from sequences.models import Enrollment, InboundMessage, Mailbox
from tests import dovecot
from tests.cast import TUESDAY
from tests.dovecot import PASSWORD, Dovecot
from tests.factories import UserFactory
from tests.sequences.campaign import play, under_way

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]
SOON = TUESDAY + timedelta(hours=2)
State = InboundMessage.State


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot.required() as running:
        yield running


@pytest.fixture
def written(server: Dovecot) -> Iterator[Catcher]:
    """Somebody has got the first of two mails, from a mailbox whose answers are read at that server."""
    UserFactory(role="cro")
    with Catcher() as catcher:
        under_way(catcher.port, steps=2)
        where = {"imap_host": "127.0.0.1", "imap_port": server.imap, "imap_security": "plain"}
        user = f"rick-{Mailbox.objects.get().pk}-{catcher.port}"
        Mailbox.objects.update(imap_username=user, imap_secret=vault.seal(PASSWORD), **where)
        assert play() == {"accepted": 1}
        yield catcher
    imap.hang_up()


def answered(written: Catcher, server: Dovecot, compose: Compose) -> InboundMessage:
    """The answer has come in, and the rounds that follow have run."""
    (got,) = written.caught
    server.deliver(compose(got, SOON).as_bytes(), Mailbox.objects.get().imap_username)
    for name in ("fetch", "route", "reports", "answers", "exits", "pauses"):
        rounds.run(name, SOON)
    return InboundMessage.objects.get()


def passage() -> Enrollment:
    return Enrollment.objects.get()


def held() -> bool:
    return Hold.objects.filter(ended_at__isnull=True).exists()


def test_positive_goes_to_the_cro_at_once(written: Catcher, server: Dovecot) -> None:
    row = answered(written, server, says("This is our problem exactly. Could we talk next week?"))
    assert (row.verdict, passage().exit_reason, held()) == ("positive", "replied_positive", False)
    offered = Handoff.objects.get()
    assert offered.to.groups.get().name == "cro"
    assert Signal.objects.filter(source="reply").count() == 1
    assert Lead.objects.get().stage == Stage.MQL


def test_neutral_is_logged_and_the_sequence_goes_on(written: Catcher, server: Dovecot) -> None:
    row = answered(written, server, says("Thanks, noted. We are in the middle of planning, so not now."))
    assert (row.verdict, row.state, held()) == ("neutral", State.ROUTED, False)
    assert (passage().state, passage().paused_at) == (Enrollment.State.ACTIVE, None)


def test_negative_leaves_with_its_reason_and_a_no_for_good_archives(written: Catcher, server: Dovecot) -> None:
    text = "Thank you, but we are not interested. We sell direct only and that will not change."
    row = answered(written, server, says(text))
    assert (row.verdict, row.permanent, passage().exit_reason) == ("negative", True, "replied_negative")
    assert Lead.objects.get().stage == Stage.ARCHIVED


def test_an_opt_out_is_immediate_and_for_good(written: Catcher, server: Dovecot) -> None:
    row = answered(written, server, says("Please remove me from your list."))
    assert (row.verdict, passage().exit_reason) == ("opt_out", "opted_out")
    assert Suppression.objects.filter(reason="replied").exists()


def test_an_absence_pauses_until_a_working_day_after_the_return(written: Catcher, server: Dovecot) -> None:
    row = answered(written, server, says("I am out of the office until {until}.", AUTOMATIC))
    assert (row.verdict, row.subclass, held()) == ("auto_reply", "ooo", False)
    assert row.return_date == (SOON + timedelta(days=11)).date()
    resumes = passage().paused_until
    assert resumes is not None
    assert resumes.date() > row.return_date


def test_a_bounce_for_good_stops_the_address(written: Catcher, server: Dovecot) -> None:
    row = answered(written, server, bounces)
    assert (row.verdict, passage().exit_reason) == ("bounce", "bounced")
    assert Suppression.objects.get().reason == "no_such_address"


def test_a_complaint_stops_the_person(written: Catcher, server: Dovecot) -> None:
    row = answered(written, server, complains)
    assert (row.verdict, passage().exit_reason) == ("complaint", "complained")
    assert Suppression.objects.get().reason == "complaint"


def test_what_nobody_understands_holds_and_asks_a_person(written: Catcher, server: Dovecot) -> None:
    row = answered(written, server, says("Rick, see below."))
    assert (row.state, held()) == (State.WAITING, True)
    Enrollment.objects.update(due_at=SOON)
    assert play(SOON) == {}
    assert len(written.caught) == 1
