"""Shows in which order it is decided what a mail is (LAW AUT-01)."""

from sequences.classifier import Kind, Mail, Recipient, classify
from sequences.models import InboundMessage
from tests.cast import TUESDAY


def test_the_kinds_are_the_verdicts_that_are_kept() -> None:
    assert {kind.value for kind in Kind} == set(InboundMessage.Verdict.values)


def test_a_wish_is_an_opt_out_for_good() -> None:
    answer = classify(Mail(subject="Re: One question", text="Please take me off your list."), at=TUESDAY)
    assert (answer.kind, answer.permanent, answer.sure) == (Kind.OPT_OUT, True, True)


def test_a_failed_recipient_is_a_bounce() -> None:
    failed = Recipient(address="ada@pumps.example", action="failed", status="5.1.1", diagnostic="no such user")
    answer = classify(Mail(recipients=(failed,)), at=TUESDAY)
    assert answer.bounced == (("ada@pumps.example", "5.1.1", "hard"),)


def test_words_that_say_nothing_are_left_to_a_person() -> None:
    answer = classify(Mail(text="Hgf j"), at=TUESDAY)
    assert (answer.kind, answer.sure) == (Kind.OTHER, False)
