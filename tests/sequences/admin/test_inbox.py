"""Incoming mail in the admin: whatever it holds, it is shown as text."""

import pytest
from django.test import Client

from sequences.admin.inbox import read
from tests.desk import open_row, sign_in
from tests.handoff.installation import MAIL, received

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
