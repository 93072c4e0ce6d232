"""Decides whether a program wrote a mail in somebody's place, and what it says (LAW AUT-02 to -09).

One strong sign is enough; of the weak ones two are needed, and one of them must be in what was written. A person who
mentions an absence, or whose mail program adds a header, is no machine: when unsure, it was a person (LAW AUT-08).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sequences.classifier import absences
from sequences.classifier.answer import LONGEST_WORDS, Answer, Kind
from sequences.classifier.languages import Language, in_order
from sequences.classifier.mail import Mail
from sequences.classifier.opt_outs import asks_to_stop
from sequences.classifier.own_words import own_words
from sequences.classifier.plain import one_line, plain
from sequences.classifier.wordbook import any_of

_READ = 4000
_STRONG_HEADERS = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-auto-reply",
    "x-mail-autoreply",
    "x-autoreply-from",
    "x-ms-exchange-inbox-rules-loop",
    "x-ms-exchange-generated-message-source",
    "x-vacation",
    "x-fc-machinegenerated",
)
_ANSWERING = re.compile(r"\s*auto-?repl", re.IGNORECASE)
_PRECEDENCE = re.compile(r"\s*(?:bulk|junk|list)\b", re.IGNORECASE)
_NO_REPLY = re.compile(
    r"(?:no|do-?not|donot|not)[-_.]?reply|mailer-daemon|auto(?:mail|reply|respon)|noreply", re.IGNORECASE
)
_ANSWERS = re.compile(r"^(?:re|aw|wg|fwd?|tr|sv|vs|antw|odp|rif|res|ref|r|i) ?(?:\[\d+\])?:")
# What Gmail's responder does to a subject: its own words first, then ours.
_PUT_BEFORE = re.compile(r"^[^:]{3,80}\bre: .")
_LISTS = (
    "list-id",
    "list-unsubscribe",
    "list-post",
    "x-listserver",
    "x-sympa-to",
    "x-mailing-list",
    "x-mailman-version",
)
_CLASSES = ("left_company", "ooo", "ticket_ack")
_SPEAKS_TO_US = re.compile(
    r"\?|\b(?:send me|write to me then|let's|call me|talk then|your (?:offer|note|question|worksheet|briefing)|"
    r"schreiben sie mir|melden sie sich|écrivez-moi|recontactez|escríbame|mi scriva|schrijf mij)\b"
)


@dataclass(frozen=True)
class _Found:
    """What the words say: class, the decisive words, how many signs of it, the language."""

    subclass: str
    words: str
    signs: int
    language: str


def judge(mail: Mail, at: datetime) -> Answer | None:
    """An automatic answer, a mail of a list, or None for what a person wrote."""
    subject, said = one_line(mail.subject), plain(own_words(mail.text))[:_READ]
    order = in_order(f"{said} {subject}")
    if words := _receipt(mail, subject, said, order):
        return Answer(Kind.AUTO_REPLY, "read_receipt", 95 if mail.automatic else 80, words[:LONGEST_WORDS])
    found = _what_it_says(subject, said, order)
    strong = _strong(mail)
    if strong and _is_of_a_list(mail, found):
        return Answer(Kind.OTHER, "list", 75, strong)
    if not strong and not _weak_enough(mail, subject, said, found, order):
        return None
    if found.subclass in {"", "left_company"} and (wish := asks_to_stop(mail.subject, mail.text)):
        # A wish to be left in peace counts whoever wrote it down; without anything else a person looks.
        confidence = 90 if found.subclass else 60
        return Answer(
            Kind.OPT_OUT, "unsubscribe", confidence, wish.words[:LONGEST_WORDS], wish.language, permanent=True
        )
    return _answer(mail, at, found, strong or mail.subject, said)


def _answer(mail: Mail, at: datetime, found: _Found, why: str, said: str) -> Answer | None:
    if not found.subclass:
        if not _ANSWERING.match(mail.header("auto-submitted") or "auto-replied"):
            return Answer(Kind.OTHER, "generated", 50, why[:LONGEST_WORDS], found.language)
        back = absences.day_back(said, mail.subject, mail.date or at)
        return Answer(Kind.AUTO_REPLY, "ooo", 65, why[:LONGEST_WORDS], found.language, back)
    confidence = 95 if why != mail.subject else 80
    gone = found.subclass == "left_company"
    back = absences.day_back(said, mail.subject, mail.date or at) if found.subclass == "ooo" else None
    words = found.words[:LONGEST_WORDS]
    return Answer(Kind.AUTO_REPLY, found.subclass, confidence, words, found.language, back, permanent=gone)


def _what_it_says(subject: str, said: str, order: Sequence[Language]) -> _Found:
    """The class with most signs in the likeliest language that knows any; who has left is not away."""
    best = _Found("", "", 0, order[0].name)
    for language in order:
        for name in _CLASSES:
            hits = [words for pattern in language.machine.get(name, ()) if (words := any_of((pattern,), said))]
            if hits and name == "left_company":
                hits = hits * 3
            if not hits and name == "ooo" and any_of(language.machine["subjects"], subject) and not said.strip():
                return _Found(name, subject, 1, language.name)
            if len(hits) > best.signs:
                best = _Found(name, hits[0].strip(), len(hits), language.name)
        if best.subclass:
            return best
    return best


def _strong(mail: Mail) -> str:
    """The header by which a program owns up, or nothing."""
    if mail.automatic:
        return f"Auto-Submitted: {mail.header('auto-submitted')}" if mail.has("auto-submitted") else mail.content_type
    if re.match(r"\s*auto[_-]?reply", mail.header("precedence"), re.IGNORECASE):
        return "Precedence: auto_reply"
    if mail.header("x-apple-action").upper() == "VACATION":
        return "X-Apple-Action: VACATION"
    return next((name for name in _STRONG_HEADERS if mail.has(name) and mail.header(name).lower() != "no"), "")


def _weak_enough(mail: Mail, subject: str, said: str, found: _Found, order: Sequence[Language]) -> bool:
    """Two weak signs, one of them in what was written or in who is to get an answer (nobody)."""
    subjects = [language.machine for language in order]
    names_itself = any(any_of(one["subjects"], subject) for one in subjects)
    hints = not _ANSWERS.match(subject) and any(any_of(one["hints"], subject) for one in subjects)
    written = (
        2 * names_itself
        + (hints or bool(_PUT_BEFORE.match(subject)) or any(any_of(one["ids"], subject) for one in subjects))
        + bool(found.subclass)
        + (found.signs > 1 and not _ANSWERS.match(subject))
        + (mail.header("return-path").strip() == "<>")
        + bool(_NO_REPLY.search(mail.sender))
    )
    headers = bool(_PRECEDENCE.match(mail.header("precedence"))) + mail.has("x-auto-response-suppress")
    if _ANSWERS.match(subject) and not headers and written < 2:
        return found.subclass == "ooo" and _reads_like_a_note(said, found)
    if written and _SPEAKS_TO_US.search(said) and not headers and not names_itself and written < 3:
        return False
    return written > 0 and written + headers >= 2


def _reads_like_a_note(said: str, found: _Found) -> bool:
    """An absence told to everybody: it says how long, and nothing to us."""
    return found.signs >= 2 and not _SPEAKS_TO_US.search(said) and absences.names_a_day(said, found.language)


def _is_of_a_list(mail: Mail, found: _Found) -> bool:
    listed = any(mail.has(name) for name in _LISTS)
    return listed and not _ANSWERING.match(mail.header("auto-submitted")) and found.subclass != "ooo"


def _receipt(mail: Mail, subject: str, said: str, order: Sequence[Language]) -> str:
    """The words of a read receipt (RFC 8098), or nothing."""
    if mail.report_type == "disposition-notification" or "message/disposition-notification" in mail.parts:
        return mail.subject or "disposition-notification"
    of_program = mail.header("return-path").strip() == "<>" or mail.automatic or "application/ms-tnef" in mail.parts
    for language in order:
        patterns = language.machine.get("receipt", ())
        if patterns and any_of(patterns[:1], subject) and (of_program or any_of(patterns[1:], said)):
            return mail.subject
    return ""
