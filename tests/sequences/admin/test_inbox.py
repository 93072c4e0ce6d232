"""Incoming mail in the admin: whatever it holds is shown as text; what waits is worked off one key a mail (spec R5)."""

import pytest
from django.test import Client

from compliance.admin_pages import page_of
from compliance.audit import reference
from sequences import router
from sequences.admin.inbox import queue, read
from sequences.models import Contact, InboundMessage
from tests.cast import TUESDAY
from tests.desk import open_row, page, sign_in, take
from tests.handoff.installation import MAIL, received
from tests.sequences.answers import Verdict, again, answered, sent

HOSTILE = [
    b"",
    b"\x00\xff\xfe",
    b"Subject: =?utf-8?b?!!!?=\r\n\r\nhi",
    b"Subject: =?nonsense?q?=FF?=\r\n\r\nhi",
    b"Content-Type: text/plain; charset=\xff\r\n\r\nhi",
    b"Content-Type: text/plain; charset=nonsense\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!",
    b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\n<b>hi</b>\r\n--x--",
    b"X: y\r\n" * 5000 + b"\r\nhi",
    b"Subject: " + b"a" * 100_000 + b"\r\n\r\nhi",
]


@pytest.mark.parametrize("raw", HOSTILE, ids=range(len(HOSTILE)))
def test_no_mail_breaks_its_page(raw: bytes) -> None:
    shown = read(raw)
    assert len(shown["headers"]) <= 60
    assert all(len(value) <= 500 for _name, value in shown["headers"])


def test_encoded_headers_are_readable() -> None:
    assert ("From", "Ada <ada@pumps.example.com>") in read(MAIL)["headers"]


def test_a_long_mail_is_cut() -> None:
    assert len(read(b"\r\n" + b"a" * 1_000_000)["text"]) == 20_000


@pytest.mark.django_db
def test_a_mail_runs_nothing(client: Client) -> None:
    row = received()
    sign_in(client, "cro")
    shown = open_row(client, row)
    assert "&lt;img src=x onerror=alert(2)&gt;" in shown
    assert "<script>alert(1)" not in shown


@pytest.mark.django_db(transaction=True)
class TestTheQueue:
    def test_it_shows_who_what_how_sure_and_by_which_words(self, client: Client) -> None:
        sent()
        answered(Verdict.POSITIVE, "question", confidence=40, words="how would that work with us")
        sign_in(client, "rep")
        shown = client.get(queue()).content.decode()
        assert Contact.objects.get().last_name in shown
        assert "positive: asks something" in shown
        assert "40 %" in shown
        assert "how would that work with us" in shown

    def test_what_is_dealt_with_is_not_in_it(self, client: Client) -> None:
        sent()
        answered(Verdict.NEUTRAL, "ack", words="noted, thanks")
        router.route_round(TUESDAY)
        sign_in(client, "rep")
        assert "noted, thanks" not in client.get(queue()).content.decode()

    def test_the_page_shows_the_message_it_answers_beside_it(self, client: Client) -> None:
        sent()
        row = answered(Verdict.OTHER)
        sign_in(client, "rep")
        shown = open_row(client, row)
        assert "answered by this mail" in shown
        assert "the plan for maintenance" in shown

    def test_and_what_they_wrote_before(self, client: Client) -> None:
        sent()
        answered(Verdict.NEUTRAL, "not_now", words="try again in spring")
        row = answered(Verdict.OTHER)
        sign_in(client, "rep")
        assert "try again in spring" in open_row(client, row)

    @pytest.mark.parametrize(("key", "verdict"), [(1, "positive"), (2, "neutral"), (3, "negative"), (4, "opt_out")])
    def test_there_is_a_key_for_each_class(self, client: Client, key: int, verdict: str) -> None:
        sent()
        row = answered(Verdict.OTHER)
        sign_in(client, "rep")
        shown = open_row(client, row)
        assert f'value="{verdict}" class="ho-button ho-plain" data-key="{key}"' in shown

    def test_who_may_not_say_sees_no_keys(self, client: Client) -> None:
        sent()
        row = answered(Verdict.OTHER)
        sign_in(client, "cmo")
        assert "data-key" not in open_row(client, row)

    def test_one_press_settles_it_and_leads_to_the_next(self, client: Client) -> None:
        sent(people=2)
        first, second = (answered(Verdict.OTHER, of=contact) for contact in Contact.objects.order_by("pk"))
        sign_in(client, "rep")
        response = take(client, first, "route", **{"more-what": "negative"})
        assert again(first).verdict == "negative"
        assert response.headers["Location"] == page_of(reference(second))
        last = take(client, second, "route", **{"more-what": "neutral"})
        assert last.headers["Location"] == page(InboundMessage, "changelist")

    def test_what_was_said_is_corrected_with_a_comment(self, client: Client) -> None:
        sent()
        row = answered(Verdict.NEUTRAL, "ack")
        router.route_round(TUESDAY)
        sign_in(client, "sales_ops")
        assert take(client, row, "correct", **{"more-what": "opt_out"}).status_code == 409
        take(client, row, "correct", comment="They ask to stop", **{"more-what": "opt_out"})
        assert again(row).verdict == "opt_out"

    def test_the_page_of_one_that_nobody_is_known_of(self, client: Client) -> None:
        sent()
        row = answered(Verdict.OTHER, contact=None, message=None, matched_by="")
        sign_in(client, "rep")
        assert "What went before" not in open_row(client, row)
        assert "nobody we know" in client.get(queue()).content.decode()
