"""Shows which signs make a mail a program's, and which do not (LAW AUT-02 to -09)."""

import pytest

from sequences.classifier import Answer, Kind, Mail, classify
from tests.cast import TUESDAY

AWAY = "I am out of the office until 4 December 2026 and will not read my mail."


def decided(text: str, subject: str = "Re: One question", sender: str = "ada@acme.example", **headers: str) -> Answer:
    rows = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return classify(
        Mail(sender=sender, subject=subject, text=text, answers=("<1@o.example>",), headers=rows), at=TUESDAY
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x_autoreply", "yes"),
        ("x_autorespond", "x"),
        ("precedence", "auto_reply"),
        ("x_ms_exchange_inbox_rules_loop", "ada@acme.example"),
        ("x_apple_action", "VACATION"),
    ],
)
def test_one_strong_sign_is_enough(name: str, value: str) -> None:
    assert decided("Hello there.", **{name: value}).kind == Kind.AUTO_REPLY


@pytest.mark.parametrize(
    ("name", "value"), [("x_auto_response_suppress", "All"), ("precedence", "bulk"), ("auto_submitted", "no; x=y")]
)
def test_one_weak_sign_leaves_a_person_a_person(name: str, value: str) -> None:
    assert decided("Received, thank you.", **{name: value}).kind == Kind.NEUTRAL


def test_a_person_who_tells_of_an_absence_is_a_person() -> None:
    said = "Sorry for the delay, I was out of the office all week. Please send me the worksheet."
    assert decided(said, x_auto_response_suppress="All").kind == Kind.POSITIVE


def test_a_note_without_any_header_is_known_by_its_subject_and_words() -> None:
    assert decided(AWAY, subject="Out of Office Re: One question").kind == Kind.AUTO_REPLY


def test_a_subject_alone_is_not_sure() -> None:
    answer = decided("Zzz.", subject="Automatic reply: One question")
    assert (answer.kind, answer.sure) == (Kind.AUTO_REPLY, False)


def test_who_has_left_is_not_away() -> None:
    answer = decided(f"{AWAY} I am no longer with Acme.", x_autoreply="yes")
    assert (answer.subclass, answer.return_date, answer.permanent) == ("left_company", None, True)


def test_a_wish_counts_although_a_program_wrote_it() -> None:
    answer = decided("Ada is no longer with Acme. Please remove this address from your list.", x_autoreply="yes")
    assert answer.kind == Kind.OPT_OUT


def test_a_newsletter_is_no_answer() -> None:
    mail = Mail(
        subject="News",
        text="Today in Acme",
        automatic=True,
        headers=(("auto-submitted", "auto-generated"), ("list-id", "<news.acme.example>")),
    )
    assert (classify(mail, at=TUESDAY).kind, classify(mail, at=TUESDAY).subclass) == (Kind.OTHER, "list")


def test_a_read_receipt_says_so() -> None:
    mail = Mail(subject="Read: One question", report_type="disposition-notification", automatic=True)
    assert classify(mail, at=TUESDAY).subclass == "read_receipt"
