"""Shows what beats what in a person's own words."""

import pytest

from sequences.classifier import Answer, Kind, Mail, classify
from tests.cast import TUESDAY


def decided(text: str, *, answers: tuple[str, ...] = ("<1@ours.example>",), name: str = "") -> Answer:
    return classify(Mail(sender="ada@acme.example", name=name, text=text, answers=answers), at=TUESDAY)


@pytest.mark.parametrize(
    ("text", "subclass"),
    [
        ("Not my area any more, but my successor Tim would love to talk.", "referral"),
        ("Stephen left us in August and I took over. Please send me the worksheet.", "interest"),
        ("Not now, but thanks for the interesting note.", "not_now"),
        ("Thanks, but not interested.", "not_interested"),
        ("Interesting read, thanks.", "ack"),
        ("Thursday at 10 works for me.", "meeting_accept"),
        ("Thursday at 10 does not work for me. Can we talk on Friday?", "briefing_request"),
        ("Does Thursday work for you?", "question"),
    ],
)
def test_what_counts_more_decides(text: str, subclass: str) -> None:
    assert decided(text).subclass == subclass


def test_words_of_a_wish_without_a_wish_are_left_to_a_person() -> None:
    answer = decided("Please send me the worksheet. I unsubscribed from three others.")
    assert (answer.kind, answer.sure) == (Kind.POSITIVE, False)


def test_whoever_answers_nothing_of_ours_wants_something_else() -> None:
    answer = decided("Can I send you our packages? Let's talk.", answers=())
    assert (answer.kind, answer.sure) == (Kind.OTHER, False)


def test_a_signature_says_nothing() -> None:
    said = "Thanks!\n\nAda Lovelace\nNot interested in slow pumps? Ask us how."
    assert decided(said, name="Ada Lovelace").subclass == "ack"


def test_a_long_mail_is_left_to_a_person() -> None:
    assert not decided("Not interested. " + "And so on, and so forth. " * 100).sure
