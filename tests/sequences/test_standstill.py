"""What a halt holds waits, is not lost, and is asked again soon after two people have started it (spec X8)."""

from datetime import timedelta

import pytest

from compliance import clearance, halts
from compliance.acts import Consent
from compliance.models import Halt, Outcome
from compliance.principals import SYSTEM
from sequences import asks, planner, standstill
from sequences.models import OutboundMessage, Template
from tests.cast import TUESDAY
from tests.factories import MailboxFactory, TemplateVersionFactory, UserFactory
from tests.sequences.campaign import message, play, under_way
from tests.sequences.scripted_smtp import ScriptedServer

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

MINUTE = timedelta(minutes=1)
WHY = Consent("The cause is mended.")
EVERY_KIND = [
    "installation",
    "mailbox",
    "sending-domain",
    "sequence",
    "template",
    "list",
    "account",
    "recipient-domain",
]


def place(scope: str) -> Halt:
    return halts.place(scope, Halt.Kind.KILL_SWITCH, "Odd replies.", by=SYSTEM, at=TUESDAY)


def start(row: Halt) -> None:
    asked = halts.ask_start(row, by=UserFactory(role="cro"), at=TUESDAY, consent=WHY)
    halts.confirm_start(asked, by=UserFactory(role="sales_ops"), at=TUESDAY + MINUTE, consent=WHY)


def scope_of(kind: str) -> str:
    """The narrowest scope of that kind that the one message belongs to."""
    ask = asks.for_message(message())
    found = [scope for scope in {halts.EVERYTHING, *ask.scopes} if scope.partition(":")[0] == kind]
    return max(found, key=len)


def planned() -> None:
    under_way()
    planner.plan_round(TUESDAY)


class TestHolding:
    @pytest.mark.parametrize("kind", EVERY_KIND)
    def test_nothing_of_what_stands_still_leaves(self, kind: str) -> None:
        with ScriptedServer() as server:
            under_way(server.port)
            planner.plan_round(TUESDAY)
            place(scope_of(kind))
            assert clearance_says() == Outcome.DEFER
            assert play() == {"halted": 1}
        assert "DATA" not in [line.partition(" ")[0] for line in server.log]
        assert (message().reason, message().not_before) == ("halted", TUESDAY + 60 * MINUTE)

    @pytest.mark.parametrize("kind", EVERY_KIND)
    def test_the_messages_it_holds_are_those_it_counts(self, kind: str) -> None:
        planned()
        assert standstill.counts(scope_of(kind)) == {"waiting": 1, "on_the_wire": 0}

    @pytest.mark.parametrize("kind", sorted(set(EVERY_KIND) - {"installation"}))
    def test_something_else_of_that_kind_does_not_hold_it(self, kind: str) -> None:
        planned()
        place(f"{kind}:{'elsewhere.example' if 'domain' in kind else 999}")
        assert standstill.counts(f"{kind}:999")["waiting"] == 0
        assert clearance_says() == Outcome.PERMIT

    @pytest.mark.parametrize("kind", ["installation", "template"])
    def test_what_becomes_due_meanwhile_is_planned_and_waits(self, kind: str) -> None:
        under_way()
        place(halts.EVERYTHING if kind == "installation" else Template.objects.get().key)
        planner.plan_round(TUESDAY)
        assert (message().state, message().reason) == (OutboundMessage.State.PLANNED, "halted")

    def test_a_template_stands_still_with_every_version_of_it(self) -> None:
        planned()
        newer = TemplateVersionFactory(template=Template.objects.get(), number=2)
        OutboundMessage.objects.update(template_version=newer)
        place(newer.template.key)
        assert clearance_says() == Outcome.DEFER


class TestStartingAgain:
    def test_what_waited_is_asked_again_at_once(self) -> None:
        with ScriptedServer() as server:
            under_way(server.port)
            row = place(halts.EVERYTHING)
            play()
            start(row)
            assert standstill.release_round(TUESDAY + MINUTE) == {"released": 1}
            assert play(TUESDAY + MINUTE) == {"accepted": 1}

    def test_nothing_is_released_while_it_stands(self) -> None:
        place(halts.EVERYTHING)
        planned()
        assert standstill.release_round(TUESDAY + MINUTE) == {"released": 0}

    @pytest.mark.parametrize("kind", EVERY_KIND)
    def test_what_still_stands_for_another_reason_is_left_alone(self, kind: str) -> None:
        planned()
        first, other = place(scope_of("sequence")), place(scope_of(kind))
        if first == other:
            other = halts.place(first.scope, Halt.Kind.BREAKER, "Bounces.", by=SYSTEM, at=TUESDAY, code="bounces")
        OutboundMessage.objects.update(reason="halted", not_before=TUESDAY + 60 * MINUTE)
        start(first)
        assert standstill.release_round(TUESDAY + MINUTE) == {"released": 0}
        start(other)
        assert standstill.release_round(TUESDAY + MINUTE) == {"released": 1}

    def test_what_waits_for_something_else_goes_on_waiting(self) -> None:
        planned()
        row = place(halts.EVERYTHING)
        OutboundMessage.objects.update(reason="person_cap", not_before=TUESDAY + 60 * MINUTE)
        start(row)
        assert standstill.release_round(TUESDAY + MINUTE) == {"released": 0}


class TestNames:
    def test_a_name_means_the_thing_whatever_its_case(self) -> None:
        row = MailboxFactory(address="rick@ours.example.com")
        assert standstill.scopes_of("mailbox", "Rick@Ours.example.com") == [row.key]
        assert standstill.scopes_of("domain", "OURS.example.com") == ["sending-domain:ours.example.com"]

    def test_a_sequence_and_a_list_are_found_by_name(self) -> None:
        row = under_way()
        assert standstill.scopes_of("list", row.name.upper()) == [row.key]
        version = row.sequence_version
        assert version is not None
        names = (version.sequence.name, version.sequence.slug)
        assert [standstill.scopes_of("sequence", name) for name in names] == [[version.sequence.key]] * 2

    def test_what_does_not_exist_is_answered_with_what_does(self) -> None:
        MailboxFactory(address="rick@ours.example.com")
        with pytest.raises(standstill.NothingMatches) as nothing:
            standstill.scopes_of("mailbox", "nick@ours.example.com")
        assert nothing.value.known == ["rick@ours.example.com"]

    def test_a_recipients_domain_needs_not_be_known(self) -> None:
        assert standstill.scopes_of("recipient-domain", "@Example.COM") == ["recipient-domain:example.com"]
        with pytest.raises(standstill.NothingMatches):
            standstill.scopes_of("recipient-domain", "not a domain")


def clearance_says() -> Outcome:
    return clearance.preview([asks.for_message(message())], TUESDAY)[0].outcome
