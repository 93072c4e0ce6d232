"""Decides whether a mailbox provider tells of a complaint (RFC 5965; LAW ARF-01), whichever form its loop has."""

import re
from datetime import datetime

from sequences.classifier.answer import LONGEST_WORDS, Answer, Kind
from sequences.classifier.mail import Mail

_NO_COMPLAINT = {"not-spam", "auth-failure", "dmarc", "auth-fail"}
_OPT_OUT = {"opt-out", "opt-out-list", "unsubscribe"}
# Microsoft's loop returns the bare message with these marks, and writes nothing itself.
_RETURNED_MARK = re.compile(r"^x-hmxmroriginalrecipient[ \t]*:", re.IGNORECASE | re.MULTILINE)
_SUBJECT = re.compile(
    r"^\W*(?:complaint about message from|email feedback report for|abuse report (?:for|id|about)|"
    r"spam (?:report|complaint) )",
    re.IGNORECASE,
)


def judge(mail: Mail, at: datetime) -> Answer | None:
    """A complaint; a wish to get no more; a report that changes nothing; None for any other mail."""
    kind = mail.feedback
    if not kind and _has_no_report_but_is_one(mail):
        kind = "abuse"
    if not kind:
        return None
    words = (f"Feedback-Type: {mail.feedback}" if mail.feedback else mail.subject)[:LONGEST_WORDS]
    if kind in _NO_COMPLAINT:
        return Answer(Kind.OTHER, kind[:24], 95, words)
    if kind in _OPT_OUT:
        return Answer(Kind.OPT_OUT, "unsubscribe", 95, words, permanent=True)
    return Answer(Kind.COMPLAINT, kind[:24], 95 if mail.feedback else 85, words, permanent=True)


def _has_no_report_but_is_one(mail: Mail) -> bool:
    if mail.report_type == "feedback-report" or mail.has("x-hmxmroriginalrecipient"):
        return True
    if _RETURNED_MARK.search(mail.returned):
        return True
    return bool(mail.returned and _SUBJECT.match(mail.subject))
