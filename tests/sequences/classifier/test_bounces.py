"""Shows which mail says that a message came back, for whom, and whose fault it is (LAW BNC-01 to -08, 9.3)."""

import pytest

from sequences.classifier import Kind, Mail, Recipient, classify
from tests.cast import TUESDAY

DEAD = "<ada@acme.example>: host mx.acme.example said: 550 5.1.1 User unknown (in reply to RCPT TO command)"


def report(action: str, status: str, diagnostic: str = "") -> Mail:
    row = Recipient(address="ada@acme.example", action=action, status=status, diagnostic=diagnostic)
    return Mail(sender="mailer-daemon@mx.example", report_type="delivery-status", recipients=(row,), automatic=True)


def notice(text: str, *, sender: str = "MAILER-DAEMON@mx.example", subject: str = "Undelivered Mail") -> Mail:
    return Mail(sender=sender, subject=subject, text=text, headers=(("return-path", "<>"),))


@pytest.mark.parametrize(
    ("status", "diagnostic", "kind"),
    [
        ("5.1.1", "550 5.1.1 user unknown", "hard"),
        ("5.1.10", "550 5.1.10 null MX", "hard"),
        ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied", "hard"),
        ("5.2.1", "550 5.2.1 The email account is inactive", "hard"),
        ("5.7.1", "550 5.7.1 Recipient has blocked you", "hard"),
        ("5.0.0", "550 No such user here", "hard"),
        ("5.2.1", "450 4.2.1 receiving mail at a rate that prevents additional messages", "soft"),
        ("5.2.2", "552 5.2.2 mailbox full", "soft"),
        ("4.4.7", "554 4.4.7 message expired", "soft"),
        ("4.1.1", "450 4.1.1 user unknown", "soft"),
        ("5.0.0", "554 something nobody has ever said", "soft"),
        ("5.3.4", "552 5.3.4 message size exceeds limit", "sender"),
        ("5.7.26", "550 5.7.26 DMARC policy", "sender"),
        ("5.7.1", "554 5.7.1 blocked using zen.spamhaus.org", "sender"),
        ("5.7.1", "550 5.7.1 relaying denied", "sender"),
        ("5.1.8", "553 5.1.8 domain of sender address does not exist", "sender"),
    ],
)
def test_the_status_and_the_words_of_the_server_say_whose_fault_it_is(status: str, diagnostic: str, kind: str) -> None:
    assert classify(report("failed", status, diagnostic), at=TUESDAY).bounced == (("ada@acme.example", status, kind),)


def test_what_takes_longer_has_missed_nobody() -> None:
    answer = classify(report("delayed", "4.4.1"), at=TUESDAY)
    assert (answer.kind, answer.subclass, answer.bounced) == (Kind.BOUNCE, "soft", ())


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_a_report_of_success_is_no_bounce(action: str) -> None:
    assert classify(report(action, "2.1.5"), at=TUESDAY).kind == Kind.OTHER


def test_the_address_we_wrote_to_counts_not_where_it_was_forwarded() -> None:
    row = Recipient(address="a@elsewhere.example", original="ada@acme.example", action="failed", status="5.1.1")
    answer = classify(Mail(recipients=(row,)), at=TUESDAY)
    assert [one.address for one in answer.bounced] == ["ada@acme.example"]


def test_a_notice_in_prose_is_read_up_to_the_copy_of_our_message() -> None:
    text = (
        f"I'm sorry, your message could not be delivered.\n\n{DEAD}\n\n--- Below this line is a copy\nTo: x@y.example\n"
    )
    answer = classify(notice(text), at=TUESDAY)
    assert answer.bounced == (("ada@acme.example", "5.1.1", "hard"),)
    assert "User unknown" in answer.words


def test_a_notice_whose_reason_nobody_knows_is_soft_and_left_to_a_person() -> None:
    answer = classify(notice("Your message could not be delivered to ada@acme.example. Sorry."), at=TUESDAY)
    assert (answer.subclass, answer.sure) == ("soft", False)


def test_a_warning_in_prose_has_missed_nobody() -> None:
    answer = classify(
        notice("Your message has not yet been delivered to ada@acme.example.", subject="Warning: message delayed"),
        at=TUESDAY,
    )
    assert (answer.kind, answer.bounced) == (Kind.BOUNCE, ())


def test_the_header_of_failed_recipients_is_enough() -> None:
    mail = Mail(sender="robot@mx.example", text="550 no such user", headers=(("x-failed-recipients", "a@b.example"),))
    assert [one.address for one in classify(mail, at=TUESDAY).bounced] == ["a@b.example"]


def test_a_person_who_forwards_a_bounce_is_no_bounce() -> None:
    mail = Mail(sender="bob@acme.example", subject="Fwd: Undelivered Mail", text=f"Look at this:\n\n{DEAD}")
    assert classify(mail, at=TUESDAY).kind != Kind.BOUNCE


def test_automatic_as_they_are_bounces_are_no_automatic_answers() -> None:
    mail = Mail(
        sender="mailer-daemon@mx.example",
        subject="Mail delivery failed: returning message to sender",
        text=f"This message was created automatically by mail delivery software.\n\n{DEAD}",
        automatic=True,
        headers=(("auto-submitted", "auto-replied"),),
    )
    assert classify(mail, at=TUESDAY).kind == Kind.BOUNCE
