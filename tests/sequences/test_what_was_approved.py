"""Whatever was approved is what goes: each thing that LAW APR-01 names, changed after the signatures, one at a time.

Four people are on their way: Ada and Bob before the first step of a sequence, Cyd before its second one, Dan in another
list with another sequence. A change holds the messages that it concerns, no others, and says why.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from compliance.admin_words import say
from compliance.clearance import preview
from sequences import asks, lists
from sequences.models import (
    Account,
    Contact,
    Enrollment,
    ListRow,
    Mailbox,
    RecipientList,
    SequenceVersion,
    Step,
    TemplateVersion,
)
from sequences.render import skeleton
from tests.cast import PLAYBOOK, TUESDAY, WORDING
from tests.factories import (
    ContactFactory,
    MailboxFactory,
    UserFactory,
    approved_sequence,
    playbook_loaded,
    running_list,
    signed_text,
)

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

FIRST, WHOLE, EVERYBODY = ("Ada", "Bob"), ("Ada", "Bob", "Cyd"), ("Ada", "Bob", "Cyd", "Dan")
LINKED = WORDING["body"].replace("\n---\n", "\n[How it works](https://ours.example.com/how)\n\n---\n")


@dataclass(frozen=True)
class Case:
    """What is changed, whom it holds by which code, and some of the words it is told in."""

    change: Callable[[], Any]
    held: Mapping[str, str]
    words: str


@pytest.fixture(autouse=True)
def _on_their_way() -> None:
    playbook_loaded()
    MailboxFactory(name="Rick Halvorsen", address="rick@ours.example.com")
    MailboxFactory(name="Maren Holt", address="maren@ours.example.com")
    texts = [signed_text(TUESDAY, body=LINKED) for _step in range(3)]
    people = {name: ContactFactory(first_name=name) for name in EVERYBODY}
    running_list(TUESDAY, [people[name] for name in WHOLE], approved_sequence(TUESDAY, texts=texts))
    running_list(TUESDAY, [people["Dan"]], approved_sequence(TUESDAY, steps=1))
    Enrollment.objects.filter(contact__first_name="Cyd").update(next_step=2)
    assert held() == {}


def held() -> dict[str, str]:
    """{person: code} of everybody whose next message the door would hold."""
    rows = Enrollment.objects.select_related("mailbox", "contact").order_by("pk")
    rulings = preview([asks.for_step(row) for row in rows], TUESDAY)
    pairs = zip(rows, rulings, strict=True)
    return {row.contact.first_name: ruling.code for row, ruling in pairs if not ruling.permitted}


def text(position: int, **said: str) -> None:
    version = SequenceVersion.objects.order_by("pk")[0]
    TemplateVersion.objects.filter(steps__version=version, steps__position=position).update(**said)


def step(position: int, **said: Any) -> None:
    version = SequenceVersion.objects.order_by("pk")[0]
    Step.objects.filter(version=version, position=position).update(**said)


def another_text() -> None:
    """The second step sends another text, which is signed as well."""
    step(2, template_version=signed_text(TUESDAY))


def one_more_step() -> None:
    version = SequenceVersion.objects.order_by("pk")[0]
    Step.objects.create(version=version, position=4, template_version=signed_text(TUESDAY), wait_days=14)


def person(who: str, **said: str) -> None:
    Contact.objects.filter(first_name=who).update(**said)


def row(who: str, **said: str) -> None:
    ListRow.objects.filter(contact__first_name=who).update(**said)


def company(who: str, **said: str) -> None:
    Account.objects.filter(contacts__first_name=who).update(**said)


def mailbox_of(name: str) -> Mailbox:
    return Enrollment.objects.get(contact__first_name=name).mailbox


def rename_sender(who: str, **said: str) -> None:
    Mailbox.objects.filter(pk=mailbox_of(who).pk).update(**said)


def sent_by_the_other(name: str) -> None:
    other = Mailbox.objects.exclude(pk=mailbox_of(name).pk)[0]
    Enrollment.objects.filter(contact__first_name=name).update(mailbox=other)


def playbook(**sections: Any) -> None:
    whole: dict[str, Any] = {key: {**PLAYBOOK[key], **changed} for key, changed in sections.items()}
    playbook_loaded(**whole)


def by_the_same_sender(name: str) -> set[str]:
    theirs = Enrollment.objects.filter(mailbox=mailbox_of(name))
    return set(theirs.values_list("contact__first_name", flat=True))


def another_row() -> None:
    listed = RecipientList.objects.order_by("pk")[0]
    lists.add(listed, [(ContactFactory(), "fair", "consent")], by=UserFactory(role="sales_ops"), at=TUESDAY)


def took_off(name: str) -> None:
    lists.take_off([ListRow.objects.get(contact__first_name=name)], by=UserFactory(role="sales_ops"), at=TUESDAY)


def all_of(names: tuple[str, ...], code: str) -> dict[str, str]:
    return dict.fromkeys(names, code)


SEQUENCE = "sequence is not what was signed"
TEXT_1 = {**all_of(FIRST, "text_changed"), "Cyd": "sequence_changed"}
TEXT_2 = {**all_of(FIRST, "sequence_changed"), "Cyd": "text_changed"}
STEPS = all_of(WHOLE, "sequence_changed")
PLAYS = all_of(EVERYBODY, "playbook_changed")
OUR_OWN = "legal name, postal address or schedule changed"
THEIRS = "person's data changed"

CASES = {
    "subject": Case(lambda: text(1, subject=WORDING["subject"] + " "), TEXT_1, "text is not what was signed"),
    "preview": Case(lambda: text(1, preview="Another"), TEXT_1, "text is not what was signed"),
    "text, one space": Case(lambda: text(1, body=LINKED.replace("Hi ", "Hi  ")), TEXT_1, "text is not what was"),
    "text of a later step": Case(lambda: text(3, body=LINKED.replace("Hi ", "Hi  ")), STEPS, SEQUENCE),
    "language": Case(lambda: text(2, language="de"), TEXT_2, SEQUENCE),
    "link target": Case(lambda: text(2, body=LINKED.replace("/how", "/buy")), TEXT_2, SEQUENCE),
    "delay": Case(lambda: step(3, wait_days=15), STEPS, SEQUENCE),
    "kind of delay": Case(lambda: step(3, wait_kind="business"), STEPS, SEQUENCE),
    "another signed text": Case(another_text, STEPS, SEQUENCE),
    "one more step": Case(one_more_step, STEPS, SEQUENCE),
    "sender of one": Case(lambda: sent_by_the_other("Bob"), {"Bob": "sender_changed"}, "sender"),
    "windows": Case(
        lambda: playbook(sequences={"windows": [{"days": ["tue"], "opens": "07:00", "closes": "20:00"}]}),
        PLAYS,
        OUR_OWN,
    ),
    "how late is too late": Case(lambda: playbook(sequences={"stale_after_days": 30}), PLAYS, OUR_OWN),
    "legal name": Case(lambda: playbook(sender={"legal_name": "Another LLC"}), PLAYS, OUR_OWN),
    "postal address": Case(lambda: playbook(sender={"postal_address": "1 Elsewhere"}), PLAYS, OUR_OWN),
    "value of a row": Case(lambda: company("Ada", name="Renamed Ltd"), {"Ada": "row_changed"}, THEIRS),
    "country of a row": Case(lambda: person("Ada", country="AT"), {"Ada": "row_changed"}, THEIRS),
    "address of a row": Case(lambda: person("Cyd", address="c.y.d@pumps.example"), {"Cyd": "row_changed"}, THEIRS),
    "source of a row": Case(lambda: row("Bob", source="newsletter"), {"Bob": "row_changed"}, THEIRS),
    "basis of a row": Case(lambda: row("Dan", basis="consent"), {"Dan": "row_changed"}, THEIRS),
    "a row more": Case(another_row, {}, ""),
    "a row less": Case(lambda: took_off("Bob"), {"Bob": "removed_from_list"}, "taken off the list"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_change_holds_what_it_concerns_and_says_why(name: str) -> None:
    case = CASES[name]
    case.change()
    assert held() == case.held
    assert not case.words or any(case.words in str(say(code)) for code in case.held.values())


@pytest.mark.parametrize("said", [{"name": "Somebody Else"}, {"address": "somebody@ours.example.com"}])
def test_a_sender_who_is_named_otherwise_holds_whom_they_write_to(said: dict[str, str]) -> None:
    theirs = by_the_same_sender("Ada")
    rename_sender("Ada", **said)
    assert held() == dict.fromkeys(theirs, "sender_changed")
    assert set() < theirs < set(EVERYBODY)


def test_html_that_would_be_made_otherwise_is_not_what_was_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        monkeypatch.setattr(skeleton, "RENDERER_VERSION", "another")
        skeleton._compiled.cache_clear()
        assert held() == all_of(EVERYBODY, "text_changed")
    finally:
        skeleton._compiled.cache_clear()
