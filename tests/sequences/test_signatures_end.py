"""FT-64: the signer's role is revoked, what is done with a country changes, the domain fails, a breaker fires: the door
refuses what was signed before, as defined, until it is signed again (LAW APR-05).

Every step and every way of losing a role: test_validity.py. Every breaker: test_rules_breakers.py.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User

from compliance import clock, halts, heartbeats
from compliance.acts import Consent
from compliance.clearance import preview
from compliance.heartbeats import Kind
from compliance.models import Halt
from compliance.principals import SYSTEM
from sequences import asks, domain_checks, lists, treatments
from sequences.models import Enrollment, Mailbox, RecipientList, Signature
from tests.cast import TUESDAY
from tests.domain_of_ours import sound, with_spf
from tests.factories import ContactFactory, MailboxFactory, UserFactory, having_read, playbook_loaded
from tests.nameserver import Records
from tests.sequences.campaign import message, play, under_way

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

Start = Callable[[Records], None]
HOUR = timedelta(hours=1)


def code(passage: Enrollment | None = None, at: datetime = TUESDAY) -> str:
    """Why a next step may not go; empty when it may."""
    (ruling,) = preview([asks.for_step(passage or Enrollment.objects.get())], at)
    return ruling.code


def signed_again(at: datetime) -> None:
    row, cro = RecipientList.objects.get(), UserFactory(role="cro")
    lists.sign(row, by=cro, at=at, consent=having_read(row, cro, at))


def waiting() -> int:
    """How many rows the CRO is asked to sign."""
    return len(lists.unsigned(RecipientList.objects.get(), TUESDAY + HOUR))


class TestTheRoleIsRevoked:
    def test_what_was_signed_waits_for_somebody_who_has_it(self) -> None:
        under_way()
        signature = Signature.objects.get(step=Signature.Step.RECIPIENTS)
        User.objects.get(pk=signature.signer_id).groups.clear()
        assert play() == {}
        assert (message().reason, waiting()) == ("signer_gone", 1)
        signed_again(TUESDAY + HOUR)
        assert (code(), waiting()) == ("", 0)


class TestTheRulesOfACountryChange:
    @pytest.fixture
    def changed(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
        """What is done with Germany has changed once more, or not yet."""
        return lambda number: monkeypatch.setattr(treatments, "CHANGED", {"DE": number})

    def test_whom_it_concerns_waits_and_nobody_else(self, changed: Callable[[int], None]) -> None:
        under_way(people=[ContactFactory(country="DE"), ContactFactory(country="GB")])
        changed(2)
        german, british = Enrollment.objects.order_by("contact__country")
        assert (code(german), code(british), waiting()) == ("rules_changed", "", 1)

    def test_what_waited_goes_when_it_is_signed_under_the_new_ones(self, changed: Callable[[int], None]) -> None:
        under_way(people=[ContactFactory(country="DE")])
        changed(2)
        assert play() == {}
        assert message().reason == "rules_changed"
        signed_again(TUESDAY + HOUR)
        assert (code(), message().not_before) == ("", TUESDAY + HOUR)

    def test_each_change_is_signed(self, changed: Callable[[int], None]) -> None:
        changed(2)
        under_way(people=[ContactFactory(country="DE")])
        assert code() == ""
        changed(3)
        assert code() == "rules_changed"

    def test_a_row_that_changed_as_well_is_a_changed_row(self, changed: Callable[[int], None]) -> None:
        under_way(people=[ContactFactory(country="DE")])
        changed(2)
        contact = Enrollment.objects.get().contact
        type(contact).objects.update(first_name="Somebody")
        assert code() == "row_changed"

    def test_another_playbook_meanwhile_hides_nothing(self, changed: Callable[[int], None]) -> None:
        under_way(people=[ContactFactory(country="DE")])
        changed(2)
        playbook_loaded(sender={"legal_name": "Others LLC", "postal_address": "1 Some Street"})
        assert code() == "rules_changed"


class TestTheDomainFails:
    @pytest.fixture
    def signed(self, nameserver: Start) -> Start:
        """A list that is under way from a domain that passed, with everything else in order as well."""
        heartbeats.beat(Kind.CANARY, heartbeats.LINK, at=clock.lease_clock())
        MailboxFactory(host="mail.example.com", security=Mailbox.Security.STARTTLS)
        nameserver(sound())
        domain_checks.check_round(TUESDAY - HOUR)
        under_way()
        assert code() == ""
        return nameserver

    def test_nothing_goes_while_it_does(self, signed: Start) -> None:
        signed(with_spf())
        domain_checks.check_round(TUESDAY)
        assert play() == {}
        assert (message().reason, waiting()) == ("domain_fails", 1)

    def test_when_it_passes_again_the_list_is_signed_first(self, signed: Start) -> None:
        signed(with_spf())
        domain_checks.check_round(TUESDAY)
        signed(sound())
        domain_checks.check_round(TUESDAY + HOUR)
        assert code(at=TUESDAY + HOUR) == "sign_again"
        signed_again(TUESDAY + 2 * HOUR)
        assert (code(at=TUESDAY + 2 * HOUR), waiting()) == ("", 0)

    def test_a_signature_opens_nothing_while_it_fails_and_counts_once_it_passes(self, signed: Start) -> None:
        signed(with_spf())
        domain_checks.check_round(TUESDAY)
        signed_again(TUESDAY + HOUR)
        domain_checks.check_round(TUESDAY + 2 * HOUR)
        assert code(at=TUESDAY + 2 * HOUR) == "domain_fails"
        signed(sound())
        domain_checks.check_round(TUESDAY + 3 * HOUR)
        assert code(at=TUESDAY + 3 * HOUR) == ""

    def test_silence_ends_no_signature(self, signed: Start) -> None:
        signed(Records(broken=["ours.example.com"]))
        domain_checks.check_round(TUESDAY)
        assert (code(), waiting()) == ("", 0)


class TestABreakerFires:
    def test_what_it_stopped_is_signed_first_when_it_is_started_again(self) -> None:
        under_way()
        key, at = RecipientList.objects.get().key, TUESDAY + HOUR
        halt = halts.place(key, Halt.Kind.BREAKER, "Bounces.", by=SYSTEM, at=at, code="bounces")
        asked = halts.ask_start(halt, by=UserFactory(role="cro"), at=at, consent=Consent("Mended."))
        halts.confirm_start(asked, by=UserFactory(role="cmo"), at=at, consent=Consent("Indeed."))
        assert (code(at=at), waiting()) == ("sign_again", 1)
        signed_again(TUESDAY + 2 * HOUR)
        assert code(at=TUESDAY + 2 * HOUR) == ""
