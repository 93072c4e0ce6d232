"""Shows what is read of reports: whom a message did not reach, who complained, and which message it was."""

from sequences.inbound.reading import read

BOUNCE = (
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=a\r\n\r\n"
    b"--a\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
    b"--a\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
    b"Final-Recipient: rfc822; ada@acme.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
    b"--a\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <1@ours.example>\r\nReferences: <2@ours.example>\r\n"
    b"\t<3@ours.example>\r\nTo: Ada <ada@acme.example>\r\nSubject: x\r\n\r\nHello\r\n--a--\r\n"
)
COMPLAINT = (
    b"Content-Type: multipart/report; report-type=feedback-report; boundary=a\r\n\r\n"
    b"--a\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: Abuse\r\n"
    b"Original-Rcpt-To: <ada@acme.example>\r\n\r\n"
    b"--a\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <1@ours.example>\r\n"
    b"To: redacted@x.example\r\n--a--\r\n"
)


def test_a_bounce_names_its_recipients() -> None:
    assert [(row.address, row.action, row.status) for row in read(BOUNCE).recipients] == [
        ("ada@acme.example", "failed", "5.1.1")
    ]


def test_the_returned_message_is_known_by_its_own_identifier_first() -> None:
    mail = read(BOUNCE)
    assert mail.returned_ids == ("<1@ours.example>", "<3@ours.example>", "<2@ours.example>")
    assert mail.returned_to == ("ada@acme.example",)


def test_a_complaint_has_a_type_and_an_address() -> None:
    mail = read(COMPLAINT)
    assert (mail.feedback, mail.complained, mail.returned_ids) == (
        "abuse",
        ("ada@acme.example",),
        ("<1@ours.example>",),
    )


def test_a_copy_in_plain_text_is_found() -> None:
    text = "Sorry.\n\n--- Below this line is a copy of the message.\n\nMessage-ID: <1@ours.example>\n\nHello"
    assert read(f"Subject: failure notice\r\n\r\n{text}".encode()).returned_ids == ("<1@ours.example>",)


def test_other_mail_is_no_report() -> None:
    assert (read(b"Subject: x\r\n\r\nHello").recipients, read(b"Subject: x\r\n\r\nHello").feedback) == ((), "")
