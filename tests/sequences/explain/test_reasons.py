"""Whatever keeps a message, for a while or for good, is told: state, rule, what it looked at, and when it goes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from pytest_django.fixtures import Settings

from compliance import builds, halts, holds
from compliance.acts import Consent
from compliance.models import Halt
from compliance.principals import SYSTEM
from sequences import enrollment, events, explain, mailboxes, planner, sender
from sequences.explain import Explanation
from sequences.explain.shape import Message, Next
from sequences.models import Contact, Enrollment, ExitReason, OutboundMessage
from tests.cast import TUESDAY
from tests.factories import UserFactory
from tests.sequences.campaign import left_behind, opt_out, play, played, under_way
from tests.sequences.scripted_smtp import CLOSE, ScriptedServer, say

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def told(at: datetime = TUESDAY) -> Explanation:
    """What is told of the one contact."""
    return explain.of_contact(Contact.objects.select_related("card").get(), at=at)


def message(at: datetime = TUESDAY) -> Message:
    (found,) = told(at)["messages"]
    return found


def coming(at: datetime = TUESDAY) -> Next:
    found = told(at)["next"]
    assert found is not None
    return found


def against(step: Next) -> dict[str, str]:
    """{rule: code} of the rules that would not say yes now."""
    return {one["rule"]: one["code"] for one in step["verdicts"] if one["outcome"] != "permit"}


def sent(steps: int = 2) -> None:
    with ScriptedServer() as server:
        under_way(server.port, steps=steps)
        play()


def halted() -> None:
    under_way()
    halts.place(halts.EVERYTHING, Halt.Kind.KILL_SWITCH, "Look at the list", by=SYSTEM, at=TUESDAY)


def stopped() -> None:
    under_way()
    opt_out(Contact.objects.get().address)


def changed() -> None:
    under_way()
    Contact.objects.update(first_name="Grace")


def held() -> None:
    under_way()
    holds.place(Contact.objects.get().card.digest, source="sequences.inboundmessage:7", by=SYSTEM, at=TUESDAY)


def value_gone() -> None:
    under_way()
    Contact.objects.update(first_name="")


def mailbox_stopped() -> None:
    row = under_way()
    mailboxes.stop(Enrollment.objects.get(row__recipient_list=row).mailbox, by=SYSTEM, at=TUESDAY, consent=Consent("!"))


@dataclass(frozen=True)
class Case:
    """What was done, the moment of asking, which rule is against it, and what comes of that."""

    done: Callable[[], object]
    rule: str
    code: str
    at: datetime = TUESDAY
    earliest: datetime | None = None
    waits_for: str = ""
    ends_with: str = ""


CASES = {
    "stopped": Case(stopped, "NotSuppressed", "suppressed", ends_with="suppressed"),
    "a value missing": Case(value_gone, "ValuesPresent", "missing_value", ends_with="missing_value"),
    "held": Case(held, "NotHeld", "held", waits_for="held"),
    "halted": Case(halted, "NotHalted", "halted", waits_for="halted"),
    "not signed as it is": Case(changed, "RowIsSigned", "row_changed", waits_for="row_changed"),
    "mailbox stopped": Case(mailbox_stopped, "MailboxRuns", "mailbox_stopped", waits_for="mailbox_stopped"),
    "outside the window": Case(
        under_way, "WithinWindow", "outside_window", TUESDAY + 10 * HOUR, earliest=TUESDAY + 21 * HOUR
    ),
    "signed too long ago": Case(
        lambda: under_way(at=TUESDAY), "RowIsSigned", "signature_aged", TUESDAY + 31 * DAY, ends_with="stale"
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_against_the_next_message_is_named_with_its_end(case: Case) -> None:
    case.done()
    step = coming(case.at)
    assert against(step).get(case.rule) == case.code
    assert (step["earliest"], step["waits_for"], step["ends_with"]) == (case.earliest, case.waits_for, case.ends_with)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_end_is_said_in_words(case: Case) -> None:
    case.done()
    step = coming(case.at)
    assert bool(step["because"]) is not bool(step["earliest"])


def test_a_hold_is_told_with_its_reason_and_its_end() -> None:
    held()
    (before,) = told()["holds"]
    holds.end("sequences.inboundmessage:7", by=SYSTEM, at=TUESDAY + HOUR)
    (after,) = told()["holds"]
    assert (before["reason"], before["by"], before["holds"]) == ("answered", "Handoff itself", True)
    assert (after["holds"], after["ended_at"]) == (False, TUESDAY + HOUR)


def test_who_may_be_written_to_hears_when() -> None:
    under_way()
    step = coming(TUESDAY)
    assert (step["earliest"], against(step)) == (TUESDAY, {})


class TestWhatWent:
    def test_what_was_sent_has_the_verdict_of_every_rule(self, settings: Settings) -> None:
        sent()
        (attempt,) = message()["attempts"]
        assert (attempt["decided"], attempt["outcome"], attempt["answer"]) == (
            "permit",
            "accepted",
            "250 2.0.0 queued as 4711",
        )
        named = [path.rpartition(".")[2] for path in settings.CLEARANCE_RULES]
        assert [verdict["rule"] for verdict in attempt["verdicts"]] == named

    def test_each_verdict_says_what_it_looked_at(self) -> None:
        sent()
        (attempt,) = message()["attempts"]
        cap = next(one for one in attempt["verdicts"] if one["rule"] == "PersonCap")
        assert cap["why"] == {"bound": "playbook", "limit": 1, "hours": 48, "used": 0}

    def test_who_signed_is_named(self) -> None:
        sent()
        steps = [one["step"] for one in message()["signatures"]]
        assert steps == ["messaging", "narrative", "loading", "sequence", "recipients"]

    def test_the_playbook_and_the_code_that_decided_are_named(self) -> None:
        sent()
        builds.build_round(TUESDAY)
        (attempt,) = message()["attempts"]
        assert attempt["playbook"] == 1
        assert attempt["build"] is not None
        assert attempt["build"]["version"]

    def test_the_next_step_is_told_with_the_moment_it_is_due(self) -> None:
        sent()
        step, due = coming(TUESDAY + HOUR), Enrollment.objects.get().due_at
        assert (step["step"], step["due"], step["earliest"]) == (2, due, due)

    def test_a_cap_that_holds_now_but_not_by_then_puts_nothing_off(self) -> None:
        sent()
        assert against(coming(TUESDAY + HOUR)) == {"PersonCap": "person_cap"}

    def test_a_cap_that_still_holds_by_then_names_the_moment_it_ends(self) -> None:
        sent()
        Enrollment.objects.update(due_at=TUESDAY + DAY)
        step = coming(TUESDAY + HOUR)
        assert (step["due"], step["earliest"]) == (TUESDAY + DAY, TUESDAY + 2 * DAY)

    def test_what_came_back_is_told(self) -> None:
        sent()
        events.complain_by_hand(OutboundMessage.objects.get(), by=UserFactory(role="legal"), at=TUESDAY + HOUR)
        assert [one["kind"] for one in message()["came_back"]] == ["complaint"]


class TestWhatDidNotGo:
    def test_what_the_door_refused_when_it_was_planned_keeps_that_verdict(self) -> None:
        stopped()
        planner.plan_round(TUESDAY)
        found = message()
        assert (found["state"], found["reason"], found["attempts"]) == ("refused", "suppressed", [])
        assert found["refusal"] is not None
        assert (found["refusal"]["rule"], found["refusal"]["why"]["reason"]) == ("NotSuppressed", "one_click")

    def test_what_was_put_off_at_the_door_tells_try_by_try(self) -> None:
        with ScriptedServer() as server:
            under_way(server.port)
            planner.plan_round(TUESDAY)
            Contact.objects.update(first_name="Grace")
            sender.send_round(TUESDAY)
        (attempt,) = message()["attempts"]
        assert (attempt["decided"], attempt["code"], attempt["outcome"]) == ("defer", "row_changed", "withheld")
        assert attempt["until"] == TUESDAY + DAY

    def test_a_server_that_says_no_for_good_is_quoted(self) -> None:
        played({"rcpt": say("550 5.1.1 no such user")})
        found = message()
        assert (found["state"], found["attempts"][0]["answer"]) == ("rejected", "550 5.1.1 no such user")
        assert found["attempts"][0]["decided"] == ""

    def test_what_became_too_late_says_so(self) -> None:
        under_way()
        planner.plan_round(TUESDAY)
        sender.send_round(TUESDAY + 11 * DAY)
        found = message()
        assert (found["state"], found["because"]) == ("expired", "It became too late to send it")

    def test_what_is_in_doubt_waits_for_evidence(self) -> None:
        played({"dot": CLOSE})
        step = coming()
        assert (step["state"], step["waits_for"], step["earliest"]) == ("in_doubt", "in_doubt", None)

    def test_what_is_on_the_wire_is_being_sent(self) -> None:
        left_behind(cleared=True, lease=HOUR)
        assert coming()["waits_for"] == "being_sent"

    def test_whoever_was_taken_out_reads_who_did_it_and_why(self) -> None:
        under_way()
        planner.plan_round(TUESDAY)
        maren = UserFactory(role="sales_ops", first_name="Maren", last_name="Lindahl")
        row = OutboundMessage.objects.get().enrollment
        enrollment.remove(row, by=maren, at=TUESDAY, consent=Consent("She called"))
        (passage,) = told()["passages"]
        assert (passage["state"], passage["reason"], passage["because"]) == (
            "exited",
            ExitReason.REMOVED,
            "Taken out of the sequence by hand",
        )
        assert message()["reason"] == ExitReason.REMOVED
