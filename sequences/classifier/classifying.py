"""Decides what a mail is, by asking in the order of LAW AUT-01; the first who knows it has said it."""

from collections.abc import Callable
from datetime import datetime

from sequences.classifier.answer import LONGEST_WORDS, Answer, Bounced, Kind
from sequences.classifier.mail import Mail
from sequences.classifier.opt_outs import asks_to_stop

_NO_COMPLAINT = {"not-spam", "auth-failure"}


def classify(mail: Mail, *, at: datetime) -> Answer:
    """What it is and by which words; never raises. `at` is when it came in."""
    for judge in _JUDGES:
        answer = judge(mail, at)
        if answer is not None:
            return answer
    return Answer(Kind.OTHER)


def _complaint(mail: Mail, at: datetime) -> Answer | None:
    if not mail.feedback:
        return None
    if mail.feedback in _NO_COMPLAINT:
        return Answer(Kind.OTHER, mail.feedback, 90, mail.feedback)
    return Answer(Kind.COMPLAINT, mail.feedback, 95, f"Feedback-Type: {mail.feedback}"[:LONGEST_WORDS])


def _bounce(mail: Mail, at: datetime) -> Answer | None:
    failed = [row for row in mail.recipients if row.action == "failed"]
    if not failed:
        return None
    bounced = tuple(
        Bounced(row.original or row.address, row.status, "hard" if row.status.startswith("5.1.") else "soft")
        for row in failed
    )
    return Answer(Kind.BOUNCE, bounced[0].kind, 90, failed[0].diagnostic[:LONGEST_WORDS], bounced=bounced)


def _meeting(mail: Mail, at: datetime) -> Answer | None:
    if mail.partstat != "ACCEPTED":
        return None
    return Answer(Kind.POSITIVE, "meeting_accept", 95, "PARTSTAT=ACCEPTED")


def _automatic(mail: Mail, at: datetime) -> Answer | None:
    return Answer(Kind.AUTO_REPLY, "ooo", 75, mail.subject[:LONGEST_WORDS]) if mail.automatic else None


def _wish(mail: Mail, at: datetime) -> Answer | None:
    wish = asks_to_stop(mail.subject, mail.text)
    if wish is None:
        return None
    words = wish.words[:LONGEST_WORDS]
    return Answer(Kind.OPT_OUT, "unsubscribe", 90, words, wish.language, permanent=True)


_JUDGES: tuple[Callable[[Mail, datetime], Answer | None], ...] = (_complaint, _bounce, _meeting, _automatic, _wish)
