"""Decides whether a mail is an opt-out, and of which sort: plain, with the law, or angry (LAW THR-07)."""

from datetime import datetime

from sequences.classifier.answer import LONGEST_WORDS, Answer, Kind
from sequences.classifier.languages import in_order, languages
from sequences.classifier.mail import Mail
from sequences.classifier.opt_outs import Wish, asks_to_stop
from sequences.classifier.own_words import own_words
from sequences.classifier.plain import plain
from sequences.classifier.wordbook import any_of

_READ = 4000
_A_BUTTON_SAYS = 200


def of_a_button(mail: Mail, at: datetime) -> Answer | None:
    """The mail that the unsubscribe button of a mail program writes: the wish is the subject, and it is automatic."""
    wish = asks_to_stop(mail.subject, "")
    if wish is None or len(own_words(mail.text)) > _A_BUTTON_SAYS:
        return None
    return _opt_out(wish, "unsubscribe", 90)


def judge(mail: Mail, at: datetime) -> Answer | None:
    """A person's wish to be left in peace."""
    wish = asks_to_stop(mail.subject, mail.text)
    said = plain(own_words(mail.text) or mail.subject)[:_READ]
    if wish is None:
        return _complaint(said)
    return _opt_out(wish, _sort(said, wish.language), 90)


def _sort(said: str, language: str) -> str:
    order = [known for name, known in languages().items() if name in {language, "en"}]
    for name, subclass in (("legal", "legal_demand"), ("hostile", "hostile")):
        if any(any_of(language.opt_out.get(name, ()), said) for language in order):
            return subclass
    return "unsubscribe"


def _complaint(said: str) -> Answer | None:
    """Words that announce or tell of a complaint (LAW ARF-06)."""
    for language in in_order(said):
        if found := any_of(language.complaint.get("words", ()), said):
            return Answer(Kind.COMPLAINT, "abuse", 75, found[:LONGEST_WORDS], language.name, permanent=True)
    return None


def _opt_out(wish: Wish, subclass: str, confidence: int) -> Answer:
    return Answer(Kind.OPT_OUT, subclass, confidence, wish.words[:LONGEST_WORDS], wish.language, permanent=True)
