"""Decides whether a mail is a calendar's answer to an invitation (RFC 5546 §3.2.3; LAW AUT-09).

An acceptance is the person's yes, although a program wrote it. Any other answer is left to a person.
"""

from datetime import datetime

from sequences.classifier.answer import LONGEST_WORDS, Answer, Kind
from sequences.classifier.languages import languages
from sequences.classifier.mail import Mail
from sequences.classifier.opt_outs import asks_to_stop
from sequences.classifier.own_words import own_words
from sequences.classifier.plain import one_line
from sequences.classifier.wordbook import any_of

_SHORT = 400
_PARTSTAT = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentative", "DELEGATED": "delegated"}
_ANSWERS = {
    "accepted": (Kind.POSITIVE, "meeting_accept", 95),
    "declined": (Kind.NEUTRAL, "not_now", 60),
    "tentative": (Kind.NEUTRAL, "ack", 60),
    "delegated": (Kind.OTHER, "", 40),
}


def judge(mail: Mail, at: datetime) -> Answer | None:
    """What the invited answered; None if the mail is no answer of a calendar."""
    said = _PARTSTAT.get(mail.partstat)
    words, language = f"PARTSTAT={mail.partstat}", ""
    if said is None:
        said, words, language = _by_subject(mail)
    if said is None or asks_to_stop(mail.subject, mail.text):
        return None
    kind, subclass, confidence = _ANSWERS[said]
    return Answer(kind, subclass, confidence if mail.partstat else min(confidence, 85), words[:LONGEST_WORDS], language)


def _by_subject(mail: Mail) -> tuple[str | None, str, str]:
    """How calendars put it in a subject, if the mail holds a calendar or hardly any words."""
    if "text/calendar" not in mail.parts and len(own_words(mail.text)) > _SHORT:
        return None, "", ""
    subject = one_line(mail.subject)
    for language in languages().values():
        for said in ("accepted", "declined", "tentative"):
            if any_of(language.machine.get(said, ()), subject):
                return said, mail.subject, language.name
    return None, "", ""
