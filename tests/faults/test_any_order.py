"""Whatever is done in whatever order, nobody is written to after a stop (LAW G1, G9, G11; SUP-09, PIP-14).

People are written to, opt out, come back, turn out to be one or two, are erased; sending is halted and started; the
database is restored from a copy. A small model says whom the door must refuse, and after each step the promises hold.
"""

import os
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import HealthCheck
from hypothesis import settings as Trials  # noqa: N812 - pytest has a fixture of that name
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from hypothesis.strategies import booleans

from compliance import addresses, arming, cards, clearance, erasing, halts, invariants, lifting, persons, suppression
from compliance.acts import Consent
from compliance.models import AddressCard, Halt, Installation, OptIn, Suppression, SuppressionReason
from compliance.principals import SYSTEM
from compliance.refusals import Refused
from compliance.suppression import Stop
from sequences.invariants import MESSAGES_GONE
from tests.cast import LONG_AGO, TUESDAY
from tests.compliance.asking import RULES, ask, clear
from tests.factories import UserFactory, armed, playbook_loaded

pytestmark = pytest.mark.django_db(transaction=True)
EXAMPLES = int(os.environ.get("HANDOFF_FAULT_EXAMPLES", "12"))
STEPS = 40
_PLENTY = {"limit": 1_000_000, "hours": 24, "because": "Only stops and halts are looked at."}
_CAPS = ("person", "account", "recipient_domain", "mailbox", "new_people")
_NUMBERS = count(1)
_ASKED = (SuppressionReason.ONE_CLICK, SuppressionReason.COMPLAINT, SuppressionReason.BY_PHONE)
_BECAUSE = Consent(comment="It was looked into.")


def card_of(text: str) -> AddressCard:
    parsed = addresses.parse(text)
    return cards.find([parsed])[parsed.canonical]


def moment() -> datetime:
    """Never the same twice, as it is outside of tests: two lives of a database tell their stops apart by it."""
    return TUESDAY + timedelta(microseconds=next(_NUMBERS))


def copied() -> sqlite3.Connection:
    """The whole database as it is now."""
    connection.ensure_connection()
    copy = sqlite3.connect(":memory:")
    connection.connection.backup(copy)
    return copy


