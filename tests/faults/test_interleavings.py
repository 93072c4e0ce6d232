"""Stops and clearances meet at random, as often as asked for: whoever commits first is first (LAW UNS-10, FT-21).

HANDOFF_FAULT_ROUNDS says how many meetings there are; `make faults` asks for 100,000, a part at a time.
"""

import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from compliance import addresses, cards, erasing, suppression
from compliance.asking import Ask
from compliance.models import AddressCard, Decision, SuppressionReason
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from handoff import metrics
from tests.cast import LONG_AGO, TUESDAY
from tests.compliance.asking import RULES, ask, clear
from tests.concurrency.together import together
from tests.factories import playbook_loaded

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
ROUNDS = int(os.environ.get("HANDOFF_FAULT_ROUNDS", "200"))
_AT_ONCE = 200
# Each part has a database of its own, whose tables stay small, and processes share the parts.
_OF_PART = 5_000
PARTS = [min(_OF_PART, ROUNDS - first) for first in range(0, ROUNDS, _OF_PART)]
_COUPLES = 3
_LONGEST_MOMENT = 40
_PLENTY = {"limit": 1_000_000, "hours": 24, "because": "Only the order of stops and clearances is looked at."}
_CAPS = ("person", "account", "recipient_domain", "mailbox", "new_people")


def click(question: Ask) -> None:
    """The link in the mail."""
    digest = cards.canonical_digests(question.address)[-1]
    suppression.stop_digest(digest, Stop(SuppressionReason.ONE_CLICK), by=SYSTEM, at=TUESDAY)


def telephone(question: Ask) -> None:
    """Another spelling of the address."""
    local, _at, domain = question.address.text.partition("@")
    spelled = addresses.parse(f"{local.upper()}+news@{domain}")
    suppression.stop_address(spelled, Stop(SuppressionReason.BY_PHONE), by=SYSTEM, at=TUESDAY)


def whole_domain(question: Ask) -> None:
    suppression.stop_domain(question.address.domain, Stop(SuppressionReason.LEGAL_DEMAND), by=SYSTEM, at=TUESDAY)


def erase(question: Ask) -> None:
    erasing.erase(AddressCard.objects.get(person=question.person), by=SYSTEM, at=TUESDAY)


WAYS: Sequence[Callable[[Ask], None]] = (click, telephone, whole_domain, erase)


def strangers(first: int) -> list[Ask]:
    """People nobody has stopped or written to, each at a company of their own."""
    texts = [f"person{first + number}@d{first + number}.example" for number in range(_AT_ONCE)]
    cards.find_or_make([addresses.parse(text) for text in texts], at=LONG_AGO)
    return [ask(text, f"{first + number}/1") for number, text in enumerate(texts)]


def hesitate(turns: int) -> None:
    """A moment that differs from meeting to meeting, in round trips to the database."""
    with connection.cursor() as cursor:
        for _turn in range(turns):
            cursor.execute("SELECT 1")


def side(meet: threading.Barrier, works: Sequence[Callable[[], object]], turns: Sequence[int]) -> None:
    """One of two who come to each meeting at the same instant and hesitate, each for itself."""
    for work, turn in zip(works, turns, strict=True):
        meet.wait(120)
        hesitate(turn)
        work()


def couples(questions: Sequence[Ask], chance: random.Random) -> list[Callable[[], None]]:
    """Couples of workers: one sends, one stops, the same person at the same instant."""
    works: list[Callable[[], None]] = []
    for first in range(_COUPLES):
        mine, meet = questions[first::_COUPLES], threading.Barrier(2)
        stops = [partial(chance.choice(WAYS), question) for question in mine]
        sends = [partial(clear, question) for question in mine]
        for what in (stops, sends):
            works.append(partial(side, meet, what, [chance.randrange(_LONGEST_MOMENT) for _one in what]))
    return works


@pytest.mark.parametrize("meetings", PARTS, ids=[f"part{number}" for number in range(1, len(PARTS) + 1)])
def test_no_stop_is_overtaken_however_they_meet(settings: Settings, meetings: int) -> None:
    settings.CLEARANCE_RULES = RULES
    playbook_loaded(caps=dict.fromkeys(_CAPS, _PLENTY))
    seed = random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)  # noqa: S311 - a place to begin from that can be named
    for first in range(0, meetings, _AT_ONCE):
        assert together(couples(strangers(first), chance)) == [], f"seed {seed}"
        assert metrics.sends_after_stop() == 0, f"seed {seed}"
    said = Counter(Decision.objects.values_list("outcome", flat=True))
    assert min(said["permit"], said["refuse"]) > meetings / 50, f"seed {seed}: one side was always first, {said}"
