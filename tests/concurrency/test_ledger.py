"""Stops, clearances and caps at the same instant: whoever commits first is first, and no cap leaks (LAW §2.2)."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import pytest
from django.db import DatabaseError
from pytest_django.fixtures import Settings

from compliance import addresses, cards, suppression
from compliance.asking import Ask
from compliance.models import AddressCard, Decision, PersonKey, Suppression, SuppressionReason, Touch
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from handoff import metrics
from tests.cast import LONG_AGO, TUESDAY
from tests.compliance.asking import RULES, ask, clear, stop, stop_domain
from tests.compliance.odd_rules import Meanwhile
from tests.concurrency.together import together
from tests.factories import playbook_loaded

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
WORKERS = 12
CLICKED = Stop(SuppressionReason.ONE_CLICK)


@pytest.fixture(autouse=True)
def _ledger_rules(settings: Settings) -> None:
    settings.CLEARANCE_RULES = RULES


def caps(**limits: int) -> None:
    names = ("person", "account", "recipient_domain", "mailbox", "new_people")
    wide = {"hours": 24, "because": "Another cap is looked at."}
    playbook_loaded(caps={name: {**wide, "limit": limits.get(name, 10_000)} for name in names})


def clear_all(questions: Iterable[Ask]) -> None:
    for question in questions:
        clear(question)


def permitted() -> int:
    return Decision.objects.filter(outcome="permit").count()


def people(count: int) -> list[str]:
    """Addresses with cards, at a few domains."""
    texts = [f"person.{number}@d{number % 5}.example.com" for number in range(count)]
    cards.find_or_make([addresses.parse(text) for text in texts], at=LONG_AGO)
    return texts


def shares(works: Sequence[Callable[[], object]], workers: int) -> list[Callable[[], None]]:
    """The works dealt out to so many workers."""

    def run(mine: Sequence[Callable[[], object]]) -> None:
        for work in mine:
            work()

    return [partial(run, works[first::workers]) for first in range(workers)]


def meet(text: str, ref: str) -> None:
    """Somebody new is imported and written to."""
    clear(ask(text, ref))


def click(text: str) -> None:
    digest = cards.canonical_digests(addresses.parse(text))[-1]
    suppression.stop_digest(digest, CLICKED, by=SYSTEM, at=TUESDAY)


def test_of_a_stop_and_a_clearance_at_the_same_instant_the_first_wins() -> None:
    caps()
    works: list[Callable[[], object]] = []
    for number, text in enumerate(people(150)):
        works += [partial(clear, ask(text, f"{number}/1")), partial(click, text)]
    random.Random(1).shuffle(works)  # noqa: S311
    assert together(shares(works, WORKERS)) == []
    assert metrics.sends_after_stop() == 0
    assert Suppression.objects.count() == Decision.objects.count() == 150
    assert 0 < permitted() < 150


def test_each_clearance_agrees_with_the_order_of_the_stops() -> None:
    caps()
    questions = {text: ask(text, f"{number}/1") for number, text in enumerate(people(80))}
    works = [partial(clear, question) for question in questions.values()] + [partial(click, text) for text in questions]
    random.Random(2).shuffle(works)  # noqa: S311
    assert together(shares(works, WORKERS)) == []
    stops = dict(Suppression.objects.values_list("person", "order_no"))
    late = [(row.outcome, row.order_no > stops[row.person]) for row in Decision.objects.all()]
    assert {outcome for outcome, after in late if after} <= {"refuse"}
    assert {outcome for outcome, after in late if not after} <= {"permit"}


def test_who_was_stopped_before_is_refused_by_every_worker() -> None:
    caps()
    texts = people(60)
    for text in texts[:30]:
        stop(text)
    works = [partial(clear, ask(text, f"{number}/1")) for number, text in enumerate(texts)]
    assert together(shares(works, WORKERS)) == []
    assert dict(Counter(Decision.objects.values_list("outcome", flat=True))) == {"refuse": 30, "permit": 30}
    assert metrics.sends_after_stop() == 0


def test_a_stop_for_the_domain_binds_everybody_there_at_once() -> None:
    caps()
    works: list[Callable[[], object]] = [
        partial(clear, ask(text, f"{number}/1")) for number, text in enumerate(people(120))
    ]
    random.Random(3).shuffle(works)  # noqa: S311
    works[40:40] = [partial(stop_domain, "d1.example.com"), partial(stop_domain, "example.com")]
    assert together(shares(works, WORKERS)) == []
    assert metrics.sends_after_stop() == 0
    assert 0 < permitted() < 120


def test_a_click_of_somebody_whose_card_is_being_made_anew_holds() -> None:
    caps()
    texts = [f"new.{number}@example.com" for number in range(60)]
    works: list[Callable[[], object]] = [partial(click, text) for text in texts]
    works += [partial(meet, text, f"{number}/1") for number, text in enumerate(texts)]
    random.Random(4).shuffle(works)  # noqa: S311
    assert together(shares(works, WORKERS)) == []
    assert metrics.sends_after_stop() == 0


KINDS = ["known", "under a newer key", "domain", "parent domain", "domain in another reading", "older reading"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_stop_waits_for_a_clearance_that_is_deciding_and_comes_after_it(settings: Settings, kind: str) -> None:
    caps()
    question = ask("ada@stra\u00dfe.de" if kind == "older reading" else "ada@mail.strasse.de")
    settings.CLEARANCE_RULES = [*RULES, "tests.compliance.odd_rules.Meanwhile"]
    if kind == "under a newer key":
        settings.HANDOFF_KEYS = {**settings.HANDOFF_KEYS, 2: b"\2" * 32}
    stops: dict[str, Callable[[], object]] = {
        "known": partial(click, "ada@mail.strasse.de"),
        "under a newer key": partial(click, "ada@mail.strasse.de"),
        "domain": partial(stop_domain, "mail.strasse.de"),
        "parent domain": partial(stop_domain, "strasse.de"),
        "older reading": partial(stop_domain, "strasse.de"),
        "domain in another reading": partial(stop_domain, "stra\u00dfe.de"),
    }
    Meanwhile.done, Meanwhile.work = [], stops[kind]
    (ruling,) = clear(question)
    Meanwhile.thread.join()
    assert Meanwhile.done == ["decided", "stopped"]
    assert ruling.permitted
    assert ruling.order_no < Suppression.objects.get().order_no


def test_a_mailbox_lets_exactly_its_cap_through() -> None:
    caps(mailbox=60)
    questions = [
        ask(text, f"{number}/1", account=f"account:{number % 7}") for number, text in enumerate(people(WORKERS * 10))
    ]
    assert together([partial(clear_all, questions[first::WORKERS]) for first in range(WORKERS)]) == []
    assert permitted() == Touch.objects.count() == 60


def test_a_person_is_written_to_exactly_as_often_as_the_cap_allows() -> None:
    caps(person=3)
    works = [partial(clear, ask(ref=f"{number}/1", mailbox=f"mailbox:{number}")) for number in range(WORKERS * 4)]
    assert together(shares(works, WORKERS)) == []
    assert permitted() == 3


@pytest.mark.parametrize("name", ["account", "recipient_domain"])
def test_an_account_and_a_domain_let_exactly_their_cap_through(name: str) -> None:
    caps(**{name: 5})
    works = [
        partial(clear, ask(f"p{number}@one.example.com", f"{number}/1", mailbox=f"mailbox:{number}"))
        for number in range(WORKERS * 3)
    ]
    assert together(shares(works, WORKERS)) == []
    assert permitted() == 5


def test_batches_of_the_same_people_in_any_order_do_not_block_each_other() -> None:
    caps(person=2)
    questions = [ask(text, f"{number}/1") for number, text in enumerate(people(30))]
    dice = random.Random(5)  # noqa: S311
    works = []
    for attempt in range(1, WORKERS + 1):
        batch = [Ask(**{**vars(one), "attempt": attempt, "ref": f"{one.ref}/{attempt}"}) for one in questions]
        works.append(partial(clear, *dice.sample(batch, len(batch))))
    assert together(works) == []
    assert permitted() == 60


def test_clearances_stops_domains_and_imports_mixed_never_deadlock() -> None:
    caps()
    texts, dice = people(60), random.Random(6)  # noqa: S311
    works: list[Callable[[], object]] = []
    for number in range(160):
        batch = [ask(text, f"{number}/{text}") for text in dice.sample(texts, 3)]
        works += [partial(clear, *batch), partial(stop, dice.choice(texts)), partial(click, dice.choice(texts))]
        works += [partial(stop_domain, f"d{number % 5}.example.com")] if number % 40 == 0 else []
        fresh = [addresses.parse(text) for text in dice.sample(texts, 5)]
        works.append(partial(cards.find_or_make, fresh, at=LONG_AGO))
    dice.shuffle(works)
    faults = together(shares(works, WORKERS))
    assert [fault for fault in faults if isinstance(fault, DatabaseError)] == []
    assert faults == []
    assert metrics.sends_after_stop() == 0


def test_one_address_in_many_imports_gets_one_card_and_one_person() -> None:
    wanted = [addresses.parse(f"person.{number}@example.com") for number in range(40)]
    orders = [random.Random(seed).sample(wanted, len(wanted)) for seed in range(WORKERS)]  # noqa: S311
    assert together([partial(cards.find_or_make, order, at=LONG_AGO) for order in orders]) == []
    assert AddressCard.objects.count() == PersonKey.objects.count() == 40
