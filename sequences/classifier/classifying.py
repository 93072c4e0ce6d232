"""Decides what a mail is, by asking in the order of LAW AUT-01; the first who knows it has said it."""

from collections.abc import Callable
from datetime import datetime

from sequences.classifier import bounces, complaints, machines, meetings, opinions, wishes
from sequences.classifier.answer import Answer, Kind
from sequences.classifier.mail import Mail

Judge = Callable[[Mail, datetime], Answer | None]
_JUDGES: tuple[Judge, ...] = (
    complaints.judge,
    bounces.judge,
    wishes.of_a_button,
    meetings.judge,
    machines.judge,
    wishes.judge,
    opinions.judge,
)


def classify(mail: Mail, *, at: datetime) -> Answer:
    """What it is and by which words. Pure; never raises. `at` is when it came in."""
    for judge in _JUDGES:
        answer = judge(mail, at)
        if answer is not None:
            return answer
    return Answer(Kind.OTHER)
