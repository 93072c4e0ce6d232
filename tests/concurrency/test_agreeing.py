"""Two people sign a playbook at the same instant: one signature a role, one version in force (spec L13)."""

from collections.abc import Callable
from functools import partial

import pytest
from django.contrib.auth.models import User

from compliance.acts import Act, Consent, perform
from compliance.models import PlaybookActivation, PlaybookSignature, PlaybookVersion
from compliance.refusals import Refused
from tests.cast import TUESDAY
from tests.compliance.agreed import REJECT, SIGN_CMO, SIGN_CRO, proposed, signed
from tests.concurrency.together import together
from tests.factories import UserFactory, playbook_loaded

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
State = PlaybookVersion.State


def act(row: PlaybookVersion, chosen: Act, by: User) -> Callable[[], object]:
    return partial(perform, row, chosen, by=by, at=TUESDAY, consent=Consent("Because.", digest=row.digest))


def refused(faults: list[BaseException]) -> int:
    """How many were refused; nothing else may have gone wrong."""
    assert {type(fault) for fault in faults} <= {Refused}
    return len(faults)


def states() -> list[str]:
    return list(PlaybookVersion.objects.order_by("number").values_list("state", flat=True))


def test_of_several_signatures_in_one_role_one_counts() -> None:
    row = proposed()
    faults = together([act(row, SIGN_CMO, UserFactory(role="cmo")) for _person in range(6)])
    assert (refused(faults), PlaybookSignature.objects.count(), states()) == (5, 1, [State.CMO_SIGNED])


def test_of_several_last_signatures_one_puts_it_in_force() -> None:
    playbook_loaded()
    row = signed(proposed(), "cmo")
    faults = together([act(row, SIGN_CRO, UserFactory(role="cro")) for _person in range(6)])
    assert (refused(faults), states()) == (5, [State.FORMER, State.IN_FORCE])
    assert PlaybookActivation.objects.filter(agreed=True).count() == 1


def test_two_versions_signed_at_once_are_not_both_in_force() -> None:
    playbook_loaded()
    rows = [signed(proposed(name, recipients={"never_domains": [name]}), "cmo") for name in ("a.example", "b.example")]
    faults = together([act(row, SIGN_CRO, UserFactory(role="cro")) for row in rows])
    assert refused(faults) <= 1
    assert states().count(State.IN_FORCE) == 1


def test_what_is_signed_and_rejected_at_once_is_one_of_them() -> None:
    row = signed(proposed(), "cmo")
    faults = together([act(row, SIGN_CRO, UserFactory(role="cro")), act(row, REJECT, UserFactory(role="cmo"))])
    begun = PlaybookActivation.objects.exists()
    assert (refused(faults), states()) == (1, [State.IN_FORCE if begun else State.REJECTED])


def test_versions_loaded_at_once_have_numbers_of_their_own() -> None:
    people = [UserFactory(role="sales_ops") for _person in range(4)]
    works = [
        partial(proposed, str(number), by, recipients={"never_domains": [f"r{number}.example"]})
        for number, by in enumerate(people)
    ]
    faults = together(works)
    assert len(states()) + refused(faults) == len(works)
    assert len(states()) >= 1
