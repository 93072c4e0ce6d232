"""Who is held until somebody has decided: from when, for what, until when, and whoever they turn out to be."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from compliance import addresses, clearance, holds, persons
from compliance.asking import Ask, Batch
from compliance.clearance import Ruling
from compliance.invariants import PERMITTED_WHILE_HELD
from compliance.models import AddressCard, AuditEntry, Decision, Hold, Outcome
from compliance.principals import SYSTEM
from compliance.rules import NotHeld
from sequences.models import Contact
from tests.cast import TUESDAY
from tests.compliance.asking import ADA, ask, clear, stop
from tests.factories import UserFactory, card_of, playbook_loaded
from tests.promises import permitted_again, sent

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

COUNTESS = "countess@lovelace.example"
MAIL, ANOTHER = "sequences.inboundmessage:7", "sequences.inboundmessage:8"
LATER = TUESDAY + timedelta(hours=3)


def place(address: str = ADA, source: str = MAIL) -> Hold:
    row = holds.place(card_of(address).digest, source=source, by=SYSTEM, at=TUESDAY)
    assert row is not None
    return row


def end(source: str = MAIL) -> list[Hold]:
    return holds.end(source, by=SYSTEM, at=LATER)


def is_held(address: str = ADA) -> bool:
    person = AddressCard.objects.get(pk=card_of(address).pk).person_id
    return person in holds.standing([person])


def merge(kept: str, absorbed: str) -> None:
    persons.merge(
        AddressCard.objects.get(pk=card_of(kept).pk).person_id,
        AddressCard.objects.get(pk=card_of(absorbed).pk).person_id,
        by=SYSTEM,
        at=TUESDAY,
        reason="one person",
    )


class TestBeingHeld:
    def test_it_holds_from_then_on(self) -> None:
        place()
        assert is_held()

    def test_nobody_else(self) -> None:
        place()
        assert not is_held(COUNTESS)

    def test_nobody_is_held_by_a_digest_that_nobody_has(self) -> None:
        assert holds.place("0" * 32, source=MAIL, by=SYSTEM, at=TUESDAY) is None

    def test_the_same_mail_holds_once(self) -> None:
        assert place() == place()
        assert Hold.objects.count() == 1

    def test_the_same_mail_does_not_hold_again_whoever_it_was_decided_for(self) -> None:
        place()
        end()
        assert place().ended_at == LATER
        assert not is_held()

    def test_one_mail_may_hold_several_people(self) -> None:
        place()
        place(COUNTESS)
        assert is_held()
        assert is_held(COUNTESS)

    def test_the_log_says_so(self) -> None:
        row = place()
        entry = AuditEntry.objects.get(verb="hold.placed")
        assert entry.subject == f"compliance.hold:{row.pk}"
        assert (entry.data["code"], entry.data["source"], entry.data["order"]) == ("answered", MAIL, row.order_no)

    def test_what_a_hold_says_stays(self) -> None:
        row = place()
        with pytest.raises(DatabaseError), transaction.atomic():
            Hold.objects.filter(pk=row.pk).update(source="another")


class TestTheEnd:
    def test_whoever_was_held_for_it_is_free(self) -> None:
        place()
        place(COUNTESS)
        assert len(end()) == 2
        assert not is_held()
        assert not is_held(COUNTESS)

    def test_what_else_holds_them_stands(self) -> None:
        place()
        place(source=ANOTHER)
        end()
        assert is_held()

    def test_it_ends_once(self) -> None:
        place()
        end()
        assert end() == []

    def test_it_has_an_order_of_its_own(self) -> None:
        row = place()
        (ended,) = end()
        assert ended.ended_order is not None
        assert ended.ended_order > row.order_no

    def test_the_log_says_who_ended_it(self) -> None:
        place()
        person = UserFactory(role="rep")
        holds.end(MAIL, by=person, at=LATER, reason="neutral")
        entry = AuditEntry.objects.get(verb="hold.ended")
        assert (entry.actor, entry.reason) == (f"user:{person.pk}", "neutral")


class TestWhoTheyTurnOutToBe:
    @pytest.mark.parametrize(("kept", "absorbed"), [(ADA, COUNTESS), (COUNTESS, ADA)])
    def test_a_hold_of_either_holds_for_both(self, kept: str, absorbed: str) -> None:
        place()
        merge(kept, absorbed)
        assert is_held()
        assert is_held(COUNTESS)

    @pytest.mark.parametrize(("kept", "absorbed"), [(ADA, COUNTESS), (COUNTESS, ADA)])
    def test_it_ends_for_both(self, kept: str, absorbed: str) -> None:
        place()
        merge(kept, absorbed)
        end()
        assert not is_held()

    def test_one_mail_that_held_both_holds_the_one_they_are(self) -> None:
        place()
        place(COUNTESS)
        merge(ADA, COUNTESS)
        assert Hold.objects.filter(ended_at__isnull=True).count() == 1

    def test_a_split_frees_neither(self) -> None:
        merge(ADA, COUNTESS)
        place()
        persons.split(card_of(COUNTESS), by=SYSTEM, at=TUESDAY, reason="two")
        assert is_held()
        assert is_held(COUNTESS)
        end()
        assert not is_held(COUNTESS)


@pytest.mark.usefixtures("ledger_rules")
class TestTheDoor:
    @pytest.fixture(autouse=True)
    def _a_playbook(self) -> None:
        playbook_loaded()

    def preview(self, *asks: Ask) -> Sequence[Ruling]:
        return clearance.preview(asks, TUESDAY)

    def test_nothing_goes_to_whoever_is_held(self) -> None:
        row = place()
        (ruling,) = clear(ask())
        assert (ruling.outcome, ruling.code) == (Outcome.DEFER, "held")
        assert (ruling.decisive.why["hold"], ruling.decisive.why["order"]) == (row.pk, row.order_no)
        assert Decision.objects.get().outcome == Outcome.DEFER

    def test_it_is_asked_again(self) -> None:
        place()
        (ruling,) = self.preview(ask())
        assert ruling.decisive.until is not None
        assert TUESDAY < ruling.decisive.until <= TUESDAY + timedelta(hours=1)

    def test_another_address_of_theirs_is_held_as_well(self) -> None:
        merge(ADA, COUNTESS)
        place()
        (ruling,) = self.preview(ask(COUNTESS))
        assert ruling.code == "held"

    def test_a_stop_says_more(self) -> None:
        place()
        stop()
        (ruling,) = self.preview(ask())
        assert ruling.code == "suppressed"

    def test_once_it_is_decided_it_goes(self) -> None:
        place()
        end()
        (ruling,) = clear(ask())
        assert ruling.permitted

    def test_a_file_that_is_looked_at_may_name_them(self) -> None:
        place()
        (ruling,) = self.preview(ask(step=None))
        assert ruling.code != "held"

    def test_a_batch_asks_once(self) -> None:
        place()
        asks = Batch([ask(f"somebody.{number}@example.com", ref=f"{number}/1") for number in range(40)])
        with CaptureQueriesContext(connection) as asked:
            NotHeld().load(asks, TUESDAY)
        assert len(asked) == 1

    def test_an_address_without_a_person_is_nobody_who_is_held(self) -> None:
        place()
        stranger = Ask(ref="row/1", address=addresses.parse("new@example.com"), step=1, source="fair", basis="consent")
        assert self.preview(stranger)[0].code != "held"


def hold_everybody() -> None:
    """Nobody has said yet what an answer of theirs means."""
    for contact in Contact.objects.all():
        place(contact.address)


class TestThePromise:
    def test_a_message_cleared_while_its_person_was_held_is_found(self) -> None:
        sent()
        hold_everybody()
        assert PERMITTED_WHILE_HELD.count() == 0
        row = permitted_again()
        assert PERMITTED_WHILE_HELD.run() == [row.ref]

    def test_it_is_found_after_the_hold_has_ended_as_well(self) -> None:
        sent()
        hold_everybody()
        permitted_again()
        holds.end(MAIL, by=SYSTEM, at=TUESDAY)
        assert PERMITTED_WHILE_HELD.count() == 1

    def test_what_was_cleared_before_or_after_it_is_in_order(self) -> None:
        sent()
        hold_everybody()
        holds.end(MAIL, by=SYSTEM, at=TUESDAY)
        permitted_again()
        assert PERMITTED_WHILE_HELD.count() == 0

    def test_a_no_during_it_is_no_message(self) -> None:
        sent()
        hold_everybody()
        permitted_again(outcome="defer")
        assert PERMITTED_WHILE_HELD.count() == 0
