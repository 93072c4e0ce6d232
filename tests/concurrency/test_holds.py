"""A hold beside a clearance, a merge and its own end: the order that the numbers tell is the order that was kept."""

from functools import partial

import pytest

from compliance import holds, persons
from compliance.models import AddressCard, Decision, Hold, Outcome
from compliance.principals import SYSTEM
from compliance.refusals import Refused
from handoff.demo.catcher import Catcher
from sequences import planner, sender
from sequences.models import Contact, OutboundMessage
from tests.cast import TUESDAY
from tests.concurrency.test_sending import at_rcpt
from tests.concurrency.together import together
from tests.factories import card_of, playbook_loaded
from tests.sequences.campaign import PLENTY, State, broken_promises, message, play, under_way

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

MAIL = "sequences.inboundmessage:{number}"
ROUNDS = 40


def place(address: str, number: int = 7) -> Hold | None:
    digest = AddressCard.objects.get(pk=card_of(address).pk).digest
    return holds.place(digest, source=MAIL.format(number=number), by=SYSTEM, at=TUESDAY)


def end(number: int = 7) -> None:
    holds.end(MAIL.format(number=number), by=SYSTEM, at=TUESDAY)


def answered() -> None:
    place(Contact.objects.get().address)


def test_a_hold_between_recipient_and_text_wins() -> None:
    with Catcher(refuse=at_rcpt(answered)) as catcher:
        under_way(catcher.port)
        play()
    assert catcher.caught == []
    assert message().reason == "held"
    assert not Decision.objects.filter(outcome=Outcome.PERMIT).exists()


def test_a_hold_beside_a_clearance_comes_before_it_or_after_it() -> None:
    playbook_loaded(caps=PLENTY)
    with Catcher() as catcher:
        under_way(catcher.port, people=ROUNDS)
        planner.plan_round(TUESDAY)
        works = [partial(place, contact.address, contact.pk) for contact in Contact.objects.all()]
        sending = [partial(sender.send_round, TUESDAY) for _worker in range(3)]
        assert together([*sending, lambda: [work() for work in works]]) == []
    assert Hold.objects.count() == ROUNDS
    assert OutboundMessage.objects.filter(state=State.ACCEPTED).count() == len(catcher.caught)
    assert broken_promises() == {}


def test_one_mail_taken_twice_at_once_is_one_hold() -> None:
    card_of("ada@example.com")
    assert together([partial(place, "ada@example.com")] * 6) == []
    assert Hold.objects.count() == 1


def test_a_merge_beside_a_hold_leaves_nobody_free() -> None:
    for number in range(ROUNDS):
        ada, countess = (card_of(f"{name}.{number}@example.com") for name in ("ada", "countess"))
        merge = partial(persons.merge, ada.person_id, countess.person_id, by=SYSTEM, at=TUESDAY, reason="one person")
        assert together([merge, partial(place, f"countess.{number}@example.com", number)]) == []
        assert ada.person_id in holds.standing([ada.person_id])


def test_a_merge_beside_its_end_leaves_nobody_held() -> None:
    for number in range(ROUNDS):
        ada, countess = (card_of(f"{name}.{number}@example.com") for name in ("ada", "countess"))
        place(f"countess.{number}@example.com", number)
        merge = partial(persons.merge, ada.person_id, countess.person_id, by=SYSTEM, at=TUESDAY, reason="one person")
        faults = together([merge, partial(end, number)])
        assert [fault for fault in faults if not isinstance(fault, Refused)] == []
        assert not Hold.objects.filter(ended_at__isnull=True).exists()
