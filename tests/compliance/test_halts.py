"""One person stops, two different people start again; what stands still passes no door (LAW G9, PIP-13, APR-08)."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.db.models import Model
from django.test.utils import CaptureQueriesContext

from compliance import halts, suppression
from compliance.acts import Consent, offers, perform
from compliance.asking import Batch
from compliance.clearance import preview
from compliance.models import AuditEntry, Decision, Halt, Outcome
from compliance.principals import SYSTEM, Principal
from compliance.refusals import Refused
from compliance.rules_standing import NotHalted
from compliance.transitions import NotPermitted
from handoff.roles import ROLES
from tests.cast import TUESDAY
from tests.compliance.asking import RULES, ask, clear
from tests.factories import UserFactory, armed, playbook_loaded

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

ALL = halts.EVERYTHING
LATER = TUESDAY + timedelta(minutes=5)
MENDED = Consent("The cause is mended.")
State = Halt.State
STAFF = sorted(set(ROLES) - {"integration"})


def press(scope: str = ALL, by: Principal = SYSTEM, kind: Halt.Kind = Halt.Kind.KILL_SWITCH, code: str = "") -> Halt:
    return halts.place(scope, kind, "Odd replies came in.", by=by, at=TUESDAY, code=code)


def starter(**columns: Any) -> User:
    return UserFactory(role="sales_ops", **columns)


def asked(by: User) -> Halt:
    return halts.ask_start(press(), by=by, at=TUESDAY, consent=MENDED)


def start(row: Halt, by: User) -> Halt:
    return halts.confirm_start(row, by=by, at=LATER, consent=MENDED)


def codes(row: Halt, arrow: str, by: User) -> tuple[str, ...]:
    (act,) = [act for act in halts.ACTS if act.arrow == arrow]
    (offer,) = offers(row, [act], by)
    return tuple(refusal.code for refusal in offer.refusals)


class TestStopping:
    @pytest.mark.parametrize("role", STAFF)
    def test_every_member_of_staff_may(self, role: str) -> None:
        assert press(by=UserFactory(role=role)).state == State.STANDING

    def test_a_program_and_somebody_who_has_left_may_not(self) -> None:
        for user in (UserFactory(role="integration"), UserFactory(role="rep", is_active=False)):
            with pytest.raises(NotPermitted):
                press(by=user)
        assert not Halt.objects.exists()

    def test_twice_is_once(self) -> None:
        first = press(by=UserFactory(role="rep"))
        assert press(by=UserFactory(role="cmo")) == first
        assert AuditEntry.objects.filter(verb="halt.placed").count() == 1

    def test_another_cause_is_another_halt(self) -> None:
        assert (
            len({press().pk, press(kind=Halt.Kind.BREAKER, code="bounces").pk, press(kind=Halt.Kind.BREAKER).pk}) == 3
        )

    def test_what_was_started_again_can_be_stopped_again(self) -> None:
        row = start(asked(starter()), starter())
        again = press()
        assert again.pk != row.pk
        assert again.order_no > row.order_no

    def test_whoever_stops_says_no_to_a_start_that_was_asked_for(self) -> None:
        row = asked(starter())
        again = press(by=UserFactory(role="rep"))
        assert (again.pk, again.state, again.asked_by) == (row.pk, State.STANDING, "")
        assert Halt.objects.get().asked_person == ""

    def test_the_log_says_what_and_by_whom_but_names_no_recipient(self) -> None:
        user = UserFactory(role="rep")
        row = press("recipient-domain:ada-byron.example", by=user)
        entry = AuditEntry.objects.get(verb="halt.placed")
        assert (entry.actor, entry.reason) == (f"user:{user.pk}", "Odd replies came in.")
        assert entry.data == {
            "scope": "recipient-domain",
            "kind": "kill_switch",
            "order": row.order_no,
            "incident": None,
        }

    def test_only_what_stands_is_told(self) -> None:
        press("mailbox:1")
        start(asked(starter()), starter())
        assert set(halts.standing()) == {"mailbox:1"}
        assert halts.standing(["mailbox:2"]) == {}


class TestTheDoor:
    @pytest.fixture(autouse=True)
    def _with_its_rule(self, settings: Any) -> None:
        settings.CLEARANCE_RULES = ["compliance.rules_standing.NotHalted", *RULES]
        playbook_loaded()
        armed()

    @pytest.mark.parametrize("scope", [ALL, "mailbox:1", "list:1", "sequence:1", "account:1"])
    def test_what_stands_still_waits_an_hour_and_the_order_proves_it(self, scope: str) -> None:
        row = press(scope)
        (ruling,) = clear(ask())
        assert (ruling.outcome, ruling.code) == (Outcome.DEFER, "halted")
        assert ruling.decisive.until == TUESDAY + timedelta(hours=1)
        assert dict(ruling.decisive.why) == {"halt": row.pk, "scope": scope}
        assert Decision.objects.get().order_no > row.order_no

    def test_everything_that_an_ask_names_can_be_stopped(self) -> None:
        for scope in sorted(ask().scopes):
            row = press(scope)
            assert preview([ask()], TUESDAY)[0].code == "halted"
            start(halts.ask_start(row, by=starter(), at=TUESDAY, consent=MENDED), starter())
            assert preview([ask()], TUESDAY)[0].permitted

    def test_a_batch_costs_one_query(self) -> None:
        press("mailbox:9")
        asks = [ask(f"ada.{number}@pumps.example.com", f"{number}/1") for number in range(20)]
        with CaptureQueriesContext(connection) as queries:
            NotHalted().load(Batch(asks), TUESDAY)
        assert len(queries) == 1

    def test_no_verdict_names_a_recipients_domain(self) -> None:
        press("recipient-domain:example.com")
        (ruling,) = preview([ask()], TUESDAY)
        assert ruling.decisive.why["scope"] == "recipient-domain"

    @pytest.mark.parametrize("text", ["ada@x.co.uk", "ada@mail.x.co.uk", "Ada@X.CO.UK"])
    def test_a_domain_stands_still_with_everything_below_it(self, text: str) -> None:
        press(suppression.domain_scope("x.co.uk"))
        assert preview([ask(text)], TUESDAY)[0].code == "halted"

    @pytest.mark.parametrize("text", ["ada@y.co.uk", "ada@notx.co.uk", "ada@co.uk"])
    def test_what_is_beside_it_or_above_it_goes_on(self, text: str) -> None:
        press(suppression.domain_scope("x.co.uk"))
        assert preview([ask(text)], TUESDAY)[0].permitted

    def test_a_domain_stands_still_in_its_other_readings(self) -> None:
        press(suppression.domain_scope("gmail.com"))
        assert preview([ask("ada@googlemail.com")], TUESDAY)[0].code == "halted"

    def test_a_domain_as_long_as_they_come_can_be_stopped(self) -> None:
        label = "a" * 60
        press(suppression.domain_scope(f"{label}.{label}.{label}.example"))
        assert preview([ask(f"ada@{label}.{label}.{label}.example")], TUESDAY)[0].code == "halted"

    def test_what_is_not_yet_to_be_sent_may_be_prepared(self) -> None:
        press()
        assert preview([ask(step=None)], TUESDAY)[0].permitted


class TestStartingAgain:
    def test_two_people_do(self) -> None:
        first, second = starter(), starter()
        row = start(asked(first), second)
        assert (row.state, row.lifted_at) == (State.LIFTED, LATER)
        assert (row.asked_by, row.confirmed_by) == (f"user:{first.pk}", f"user:{second.pk}")
        assert halts.standing() == {}

    def test_one_alone_does_not(self) -> None:
        user = starter()
        with pytest.raises(Refused) as refused:
            start(asked(user), user)
        assert refused.value.codes == ("same_person",)
        assert ALL in halts.standing()

    @pytest.mark.parametrize("address", ["mo@ours.example.com", "MO@Ours.Example.COM", "mo+2@ours.example.com"])
    def test_a_second_account_of_the_same_person_does_not_either(self, address: str) -> None:
        row = asked(starter(email="mo@ours.example.com"))
        other = starter(email=address)
        with pytest.raises(Refused) as refused:
            start(row, other)
        assert refused.value.codes == codes(row, "confirm_start", other) == ("same_person",)

    def test_somebody_without_an_address_neither_asks_nor_confirms(self) -> None:
        nobody, row = starter(email=""), press()
        assert codes(row, "ask_start", nobody) == ("no_address",)
        assert codes(asked(starter()), "confirm_start", nobody) == ("no_address",)

    @pytest.mark.parametrize("role", ["content", "rep"])
    def test_not_everybody_may(self, role: str) -> None:
        row = asked(starter())
        with pytest.raises(NotPermitted):
            start(row, UserFactory(role=role))

    def test_the_system_never_does(self) -> None:
        with pytest.raises(Refused):
            halts.ask_start(press(), by=SYSTEM, at=TUESDAY, consent=MENDED)

    def test_nobody_starts_what_nobody_asked_for(self) -> None:
        with pytest.raises(Refused) as refused:
            start(press(), starter())
        assert refused.value.codes == ("changed_meanwhile",)

    def test_whoever_may_stop_may_say_no(self) -> None:
        row = halts.decline_start(asked(starter()), by=UserFactory(role="rep"), at=TUESDAY, consent=MENDED)
        assert (row.state, row.asked_at) == (State.STANDING, None)

    def test_a_confirmation_of_what_was_declined_meanwhile_is_late(self) -> None:
        row = asked(starter())
        halts.decline_start(row, by=UserFactory(role="rep"), at=TUESDAY, consent=MENDED)
        with pytest.raises(Refused):
            start(row, starter())

    def test_asking_twice_is_closed_for_one_and_open_for_another(self) -> None:
        user = starter()
        row = asked(user)
        assert codes(row, "ask_start", user) == ("already_asked",)
        assert codes(row, "ask_start", starter()) == ()

    @pytest.mark.parametrize("act", halts.ACTS, ids=lambda act: str(act.arrow))
    def test_a_reason_is_required(self, act: Any) -> None:
        row = press() if act.arrow == "ask_start" else asked(starter())
        with pytest.raises(Refused) as refused:
            perform(row, act, by=starter(), at=TUESDAY, consent=Consent(" "))
        assert refused.value.codes == ("comment_missing",)
        with pytest.raises(Refused) as refused:
            act.do(row, by=starter(), at=TUESDAY, consent=Consent(" "))
        assert refused.value.codes == ("comment_missing",)


class TestTheDatabaseHoldsItToo:
    @pytest.mark.parametrize(("first", "second"), [("a" * 32, "a" * 32), ("", "b" * 32), ("a" * 32, ""), ("", "")])
    def test_one_person_starts_nothing_behind_the_verbs_back(self, first: str, second: str) -> None:
        row = press()
        with pytest.raises(IntegrityError), transaction.atomic():
            set_raw(row, state="lifted", asked_person=first, confirmed_person=second, asked_by="user:1")
        assert ALL in halts.standing()

    def test_two_accounts_with_one_address_write_one_digest(self) -> None:
        row = asked(starter(email="mo@ours.example.com"))
        other = halts.ask_start(
            press("mailbox:1"), by=starter(email="mo+x@ours.example.com"), at=TUESDAY, consent=MENDED
        )
        with pytest.raises(IntegrityError), transaction.atomic():
            set_raw(row, state="lifted", confirmed_person=other.asked_person, confirmed_by=other.asked_by)

    def test_the_same_halt_does_not_stand_twice(self) -> None:
        row = press()
        row.pk, row.order_no = None, row.order_no + 1
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save(force_insert=True)


def set_raw(row: Model, **columns: str) -> None:
    """What somebody with a database console writes."""
    told = ", ".join(f"{name} = %s" for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE compliance_halt SET {told} WHERE id = %s", [*columns.values(), row.pk])  # noqa: S608
