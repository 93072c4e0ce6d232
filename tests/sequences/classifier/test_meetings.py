"""Shows what a calendar's answer is: a yes is the person's, anything else is left to people (LAW AUT-09)."""

import pytest

from sequences.classifier import Kind, Mail, classify
from tests.cast import TUESDAY


def test_an_acceptance_is_the_persons_yes() -> None:
    answer = classify(Mail(partstat="ACCEPTED", automatic=True), at=TUESDAY)
    assert (answer.kind, answer.subclass, answer.sure) == (Kind.POSITIVE, "meeting_accept", True)


@pytest.mark.parametrize("said", ["DECLINED", "TENTATIVE", "DELEGATED"])
def test_any_other_answer_is_left_to_a_person(said: str) -> None:
    assert not classify(Mail(partstat=said), at=TUESDAY).sure


@pytest.mark.parametrize(
    "subject", ["Accepted: Briefing", "Zugesagt: Briefing", "Accepté : Briefing", "Aceptado: X", "Accettato: X"]
)
def test_calendars_put_it_in_the_subject_too(subject: str) -> None:
    mail = Mail(subject=subject, text="Ada has answered.", parts=("text/calendar",))
    assert classify(mail, at=TUESDAY).subclass == "meeting_accept"


def test_a_long_mail_is_no_answer_of_a_calendar() -> None:
    mail = Mail(subject="Accepted: our paper", text="We are glad to tell you. " * 30)
    assert classify(mail, at=TUESDAY).subclass != "meeting_accept"
