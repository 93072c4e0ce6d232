"""Decides what a person wants, from their own words: yes, later, no, somebody else (spec row R3).

Where two classes seem to fit, a willing successor or a referral beats "has left" and "wrong person", a refusal beats
thanks, a date in the future beats a refusal of today, and praise without a request is thanks. What is in doubt is left
to a person.
"""

import re
from collections.abc import Mapping
from datetime import datetime

from sequences.classifier.answer import LONGEST_WORDS, Answer, Kind
from sequences.classifier.languages import Language, in_order
from sequences.classifier.mail import Mail
from sequences.classifier.own_words import own_words, without_signature
from sequences.classifier.plain import one_line, plain
from sequences.classifier.wordbook import any_of, without

_READ = 4000
_IS_AN_ANSWER = re.compile(
    r"^\W{0,3}(?:re|aw|antw|antwort|wg|fwd?|tr|sv|vs|odp|rif|res|ref|enc|r|ynt|vá|"
    r"vl|回复|答复|回覆|答覆|返信|회신|отв|απ|ответ) ?(?:\[\d+\])? ?[:：]"
)
_ENDS = re.compile(r"[.!?](?=\s|$)|\n")
_LONG = 400
_LONGEST = 1500
_UNSURE = 60
_WILLING = {"briefing_request", "request", "interest"}
# Class, whether a wish of their own undoes it, confidence without and beside such a wish.
_PRECEDENCE = (
    ("referral", False, 85, 85),
    ("meeting_accept", False, 85, 85),
    ("left_company", True, 85, 85),
    ("wrong_person", True, 85, 85),
    ("hostile", True, 75, 75),
    ("not_now", False, 80, 72),
    ("not_interested", False, 80, 60),
)
_KINDS = {
    "referral": Kind.POSITIVE,
    "meeting_accept": Kind.POSITIVE,
    "briefing_request": Kind.POSITIVE,
    "request": Kind.POSITIVE,
    "interest": Kind.POSITIVE,
    "question": Kind.POSITIVE,
    "not_now": Kind.NEUTRAL,
    "later": Kind.NEUTRAL,
    "ack": Kind.NEUTRAL,
    "not_interested": Kind.NEGATIVE,
    "wrong_person": Kind.NEGATIVE,
    "left_company": Kind.NEGATIVE,
    "hostile": Kind.NEGATIVE,
}


_CALLED = {"request": "interest", "later": "not_now"}


def judge(mail: Mail, at: datetime) -> Answer | None:
    """What they want, or None if their words do not say it."""
    own = without_signature(own_words(mail.text), mail.name)
    said = plain(own)[:_READ]
    if not said.strip():
        return None
    order = in_order(said)
    readings = [(_found(said, own, language), language) for language in order]
    # Thanks are alike in many languages; what somebody wants is not.
    telling = [row for row in readings if row[0].keys() - {"ack", "question"}] or [row for row in readings if row[0]]
    for found, language in telling:
        if words := any_of(language.person.get("mistake", ()), said):
            return Answer(Kind.OTHER, "mistake", 60, words[:LONGEST_WORDS], language.name)
        return _answer(mail, found, said, language)
    if "?" in said:
        return _answer(mail, {"question": _sentence(said, "?")}, said, order[0])
    return None


def _found(said: str, own: str, language: Language) -> Mapping[str, str]:
    """Every class whose words are there, with those words. What is refused is named, but not wanted."""
    found = {}
    willing = without(language.person["not_interested"], said)
    for name in _KINDS:
        text = willing if name in _WILLING else said
        if words := any_of(language.person.get(name, ()), text):
            found[name] = words.strip(" .,\n")
    if "meeting_accept" in found and not _accepts(found, said, language):
        del found["meeting_accept"]
    if "briefing_request" in found and any(soon in found.get("not_now", "") for soon in language.dates["next_week"]):
        # Whoever asks to talk next week does not put us off.
        del found["not_now"]
    if words := any_of(language.person.get("named", ()), own[:_READ]):
        found.setdefault("referral", words)
    return found


def _accepts(found: Mapping[str, str], said: str, language: Language) -> bool:
    """Whether one time is accepted: nothing in the sentence undoes it, and it is not one of several offered."""
    words = found["meeting_accept"]
    start = said.find(words)
    before, after = _ENDS.split(said[:start])[-1], _ENDS.split(said[start + len(words) :])[0]
    sentence = f"{before}{words}{after}"
    asked = said[start + len(words) + len(after) :][:1] == "?"
    if asked or any_of(language.person["negation"], sentence):
        return False
    return not ("briefing_request" in found and any_of(language.person["choice"], sentence))


def _answer(mail: Mail, found: Mapping[str, str], said: str, language: Language) -> Answer:
    name, confidence = _decide(found, said)
    words = found.get(name) or _sentence(said, "?")
    kind, subclass = _KINDS[name], _CALLED.get(name, name)
    if not _is_an_answer(mail) and kind is not Kind.NEGATIVE:
        # Nobody was asked: somebody sells, applies, or took us for another.
        return Answer(Kind.OTHER, "", 40, words[:LONGEST_WORDS], language.name)
    lasting = _is_lasting(name, said, language)
    if len(said) > _LONGEST or (not lasting and any_of(language.opt_out["doubt"], said)):
        # Overlooking a wish to be left in peace is the worst that can happen; long mail says more than one thing.
        confidence = min(confidence, _UNSURE)
    return Answer(kind, subclass, confidence, words[:LONGEST_WORDS], language.name, permanent=lasting)


def _decide(found: Mapping[str, str], said: str) -> tuple[str, int]:
    """The class that decides among those whose words are there, and how sure that is, in percent."""
    wants = bool(_WILLING & found.keys())
    for name, unless_wanted, alone, beside in _PRECEDENCE:
        if name in found and not (unless_wanted and wants):
            return name, beside if wants and name not in _WILLING else alone
    if "?" in said and not {"briefing_request", "request"} & found.keys():
        return "question", 75
    for name in ("briefing_request", "request", "interest", "question", "later"):
        if name in found:
            return name, 80
    return "ack", 80 if len(said) < _LONG else 60


def _is_lasting(name: str, said: str, language: Language) -> bool:
    if name == "wrong_person":
        return not any_of(language.person["pointer"], said)
    return name == "left_company" or (name == "not_interested" and bool(any_of(language.person["lasting"], said)))


def _is_an_answer(mail: Mail) -> bool:
    """To something we wrote: it says so in its header or subject, or quotes it."""
    if mail.answers or _IS_AN_ANSWER.match(one_line(mail.subject)):
        return True
    return len(own_words(mail.text)) < len(mail.text.strip()) and "\n>" in mail.text


def _sentence(said: str, mark: str) -> str:
    """The sentence that ends with a mark."""
    head = said.split(mark)[0]
    return re.split(r"[.!?\n]", head)[-1].strip() + mark if mark in said else ""
