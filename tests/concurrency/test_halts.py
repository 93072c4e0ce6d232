"""Stops while everybody is at work: they win, in an order the numbers prove (LAW G9, PIP-13; FT-86, FT-87)."""

import os
import random
import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from django.contrib.auth.models import User

from compliance import halts
from compliance.acts import Consent
from compliance.models import Decision, Halt, Outcome, Suppression
from compliance.principals import SYSTEM
from compliance.refusals import Refused
from handoff import metrics
from handoff.demo.catcher import Catcher
from sequences import approval, planner, sender
from sequences.models import Contact, Mailbox, OutboundMessage, Template, TemplateVersion
from tests.cast import TUESDAY
from tests.concurrency.together import together
from tests.factories import TemplateVersionFactory, UserFactory, playbook_loaded
from tests.sequences.campaign import PLENTY, State, broken_promises, opt_out, under_way

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

WHY = Consent("The cause is mended.")
WORKERS = 4
# `make faults` asks for the thousand of LAW FT-86 and the ten thousand of LAW PIP-13.
ASKED = int(os.environ.get("HANDOFF_FAULT_ROUNDS", "0"))
ROUNDS, MESSAGES = min(1000, ASKED or 60), min(10_000, ASKED or 500)


@pytest.fixture
def catcher() -> Iterator[Catcher]:
    """A server that takes everything."""
    with Catcher() as running:
        yield running


def press(scope: str = halts.EVERYTHING) -> Halt:
    return halts.place(scope, Halt.Kind.KILL_SWITCH, "Now.", by=SYSTEM, at=TUESDAY)


def passed_after(halt: Halt) -> int:
    return Decision.objects.filter(outcome=Outcome.PERMIT, order_no__gt=halt.order_no).count()


class TestTheKillSwitchAtFullLoad:
    @pytest.mark.parametrize(("scope", "people"), [("installation", MESSAGES), ("mailbox", 100), ("template", 100)])
    def test_nothing_passes_the_door_after_it_is_pressed(self, catcher: Catcher, scope: str, people: int) -> None:
        playbook_loaded(caps=PLENTY)
        under_way(catcher.port, people=people)
        while OutboundMessage.objects.count() < people:
            planner.plan_round(TUESDAY)
        keys = {"mailbox": Mailbox.objects.get().key, "template": Template.objects.get().key}
        pressed = keys.get(scope, halts.EVERYTHING)

        def switch() -> None:
            while len(catcher.caught) < people // 10:
                pass_by.wait(0.01)
            press(pressed)

        def work() -> None:
            while not halts.standing():
                sender.send_round(TUESDAY)

        pass_by = threading.Event()
        assert together([*[work] * WORKERS, switch]) == []
        halt = Halt.objects.get()
        gone = Decision.objects.filter(outcome=Outcome.PERMIT).count()
        assert passed_after(halt) == 0
        assert people // 10 <= gone < people
        # What was past the door finished, everything else waits; nothing is lost.
        assert len(catcher.caught) == gone
        assert metrics.message_states() == {State.ACCEPTED: gone, State.PLANNED: people - gone}
        assert broken_promises() == {}


class TestEverythingAtTheSameInstant:
    def test_again_and_again_approve_edit_stop_opt_out_and_clear(self, catcher: Catcher) -> None:
        """FT-86: no deadlock, a legal serial order, and a stop that came first has won."""
        playbook_loaded(caps=PLENTY)
        under_way(catcher.port, people=ROUNDS)
        planner.plan_round(TUESDAY)
        signers = [UserFactory(role="cmo") for _signer in range(2)]
        starters = UserFactory(role="cro"), UserFactory(role="sales_ops")
        author = UserFactory(role="content")
        lots = random.Random(86)  # noqa: S311 - drawing lots, not keys
        for contact in list(Contact.objects.order_by("pk")):
            OutboundMessage.objects.exclude(enrollment__contact=contact).filter(state=State.PLANNED).update(
                not_before=TUESDAY.replace(year=2027)
            )
            OutboundMessage.objects.filter(enrollment__contact=contact).update(not_before=TUESDAY)
            works = one_instant(contact, text_to_sign(author), signers)
            lots.shuffle(works)
            assert [fault for fault in together(works) if not isinstance(fault, Refused)] == []
            assert_stops_won(contact)
            lift_all(*starters)
        assert broken_promises() == {}
        assert Suppression.objects.count() == ROUNDS


def text_to_sign(author: User) -> TemplateVersion:
    row = TemplateVersionFactory(author=author)
    return approval.submit(row, by=row.author, at=TUESDAY, consent=Consent())


def one_instant(contact: Contact, text: TemplateVersion, signers: list[User]) -> list[Callable[[], object]]:
    return [
        partial(sender.send_round, TUESDAY),
        partial(sender.send_round, TUESDAY),
        partial(opt_out, contact.address),
        partial(press, Mailbox.objects.get().key),
        press,
        *[partial(approval.sign_text, text, by=by, at=TUESDAY, consent=Consent("", text.digest)) for by in signers],
        partial(Contact.objects.filter(pk=contact.pk).update, title="Head of Everything"),
    ]


def assert_stops_won(contact: Contact) -> None:
    message = OutboundMessage.objects.get(enrollment__contact=contact)
    yes = Decision.objects.filter(ref=message.ref, outcome=Outcome.PERMIT).values_list("order_no", flat=True)
    stops = [
        *Halt.objects.exclude(state=Halt.State.LIFTED).values_list("order_no", flat=True),
        *Suppression.objects.filter(person=contact.card.person_id).values_list("order_no", flat=True),
    ]
    assert len(stops) == 3
    assert len(yes) <= 1
    assert all(number < stop for number in yes for stop in stops)
    assert (message.state == State.ACCEPTED) == bool(yes)


def lift_all(first: User, second: User) -> None:
    for row in halts.standing().values():
        halts.confirm_start(halts.ask_start(row, by=first, at=TUESDAY, consent=WHY), by=second, at=TUESDAY, consent=WHY)


class TestStartingAgain:
    def test_a_stop_beside_a_confirmation_is_never_lost(self) -> None:
        first, second = UserFactory(role="cro"), UserFactory(role="sales_ops")
        person = UserFactory(role="rep")
        for _round in range(40):
            asked = halts.ask_start(press(), by=first, at=TUESDAY, consent=WHY)
            stop = partial(halts.place, halts.EVERYTHING, Halt.Kind.KILL_SWITCH, "No!", by=person, at=TUESDAY)
            confirm = partial(halts.confirm_start, asked, by=second, at=TUESDAY, consent=WHY)
            assert {type(fault) for fault in together([stop, confirm])} <= {Refused}
            assert halts.EVERYTHING in halts.standing()

    def test_pressed_by_eight_at_once_it_is_one_halt(self) -> None:
        assert together([press] * 8) == []
        assert Halt.objects.count() == 1

    def test_two_confirmations_start_once(self) -> None:
        asked = halts.ask_start(press(), by=UserFactory(role="cro"), at=TUESDAY, consent=WHY)
        people = [UserFactory(role="sales_ops") for _person in range(4)]
        faults = together([partial(halts.confirm_start, asked, by=by, at=TUESDAY, consent=WHY) for by in people])
        assert [type(fault) for fault in faults] == [Refused] * 3
