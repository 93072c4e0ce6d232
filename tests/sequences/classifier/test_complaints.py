"""Shows what is a complaint: reports of every type, and Microsoft's, which has none (RFC 5965; LAW ARF-01)."""

import pytest

from sequences.classifier import Kind, Mail, classify
from tests.cast import TUESDAY


@pytest.mark.parametrize("kind", ["abuse", "fraud", "virus", "other", "something-new"])
def test_every_type_that_is_not_known_better_is_a_complaint(kind: str) -> None:
    answer = classify(Mail(feedback=kind), at=TUESDAY)
    assert (answer.kind, answer.subclass, answer.permanent) == (Kind.COMPLAINT, kind, True)


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure"])
def test_praise_and_failed_signatures_are_none(kind: str) -> None:
    assert classify(Mail(feedback=kind), at=TUESDAY).kind == Kind.OTHER


def test_the_type_opt_out_is_an_opt_out() -> None:
    assert classify(Mail(feedback="opt-out"), at=TUESDAY).kind == Kind.OPT_OUT


def test_the_returned_message_alone_with_its_mark_is_a_complaint() -> None:
    mail = Mail(sender="staff@hotmail.example", returned="X-HmXmrOriginalRecipient: ada@acme.example\nTo: x\n")
    assert classify(mail, at=TUESDAY).kind == Kind.COMPLAINT
