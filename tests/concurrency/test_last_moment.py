"""The server has said yes to the recipient; then, elsewhere, something else is committed that speaks against it.

What people and lists themselves may undergo is tried in `test_sending` (LAW PIP-03).
"""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from compliance import arming, clock, halts, host_stop, hosts, suppression
from compliance.acts import Consent
from compliance.models import AddressCard, Decision, Halt, Heartbeat, Installation, Outcome, SuppressionReason, Touch
from compliance.principals import SYSTEM
from compliance.suppression import Stop
from handoff.demo.catcher import Catcher
from sequences import company_merging, erasing
from sequences.models import Account, Contact
from tests.cast import LONG_AGO, TUESDAY
from tests.concurrency.test_sending import at_rcpt
from tests.factories import AccountFactory, UserFactory
from tests.sequences.campaign import broken_promises, message, play, under_way

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def everything_halted(scope: str = halts.EVERYTHING) -> None:
    halts.place(scope, Halt.Kind.KILL_SWITCH, "Now.", by=SYSTEM, at=TUESDAY)


def domain_halted() -> None:
    everything_halted(suppression.domain_scope(Contact.objects.get().address.partition("@")[2]))


def host_halted() -> None:
    host_stop.place("Now.", by="", at=TUESDAY)


def company_stopped() -> None:
    company = Contact.objects.select_related("account").get().company
    suppression.stop_company(company, [], Stop(SuppressionReason.BY_HAND), by=SYSTEM, at=TUESDAY)


def company_merged() -> None:
    account = Account.objects.get()
    by, kept = UserFactory(role="cro"), AccountFactory(name=account.name)
    company_merging.merge_accounts(kept, account, by=by, at=TUESDAY, consent=Consent("One company."))


def erased() -> None:
    erasing.erase(Contact.objects.get(), by=UserFactory(role="legal"), at=TUESDAY, consent=Consent("Asked for it."))


def signer_gone() -> None:
    User.objects.filter(groups__name="cmo").update(is_active=False)


def opt_outs_waiting() -> None:
    hosts.say_empty(at=clock.lease_clock())
    Heartbeat.objects.update(at=LONG_AGO)


def cap_filled() -> None:
    person = AddressCard.objects.get(pk=Contact.objects.get().card_id).person_id
    Touch.objects.create(ref="other/1", attempt=1, at=TUESDAY, order_no=0, person=person)


def disarmed() -> None:
    because = Consent("A copy is looked at.")
    arming.disarm(Installation.objects.get(), by=UserFactory(is_superuser=True), at=TUESDAY, consent=because)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (everything_halted, "halted"),
        (domain_halted, "halted"),
        (host_halted, "halted_on_host"),
        (company_stopped, "suppressed"),
        (company_merged, "changed_meanwhile"),
        (erased, "suppressed"),
        (signer_gone, "signer_gone"),
        (opt_outs_waiting, "opt_outs_may_wait"),
        (cap_filled, "person_cap"),
        (disarmed, "disarmed"),
    ],
)
def test_nothing_is_transmitted_any_more(change: Callable[[], None], reason: str) -> None:
    with Catcher(refuse=at_rcpt(change)) as catcher:
        under_way(catcher.port)
        play()
    assert catcher.caught == []
    assert message().reason == reason
    assert not Decision.objects.filter(outcome=Outcome.PERMIT).exists()
    assert broken_promises() == {}