class World(RuleBasedStateMachine):
    """The people of one example; other examples' people are strangers to them."""

    people = Bundle("people")

    def __init__(self) -> None:
        super().__init__()
        self.one, self.other = (UserFactory(role=role) for role in ("legal", "cro"))
        self.who: dict[str, int] = {}
        self.left_in_peace: set[str] = set()
        self.halt: Halt | None = None
        self.stood: set[str] = set()
        self.copy: tuple[sqlite3.Connection, Halt | None, dict[str, int]] | None = None
        self.restored = self.lost = False

    @rule(target=people)
    def meet(self) -> str:
        text = f"person{next(_NUMBERS)}@d{next(_NUMBERS)}.example"
        cards.find_or_make([addresses.parse(text)], at=LONG_AGO)
        self.who[text] = next(_NUMBERS)
        return text

    @rule(person=people)
    def write(self, person: str) -> None:
        """The door is asked for good; what it says without locks a moment before is the same."""
        if not self.known(person):
            return
        question = ask(person, f"{next(_NUMBERS)}/1")
        expected = clearance.preview([question], TUESDAY)[0].outcome
        try:
            (ruling,) = clear(question)
        except arming.NotArmed:
            assert self.restored
            return
        assert not self.lost
        assert ruling.outcome == expected
        if self.halt or person in self.left_in_peace:
            assert not ruling.permitted
        elif not self.restored:
            assert ruling.permitted

    @rule(person=people, choice=booleans())
    def opt_out(self, person: str, choice: bool) -> None:
        local, _at, domain = person.partition("@")
        spelled = addresses.parse(f"{local.upper()}+x@{domain}" if choice else person)
        reason = _ASKED[next(_NUMBERS) % len(_ASKED)]
        suppression.stop_address(spelled, Stop(reason, source=f"step {next(_NUMBERS)}"), by=SYSTEM, at=moment())
        self.leave_in_peace(person)

    @rule(person=people)
    def come_back(self, person: str) -> None:
        """Their own opt-in and two people lift every stop there is."""
        if not self.known(person):
            return
        same = self.same(person)
        opt_in = lifting.record_opt_in(
            addresses.parse(person), OptIn.Way.FORM, "Write to me again", "a form", by=self.one, at=TUESDAY
        )
        for stop in self.holding({text for text in same if self.known(text)}):
            if "covers_others" in {refusal.code for refusal in lifting.against_asking(stop, self.one)}:
                # It holds for somebody else as well, whom they were once taken for: then it stays for both.
                return
            request = lifting.ask(stop, opt_in, "They asked", by=self.one, at=TUESDAY)
            lifting.confirm(request, by=self.other, at=TUESDAY, consent=_BECAUSE)
        self.left_in_peace -= same

    @rule(kept=people, absorbed=people)
    def merge(self, kept: str, absorbed: str) -> None:
        if not (self.known(kept) and self.known(absorbed)):
            return
        try:
            persons.merge(
                card_of(kept).person_id, card_of(absorbed).person_id, by=self.one, at=TUESDAY, reason="one person"
            )
        except Refused:
            assert self.who[kept] == self.who[absorbed] or self.restored
            return
        both = self.same(kept) | self.same(absorbed)
        self.who.update(dict.fromkeys(both, self.who[kept]))
        if both & self.left_in_peace:
            self.left_in_peace |= both

    @rule(person=people)
    def split(self, person: str) -> None:
        if not self.known(person):
            return
        try:
            persons.split(card_of(person), by=self.one, at=TUESDAY, reason="two people")
        except Refused:
            assert len(self.same(person)) == 1 or self.restored
            return
        self.who[person] = next(_NUMBERS)

    @rule(person=people)
    def erase(self, person: str) -> None:
        if self.known(person):
            erasing.erase(card_of(person), by=self.one, at=moment())
            self.leave_in_peace(person)

    @rule(everything=booleans())
    def stop_sending(self, everything: bool) -> None:
        scope = halts.EVERYTHING if everything else "mailbox:1"
        if self.halt is None:
            self.halt = halts.place(scope, Halt.Kind.KILL_SWITCH, "press", by=self.one, at=moment())

    @precondition(lambda self: self.halt)
    @rule()
    def start_again(self) -> None:
        assert self.halt
        row = halts.ask_start(self.halt, by=self.one, at=TUESDAY, consent=_BECAUSE)
        with pytest.raises(Refused):
            halts.confirm_start(row, by=self.one, at=TUESDAY, consent=_BECAUSE)
        halts.confirm_start(row, by=self.other, at=TUESDAY, consent=_BECAUSE)
        self.stood.discard(self.halt.scope)
        self.halt = None

    @rule()
    def back_up(self) -> None:
        self.copy = (copied(), self.halt, dict(self.who))

    @precondition(lambda self: self.copy)
    @rule()
    def restore(self) -> None:
        """An older database stands where the newer one stood; nothing goes until a person has armed it."""
        assert self.copy
        if self.halt:
            self.stood.add(self.halt.scope)
        copy, self.halt, who = self.copy
        copy.backup(connection.connection)
        # Who is who is forgotten with the newer database; who wants to be left in peace is not.
        self.who = {**self.who, **who}
        self.restored = True
        self.lost = arming.fault(TUESDAY) is not None

    @precondition(lambda self: self.lost)
    @rule()
    def arm(self) -> None:
        row = Installation.objects.get()
        arming.arm(row, by=UserFactory(is_superuser=True), at=TUESDAY, consent=_BECAUSE)
        self.lost = False
        # What stood still when the newer database was lost stands still in the older one.
        standing = halts.standing()
        assert self.stood <= set(standing)
        self.halt = next(iter(standing.values()), None)
        self.stood.clear()
        self.learn_who_is_who()

    @invariant()
    def nobody_is_written_to_after_a_stop(self) -> None:
        # Here are permissions and nothing to send, so that none of them has a message.
        promises = [promise for promise in invariants.declared() if promise is not MESSAGES_GONE]
        assert [promise.name for promise in promises if promise.count()] == []

    @precondition(lambda self: not self.lost)
    @invariant()
    def whoever_asked_is_left_in_peace(self) -> None:
        known = [text for text in self.left_in_peace if self.known(text)]
        held = suppression.stopped_addresses([addresses.parse(text) for text in known])
        assert {addresses.parse(text).canonical for text in known} <= set(held)

    def teardown(self) -> None:
        if self.lost:
            self.arm()
        for row in halts.standing().values():
            self.halt = row
            self.start_again()

    def learn_who_is_who(self) -> None:
        """Of those whom the older database knew the journal brought back who had been merged and split since."""
        numbers: dict[UUID, int] = defaultdict(lambda: next(_NUMBERS))
        there = {text: numbers[card_of(text).person_id] for text in self.who if self.known(text)}
        self.who.update(there)

    def known(self, text: str) -> bool:
        """Whether the database still knows them: a copy may be older than they are."""
        return bool(cards.find([addresses.parse(text)]))

    def same(self, person: str) -> set[str]:
        return {text for text, number in self.who.items() if number == self.who[person]}

    def leave_in_peace(self, person: str) -> None:
        self.left_in_peace |= self.same(person)

    def holding(self, same: set[str]) -> Iterator[Suppression]:
        """Each stop that still holds for one of them, the strongest first."""
        for text in same:
            parsed = addresses.parse(text)
            while stop := suppression.stopped_addresses([parsed]).get(parsed.canonical):
                yield stop


def test_in_any_order_whoever_asked_is_left_in_peace(settings: Any) -> None:
    settings.CLEARANCE_RULES = ["compliance.rules_standing.NotHalted", *RULES]
    if connection.vendor != "sqlite":
        pytest.skip("the whole database is copied in memory; the restore of PostgreSQL has a test of its own")
    armed()
    playbook_loaded(caps=dict.fromkeys(_CAPS, _PLENTY))
    run_state_machine_as_test(World, settings=_trials())


def _trials() -> Trials:
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    return Trials(max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, suppress_health_check=quiet)
