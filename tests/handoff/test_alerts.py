"""Alerts reach a real mail server, once each, however many rounds are at it and however long the server was away."""

from collections.abc import Iterator
from datetime import timedelta
from email.header import decode_header, make_header
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import override_settings

from handoff import alerts
from handoff.demo.catcher import Catcher
from handoff.models import Alert, Lead
from tests.cast import TUESDAY
from tests.concurrency.together import together
from tests.factories import UserFactory
from tests.handoff.climbing import lead_of

pytestmark = pytest.mark.django_db

SMTP = "django.core.mail.backends.smtp.EmailBackend"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def catcher() -> Iterator[Catcher]:
    with Catcher() as running, sent_to(running.port):
        yield running


def sent_to(port: int) -> Any:
    return override_settings(EMAIL_BACKEND=SMTP, EMAIL_HOST="127.0.0.1", EMAIL_PORT=port, EMAIL_USE_TLS=False)


def told(to: User | None = None, *, lead: Lead | None = None, cause: str = "test", title: str = "Look") -> Alert | None:
    return alerts.tell(to or UserFactory(role="rep"), lead or lead_of(), title, "At this.", cause=cause, at=TUESDAY)


def send(minutes: int = 0) -> int:
    return alerts.send_round(TUESDAY + minutes * MINUTE)["alerts"]


class TestTelling:
    def test_once_for_each_cause_and_person(self) -> None:
        one, two, lead = UserFactory(role="rep"), UserFactory(role="rep"), lead_of()
        assert [bool(told(to, lead=lead)) for to in (one, one, two)] == [True, False, True]

    def test_it_says_where_to_look(self) -> None:
        lead = lead_of()
        row = told(lead=lead)
        assert row
        assert (row.subject, settings.PUBLIC_URL in row.text) == (f"handoff.lead:{lead.pk}", True)

    def test_no_title_becomes_two_lines(self) -> None:
        row = told(title="Look\nBcc: all@everybody.example")
        assert row
        assert "\n" not in row.title

    def test_a_long_title_is_cut(self) -> None:
        row = told(title="x" * 5000)
        assert row
        assert len(row.title) == 200


class TestSending:
    def test_it_arrives(self, catcher: Catcher) -> None:
        to = UserFactory(role="rep")
        told(to, title="Grüße")
        assert send() == 1
        (mail,) = catcher.to(to.email)
        assert str(make_header(decode_header(str(mail.parsed["Subject"])))) == "Grüße"

    def test_once(self, catcher: Catcher) -> None:
        told()
        assert ([send(minutes) for minutes in (0, 0, 600)], len(catcher.caught)) == ([1, 0, 0], 1)

    def test_the_oldest_first(self, catcher: Catcher) -> None:
        people = [UserFactory(role="rep") for _person in range(3)]
        for number, to in enumerate(people):
            told(to, cause=str(number))
        send()
        assert [mail.recipient for mail in catcher.caught] == [to.email for to in people]

    def test_who_has_left_is_not_written_to(self, catcher: Catcher) -> None:
        to = UserFactory(role="rep")
        told(to)
        User.objects.filter(pk=to.pk).update(is_active=False)
        send()
        assert catcher.caught == []


class TestAServerThatIsAway:
    def test_what_it_did_not_take_is_tried_again(self) -> None:
        told()
        with Catcher() as gone:
            port = gone.port
        with sent_to(port):
            assert send() == 0
        with Catcher() as back, sent_to(back.port):
            assert ([send(minutes) for minutes in (1, 2)], len(back.caught)) == ([0, 1], 1)

    def test_it_is_tried_ever_more_seldom_and_never_given_up(self) -> None:
        row = told()
        assert row
        pauses = []
        with Catcher(refuse=lambda address: "451 4.3.0 later") as full, sent_to(full.port):
            for _try in range(8):
                row = Alert.objects.get(pk=row.pk)
                alerts.send_round(row.not_before)
                pauses.append((Alert.objects.get(pk=row.pk).not_before - row.not_before) // MINUTE)
        assert pauses == [2, 4, 8, 16, 32, 60, 60, 60]

    def test_the_others_do_not_wait_for_whom_it_refuses(self) -> None:
        one, two = UserFactory(role="rep"), UserFactory(role="rep")
        told(one, cause="1")
        told(two, cause="2")
        with Catcher(refuse=lambda address: "550 no" if address == one.email else None) as picky, sent_to(picky.port):
            assert send() == 1
        assert [row.to for row in Alert.objects.filter(sent_at__isnull=False)] == [two]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestSeveralRounds:
    def test_one_that_begins_while_another_is_at_the_server_leaves_it_to_that_one(self) -> None:
        told()
        meanwhile: list[int] = []

        def beside(address: str) -> None:
            together([lambda: meanwhile.append(send(1))])

        with Catcher(refuse=beside) as server, sent_to(server.port):
            assert (send(), meanwhile, len(server.caught)) == (1, [0], 1)

    def test_of_eight_at_once_one_sends(self, catcher: Catcher) -> None:
        for number in range(5):
            told(cause=str(number))
        assert together([send] * 8) == []
        assert (len(catcher.caught), catcher.duplicates()) == (5, 0)
