"""Companies are merged while mail goes out, files come in and stops too: no cap leaks, nobody waits in a circle."""

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from compliance import suppression
from compliance.acts import Consent
from compliance.models import SuppressionReason
from compliance.principals import SYSTEM
from compliance.refusals import Refused
from compliance.suppression import Stop
from handoff.demo.catcher import Catcher
from sequences import company_merging, enrollment, sender
from sequences.models import Account, Contact, Enrollment, OutboundMessage
from tests.cast import TUESDAY
from tests.concurrency.together import together
from tests.factories import (
    AccountFactory,
    ContactFactory,
    RecipientListFactory,
    UserFactory,
    approved_sequence,
    playbook_loaded,
)
from tests.sequences.campaign import PLENTY, State, broken_promises, play, under_way
from tests.sequences.imports.conftest import Desk

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

WHY = Consent("One register entry")
CAP = 6


def merge(kept: Account, other: Account, by: User) -> None:
    company_merging.merge_accounts(kept, other, by=by, at=TUESDAY, consent=WHY)


def stop(account: Account) -> None:
    reason = Stop(SuppressionReason.LEGAL_DEMAND)
    suppression.stop_company(account.key, [account.domain], reason, by=SYSTEM, at=TUESDAY)


def crowd(*works: Callable[[], object]) -> None:
    """All of them at once; who was slower is refused, and nothing else goes wrong."""
    mixed = list(works)
    random.Random(len(mixed)).shuffle(mixed)  # noqa: S311 - drawing lots, not keys
    assert [fault for fault in together(mixed) if not isinstance(fault, Refused)] == []


def rounds() -> None:
    for _round in range(3):
        play()
        sender.recover_round(TUESDAY)


def test_the_cap_of_one_company_holds_while_two_become_one() -> None:
    playbook_loaded(caps={**PLENTY, "account": {"limit": CAP, "hours": 24, "because": "The cap is looked at."}})
    one, other = (AccountFactory(name="Pumps Ltd") for _account in range(2))
    by = UserFactory(role="sales_ops")
    with Catcher() as catcher:
        under_way(catcher.port, people=[*ContactFactory.create_batch(4, account=one)])
        assert play() == {"accepted": 4}
        version = Enrollment.objects.all()[0].version
        people = [*ContactFactory.create_batch(12, account=one), *ContactFactory.create_batch(12, account=other)]
        under_way(people=people, version=version)
        crowd(*[rounds] * 6, partial(merge, one, other, by), partial(merge, other, one, by))
        before = len(catcher.caught)
        OutboundMessage.objects.filter(state=State.PLANNED).update(not_before=TUESDAY)
        play()
        # Each had its share until they were one; from then on nobody at it gets more.
        assert CAP <= len(catcher.caught) == before <= 2 * CAP
    assert Account.objects.filter(merged_into__isnull=False).count() == 1
    assert broken_promises() == {}


def test_a_stop_of_either_at_the_same_instant_holds_for_both() -> None:
    playbook_loaded(caps=PLENTY)
    by = UserFactory(role="sales_ops")
    with Catcher() as catcher:
        for _round in range(6):
            one, other = (AccountFactory(name="Pumps Ltd") for _account in range(2))
            people = [ContactFactory(account=account) for account in (one, other, one, other)]
            under_way(catcher.port, people=people)
            crowd(play, play, partial(merge, one, other, by), partial(stop, one), partial(stop, other))
            enrollment.exit_round(TUESDAY)
            theirs = Contact.objects.filter(pk__in=[row.pk for row in people])
            assert {row.company for row in theirs.select_related("account")} == {one.key}
            assert suppression.stopped_accounts([one.key])
            assert not Enrollment.objects.filter(contact__in=theirs, state=Enrollment.State.ACTIVE).exists()
    assert broken_promises() == {}


def test_a_file_at_the_same_instant_leaves_nobody_at_the_company_that_was(tmp_path: Path) -> None:
    playbook_loaded()
    by = UserFactory(role="sales_ops")
    desk = Desk(tmp_path, RecipientListFactory(sequence_version=approved_sequence(TUESDAY, steps=1), author=by), by)
    for number in range(6):
        one, other = AccountFactory.create_batch(2)
        files = [
            desk.file((f"p{file}@{other.domain}", "Ada", "Byron", "Valves", "seals"), name=f"{number}-{file}.csv")
            for file in range(4)
        ]
        crowd(*(partial(desk.store, file) for file in files), partial(merge, one, other, by))
        theirs = Contact.objects.filter(address__endswith=other.domain).select_related("account")
        assert [row.company for row in theirs] == [one.key] * 4


def test_three_in_a_ring() -> None:
    playbook_loaded()
    by = UserFactory(role="sales_ops")
    for _round in range(8):
        rows = AccountFactory.create_batch(3)
        crowd(*(partial(merge, one, other, by) for one, other in zip(rows, rows[1:] + rows[:1], strict=True)))
        assert Account.objects.filter(pk__in=[row.pk for row in rows], merged_into=None).count() == 1
