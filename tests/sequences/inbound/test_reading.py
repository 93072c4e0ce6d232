"""Shows what is read of raw mail, and that nothing a stranger sends breaks it (LAW SEC-15, SEC-16)."""

import pytest

from sequences.inbound.reading import read

CALENDAR = (
    b"Subject: Accepted: Briefing\r\nContent-Type: text/calendar; method=REPLY\r\n\r\n"
    b"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\n"
    b"ATTENDEE;CN=Ada;\r\n PARTSTAT=ACCEPTED:mailto:ada@acme.example\r\n"
)


def test_the_answer_of_a_calendar_is_read() -> None:
    assert read(CALENDAR).partstat == "ACCEPTED"


@pytest.mark.parametrize(
    ("said", "automatic"),
    [
        ("auto-generated (rejected)", True),
        ('(c) auto-replied; x="y"', True),
        ("No", False),
        ('no; owner-email="a@b"', False),
        ("(c) no", False),
    ],
)
def test_only_no_is_a_person(said: str, automatic: bool) -> None:
    assert read(f"Auto-Submitted: {said}\r\n\r\nx".encode()).automatic == automatic


def test_headers_are_decoded_whatever_they_are_written_in() -> None:
    mail = read("From: Jörg <j@acme.example>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nx".encode())
    assert (mail.name, mail.subject) == ("Jörg", "Grüße")


def test_a_header_with_a_line_broken_without_a_blank_is_one_all_the_same() -> None:
    raw = b"\r\nReceived: by mx\r\nid abc\r\nReturn-Path: <>\r\nSubject: Undelivered\r\n\r\nx"
    assert read(raw).subject == "Undelivered"


def test_a_mail_whose_date_is_nonsense_has_none() -> None:
    assert read(b"Date: the day after\r\n\r\nx").date is None


def test_of_a_body_that_no_parser_survives_the_header_remains() -> None:
    nested = b"--a\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n" * 3000
    raw = b"Subject: Hello\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n" + nested
    assert read(raw).subject == "Hello"
