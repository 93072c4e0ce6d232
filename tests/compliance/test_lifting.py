"""How a stop ends: an opt-in and two people, one person for a bounce, and a database that believes nobody (FT-69)."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from pytest_django.fixtures import Settings

from compliance import cards, lifting, persons, suppression
from compliance.acts import Consent
from compliance.addresses import parse
from compliance.models import (
    AddressCard,
    AddressDigest,
    AuditEntry,
    Lift,
    LiftRequest,
    OptIn,
    PersonKey,
    Suppression,
    SuppressionReason,
)
from compliance.principals import SYSTEM, actor
from compliance.refusals import Refused
from compliance.suppression import Stop
from compliance.transitions import NotPermitted
from tests.cast import LONG_AGO, TUESDAY
from tests.compliance.asking import ADA, opted_in, stop, stop_domain, stopped
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]
WEAK = [
    SuppressionReason.NO_SUCH_ADDRESS,
    SuppressionReason.LEFT_COMPANY,
    SuppressionReason.SOFT_BOUNCES,
    SuppressionReason.BY_HAND,
]
STRONG = [reason for reason in SuppressionReason if reason not in {*WEAK, SuppressionReason.CANARY}]


def asked(row: Suppression, opt_in: OptIn | None = None, by: User | None = None) -> LiftRequest:
    by = by or UserFactory(role="sales_ops")
    return lifting.ask(row, opt_in or opted_in(), "She filled in the form again", by=by, at=TUESDAY)


def confirmed(request: LiftRequest, by: User | None = None) -> LiftRequest:
    return lifting.confirm(request, by=by or UserFactory(role="legal"), at=TUESDAY, consent=Consent())


def refused(verb: Callable[..., object], *said: Any, **rest: Any) -> set[str]:
    with pytest.raises(Refused) as told:
        verb(*said, **rest)
    return set(told.value.codes)


class TestTwoPeople:
    @pytest.mark.parametrize("reason", STRONG)
    def test_and_the_persons_own_opt_in_lift_a_stop(self, reason: SuppressionReason) -> None:
        row = stop(ADA, reason)
        confirmed(asked(row))
        assert not stopped(ADA)
        assert Lift.objects.get().stop == row

    def test_the_lift_is_younger_than_stop_and_opt_in(self) -> None:
        row = stop()
        confirmed(asked(row))
        lift = Lift.objects.get()
        assert row.order_no < lift.opt_in.order_no < lift.order_no  # type: ignore[union-attr]

    def test_the_lift_names_both_and_why(self) -> None:
        tom, maren = UserFactory(role="sales_ops"), UserFactory(role="legal")
        request = confirmed(asked(stop(), by=tom), by=maren)
        lift = Lift.objects.get()
        assert (lift.entered_by, lift.confirmed_by) == (actor(tom), actor(maren))
        assert (lift.reason, request.state) == ("She filled in the form again", LiftRequest.State.CONFIRMED)
        assert (request.decided_by, request.decided_at) == (actor(maren), TUESDAY)

    def test_every_step_is_in_the_log(self) -> None:
        confirmed(asked(stop()))
        said = list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True))
        assert [verb for verb in said if "lift" in verb or "optin" in verb] == [
            "optin.recorded",
            "compliance.liftrequest.asked",
            "suppression.lift_asked",
            "compliance.liftrequest.confirm",
            "suppression.lifted",
        ]

    def test_the_opt_in_may_be_of_another_address_of_the_person(self) -> None:
        row = stop()
        other = cards.find_or_make([parse("ada@club.example.org")], at=LONG_AGO)["ada@club.example.org"]
        AddressCard.objects.filter(pk=other.pk).update(person=row.person)
        confirmed(asked(row, opted_in("ada@club.example.org")))
        assert not stopped(ADA)

    def test_the_opt_in_may_be_of_whom_they_were_merged_into(self) -> None:
        row, opt_in = stop("bob@valves.example.com"), opted_in()
        PersonKey.objects.filter(pk=str(row.person)).update(merged_into=opt_in.person)
        confirmed(asked(row, opt_in))
        assert not stopped("bob@valves.example.com")

    def test_somebody_erased_may_come_back(self, settings: Settings) -> None:
        row = stop(ADA, SuppressionReason.ERASED)
        AddressDigest.objects.all().delete()
        AddressCard.objects.all().delete()
        settings.HANDOFF_KEYS = {**settings.HANDOFF_KEYS, 2: b"\2" * 32}
        confirmed(asked(row))
        assert not stopped(ADA)

    def test_somebody_who_clicked_when_long_erased_may_come_back(self, settings: Settings) -> None:
        settings.HANDOFF_KEYS = {**settings.HANDOFF_KEYS, 2: b"\2" * 32}
        clicked = Stop(SuppressionReason.ONE_CLICK)
        row = suppression.stop_digest(cards.canonical_digests(parse(ADA))[-1], clicked, by=SYSTEM, at=TUESDAY)
        confirmed(asked(row))
        assert not stopped(ADA)

    def test_a_declined_request_leaves_the_stop_and_may_be_made_again(self) -> None:
        row = stop()
        request = lifting.decline(asked(row), by=UserFactory(role="cro"), at=TUESDAY, consent=Consent("no proof"))
        assert request.state == LiftRequest.State.DECLINED
        assert stopped(ADA)
        confirmed(asked(row))
        assert not stopped(ADA)


class TestAsking:
    def test_without_an_opt_in_is_refused(self) -> None:
        by = UserFactory(role="legal")
        assert refused(lifting.ask, stop(), None, "why", by=by, at=TUESDAY) == {"opt_in_missing"}

    def test_with_an_opt_in_older_than_the_stop_is_refused(self) -> None:
        old, row = opted_in(), stop()
        assert "opt_in_not_theirs" in refused(asked, row, old)

    def test_with_somebody_elses_opt_in_is_refused(self) -> None:
        row, other = stop(), opted_in("bob@valves.example.com")
        opted_in()
        assert refused(asked, row, other) == {"opt_in_not_theirs"}

    def test_without_a_reason_is_refused(self) -> None:
        by, row = UserFactory(role="legal"), stop()
        assert refused(lifting.ask, row, opted_in(), " ", by=by, at=TUESDAY) == {"reason_missing"}

    def test_twice_is_refused(self) -> None:
        row = stop()
        asked(row)
        assert refused(asked, row) == {"already_asked"}

    def test_the_database_lets_nobody_ask_twice_either(self) -> None:
        first = asked(stop())
        with pytest.raises(IntegrityError), transaction.atomic():
            LiftRequest.objects.create(stop=first.stop, reason="x", asked_by="user:9", asked_at=TUESDAY)

    def test_for_what_is_lifted_is_refused(self) -> None:
        row = stop()
        confirmed(asked(row))
        assert refused(asked, row) == {"already_lifted"}

    @pytest.mark.parametrize("role", ["rep", "content", "cmo", "chief_of_staff"])
    def test_is_not_for_everybody(self, role: str) -> None:
        row = stop()
        assert refused(asked, row, by=UserFactory(role=role)) == {"not_permitted"}

    def test_by_an_account_without_an_address_is_refused(self) -> None:
        row = stop()
        assert refused(asked, row, by=UserFactory(role="legal", email="")) == {"unknown_person"}

    def test_for_a_whole_domain_is_refused_because_no_one_person_speaks_for_it(self) -> None:
        row, opt_in = stop_domain("pumps.example.com"), opted_in()
        assert "not_one_person" in refused(asked, row, opt_in)

    @pytest.mark.parametrize("verb", ["ask", "alone"])
    def test_for_a_trial_of_the_link_is_refused(self, verb: str) -> None:
        row, by = stop(ADA, SuppressionReason.CANARY), UserFactory(role="legal")
        ways = {
            "ask": lambda: lifting.ask(row, opted_in(), "why", by=by, at=TUESDAY),
            "alone": lambda: lifting.lift_alone(row, "why", by=by, at=TUESDAY),
        }
        assert refused(ways[verb]) == {"trial"}


class TestConfirming:
    def test_by_whoever_asked_is_refused(self) -> None:
        by = UserFactory(role="legal")
        request = asked(stop(), by=by)
        assert refused(confirmed, request, by) == {"same_person"}
        assert stopped(ADA)

    @pytest.mark.parametrize("email", ["maren@ours.example.com", "Maren+2@Ours.example.com"])
    def test_by_a_second_account_of_the_same_person_is_refused(self, email: str) -> None:
        request = asked(stop(), by=UserFactory(role="legal", email="maren@ours.example.com"))
        assert refused(confirmed, request, UserFactory(role="cro", email=email)) == {"same_person"}

    def test_by_the_same_account_with_a_new_address_is_refused(self) -> None:
        by = UserFactory(role="legal")
        request = asked(stop(), by=by)
        User.objects.filter(pk=by.pk).update(email="somebody.else@ours.example.com")
        assert refused(confirmed, request, User.objects.get(pk=by.pk)) == {"same_person"}

    def test_by_an_account_without_an_address_is_refused(self) -> None:
        assert refused(confirmed, asked(stop()), UserFactory(role="cro", email="")) == {"unknown_person"}

    def test_by_somebody_without_the_right_is_refused(self) -> None:
        request = asked(stop())
        with pytest.raises(NotPermitted):
            confirmed(request, UserFactory(role="sales_ops"))
        assert not Lift.objects.exists()

    def test_twice_lifts_once(self) -> None:
        request = asked(stop())
        confirmed(request)
        assert refused(confirmed, request) == {"already_lifted"}
        assert Lift.objects.count() == 1

    def test_after_somebody_declined_is_refused(self) -> None:
        request = asked(stop())
        lifting.decline(request, by=UserFactory(role="cro"), at=TUESDAY, consent=Consent("no"))
        assert refused(confirmed, request) == {"wrong_state"}
        assert stopped(ADA)

    def test_lifts_no_later_stop(self) -> None:
        request = asked(stop())
        stop(ADA, SuppressionReason.ONE_CLICK)
        confirmed(request)
        assert stopped(ADA)


class TestOnePerson:
    @pytest.mark.parametrize("reason", WEAK)
    def test_lifts_a_bounce_and_its_like_with_a_reason(self, reason: SuppressionReason) -> None:
        row, by = stop(ADA, reason), UserFactory(role="sales_ops")
        lift = lifting.lift_alone(row, "Their server was down", by=by, at=TUESDAY)
        assert (lift.entered_by, lift.confirmed_by, lift.reason) == (actor(by), "", "Their server was down")
        assert not stopped(ADA)

    def test_lifts_a_domain_that_staff_entered(self) -> None:
        by_hand, by = Stop(SuppressionReason.BY_HAND), UserFactory(role="legal")
        row = suppression.stop_domain("example.com", by_hand, by=SYSTEM, at=TUESDAY)
        lifting.lift_alone(row, "The wrong company", by=by, at=TUESDAY)
        assert not stopped(ADA)

    @pytest.mark.parametrize("reason", STRONG)
    def test_lifts_nothing_that_was_said_for_good(self, reason: SuppressionReason) -> None:
        row, by = stop(ADA, reason), UserFactory(role="legal")
        opted_in()
        assert refused(lifting.lift_alone, row, "why", by=by, at=TUESDAY) == {"too_strong"}

    def test_needs_a_reason(self) -> None:
        row, by = stop(ADA, SuppressionReason.BY_HAND), UserFactory(role="legal")
        assert refused(lifting.lift_alone, row, "", by=by, at=TUESDAY) == {"reason_missing"}
        assert refused(lifting.lift_alone, row, "x" * 501, by=by, at=TUESDAY) == {"reason_too_long"}

    def test_lifts_once(self) -> None:
        row, by = stop(ADA, SuppressionReason.BY_HAND), UserFactory(role="legal")
        lifting.lift_alone(row, "why", by=by, at=TUESDAY)
        assert refused(lifting.lift_alone, row, "why", by=by, at=TUESDAY) == {"already_lifted"}

    @pytest.mark.parametrize("by", ["rep", "chief_of_staff"])
    def test_needs_the_right(self, by: str) -> None:
        row = stop(ADA, SuppressionReason.BY_HAND)
        assert refused(lifting.lift_alone, row, "why", by=UserFactory(role=by), at=TUESDAY) == {"not_permitted"}

    def test_must_be_known(self) -> None:
        row, by = stop(ADA, SuppressionReason.BY_HAND), UserFactory(role="legal", email="")
        assert refused(lifting.lift_alone, row, "why", by=by, at=TUESDAY) == {"unknown_person"}


def test_after_two_people_were_parted_the_wish_of_one_does_not_end_the_stop_of_the_other() -> None:
    ada, other = parse(ADA), parse("grace@pumps.example.com")
    known = cards.find_or_make([ada, other], at=TUESDAY)
    legal = UserFactory(role="legal")
    one, two = known[ada.canonical], known[other.canonical]
    persons.merge(one.person_id, two.person_id, by=legal, at=TUESDAY, reason="one person")
    row = stop(ADA, SuppressionReason.ONE_CLICK)
    persons.split(AddressCard.objects.get(pk=two.pk), by=legal, at=TUESDAY, reason="two people")
    said = opted_in("grace@pumps.example.com")
    with pytest.raises(Refused) as refused:
        lifting.ask(row, said, "She asked", by=legal, at=TUESDAY)
    assert "covers_others" in refused.value.codes
    assert stopped(ADA)
