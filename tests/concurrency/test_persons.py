"""Merges, splits and stops at once: nothing waits in a circle, no stop is lost, nobody is left in between (FT-33)."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

import pytest
from django.contrib.auth.models import User

from compliance import addresses, persons, subjects, suppression
from compliance.acts import Consent
from compliance.models import AddressCard, PersonKey, SubjectKey, SuppressionReason
from compliance.principals import SYSTEM
from compliance.refusals import Refused
from compliance.suppression import Stop
from handoff.demo.catcher import Catcher
from sequences import enrollment, erasing, lists, merging
from sequences.models import Contact, Enrollment, ListRow, RecipientList
from tests.cast import TUESDAY
from tests.concurrency.together import together
from tests.factories import (
    ContactFactory,
    MailboxFactory,
    UserFactory,
    approved_sequence,
    card_of,
    having_read,
    playbook_loaded,
    submitted_list,
)
from tests.sequences.campaign import PLENTY, broken_promises, opt_out, play, under_way

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

ROUNDS = 25


def at_once(*works: Callable[[], object]) -> None:
    """All of them at once, and none failed but by being told that they are one person already, or apart."""
    faults = [fault for fault in together(works) if not isinstance(fault, Refused)]
    assert faults == []


def addressed(round_no: int, *names: str) -> list[str]:
    return [f"{name}.{round_no}@example.com" for name in names]


def key(address: str) -> UUID:
    return AddressCard.objects.get(pk=card_of(address).pk).person_id


def keys(written: list[str]) -> set[UUID]:
    return {key(address) for address in written}


def merge(kept: UUID, absorbed: UUID) -> None:
    persons.merge(kept, absorbed, by=SYSTEM, at=TUESDAY, reason="one person")


def split(address: str) -> None:
    persons.split(card_of(address), by=SYSTEM, at=TUESDAY, reason="two")


def stop(address: str) -> None:
    suppression.stop_address(addresses.parse(address), Stop(SuppressionReason.ONE_CLICK), by=SYSTEM, at=TUESDAY)


def stopped(address: str) -> bool:
    return bool(suppression.stopped_cards([card_of(address).pk]))


def merge_contacts(kept: Contact, other: Contact, by: User) -> None:
    merging.merge_contacts(kept, other, by=by, at=TUESDAY, consent=Consent())


class TestMergesThatCross:
    def test_each_into_the_other(self) -> None:
        for round_no in range(ROUNDS):
            written = addressed(round_no, "ada", "countess")
            ada, countess = (key(address) for address in written)
            at_once(partial(merge, ada, countess), partial(merge, countess, ada))
            assert len(keys(written)) == 1
        assert PersonKey.objects.filter(merged_into__isnull=False).count() == ROUNDS

    def test_three_in_a_ring(self) -> None:
        for round_no in range(ROUNDS):
            written = addressed(round_no, "ada", "countess", "lady")
            ada, countess, lady = (key(address) for address in written)
            at_once(partial(merge, ada, countess), partial(merge, countess, lady), partial(merge, lady, ada))
            assert len(keys(written)) == 1
        # Flat: whoever was merged points to somebody who was not.
        assert not PersonKey.objects.filter(merged_into__merged_into__isnull=False).exists()

    def test_merges_and_splits_leave_every_card_with_somebody(self) -> None:
        for round_no in range(ROUNDS):
            written = addressed(round_no, "ada", "countess", "lady")
            ada, countess, lady = (key(address) for address in written)
            merge(ada, countess)
            at_once(partial(split, written[1]), partial(merge, lady, ada), partial(merge, lady, countess))
            assert not AddressCard.objects.filter(person__merged_into__isnull=False).exists()


class TestStopsMeanwhile:
    @pytest.mark.parametrize("stopped_one", [0, 1])
    def test_a_stop_during_a_merge_holds_for_both_and_after_a_split_too(self, stopped_one: int) -> None:
        for round_no in range(ROUNDS):
            written = addressed(round_no, "ada", "countess")
            ada, countess = (key(address) for address in written)
            at_once(partial(merge, ada, countess), partial(stop, written[stopped_one]))
            assert [stopped(address) for address in written] == [True, True]
            split(written[1])
            assert [stopped(address) for address in written] == [True, True]

    def test_a_stop_during_a_split_holds_for_whom_it_names(self) -> None:
        for round_no in range(ROUNDS):
            written = addressed(round_no, "ada", "countess")
            ada, countess = (key(address) for address in written)
            merge(ada, countess)
            at_once(partial(split, written[1]), partial(stop, written[1]))
            assert stopped(written[1])

    def test_crossing_merges_with_a_stop_on_each(self) -> None:
        for round_no in range(ROUNDS):
            written = addressed(round_no, "ada", "countess")
            ada, countess = (key(address) for address in written)
            at_once(
                partial(merge, ada, countess),
                partial(merge, countess, ada),
                *(partial(stop, address) for address in written),
            )
            assert [stopped(address) for address in written] == [True, True]


class TestContacts:
    def test_who_is_merged_and_enrolled_at_once_is_in_one_sequence(self) -> None:
        playbook_loaded()
        MailboxFactory()
        version = approved_sequence(TUESDAY)
        by, cro = UserFactory(role="sales_ops"), UserFactory(role="cro")
        for _round in range(5):
            ada, countess = ContactFactory.create_batch(2)
            drawn_up = [submitted_list(TUESDAY, [one], version) for one in (ada, countess)]
            at_once(partial(merge_contacts, ada, countess, by), *(partial(sign, row, cro) for row in drawn_up))
            person = AddressCard.objects.get(pk=ada.card_id).person_id
            live = Enrollment.objects.filter(contact__in=[ada, countess], state=Enrollment.State.ACTIVE)
            assert [row.person for row in live] == [person]

    def test_merges_erasures_and_stops_while_mail_goes_out(self) -> None:
        playbook_loaded(caps=PLENTY)
        by, legal = UserFactory(role="sales_ops"), UserFactory(role="legal")
        with Catcher() as catcher:
            under_way(catcher.port, people=24)
            people = list(Contact.objects.order_by("pk"))
            pairs = list(zip(people[::2], people[1::2], strict=True))
            at_once(
                play,
                play,
                *(partial(merge_contacts, one, other, by) for one, other in pairs[:4]),
                *(partial(merge_contacts, other, one, by) for one, other in pairs[:4]),
                *(partial(opt_out, other.address) for _one, other in pairs[2:6]),
                *(partial(erase, one, legal) for one, _other in pairs[3:8]),
            )
            play()
        enrollment.exit_round(TUESDAY)
        erasing.erase_round(TUESDAY)
        assert broken_promises() == {}
        assert not Enrollment.objects.filter(contact__erased_at__isnull=False, state=Enrollment.State.ACTIVE).exists()
        assert not ListRow.objects.filter(contact__erased_at__isnull=False, removed_at=None).exists()


class TestKeysOfPersons:
    def test_many_who_seal_first_seal_under_one_key(self) -> None:
        ada, sealed = key("ada@example.com"), list[str]()
        at_once(*[lambda: sealed.append(subjects.seal(ada, "Ada"))] * 12)
        assert [subjects.unseal(ada, token) for token in sealed] == ["Ada"] * 12
        assert SubjectKey.objects.count() == 1


def sign(row: RecipientList, by: User) -> None:
    lists.sign(row, by=by, at=TUESDAY, consent=having_read(row, by, TUESDAY))


def erase(contact: Contact, by: User) -> None:
    erasing.erase(contact, by=by, at=TUESDAY, consent=Consent("asked for it"))
