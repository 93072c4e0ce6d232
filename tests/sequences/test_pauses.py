"""A passage that pauses: nothing is sent, nothing is left out, nothing goes twice, and no wait runs on (spec SQ5)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from compliance import holds
from compliance.acts import Act, Consent, offers, perform
from compliance.models import AuditEntry
from compliance.principals import SYSTEM
from compliance.refusals import Refused
from sequences import enrollment, pauses, planner, sender
from sequences.models import Contact, Enrollment, ExitReason, OutboundMessage, PauseReason
from tests.cast import TUESDAY
from tests.factories import UserFactory
from tests.sequences.campaign import State, broken_promises, message, passage, play, under_way
from tests.sequences.scripted_smtp import ScriptedServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.everywhere]

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
MAIL = "sequences.inboundmessage:7"


def pause(until: datetime | None = TUESDAY + WEEK, because: PauseReason = PauseReason.OUT_OF_OFFICE) -> None:
    pauses.pause(passage(), because, until, by=SYSTEM, at=TUESDAY)


def hold() -> None:
    holds.place(Contact.objects.get().card.digest, source=MAIL, by=SYSTEM, at=TUESDAY)


def end_hold(at: datetime) -> None:
    holds.end(MAIL, by=SYSTEM, at=at)


def running() -> bool:
    return passage().paused_at is None


def at_hand(row: Enrollment, arrow: str, by: User, **more: str) -> None:
    perform(row, act(arrow), by=by, at=TUESDAY, consent=Consent("They asked for it.", more=more))


def act(arrow: str) -> Act:
    (found,) = [one for one in pauses.ACTS if one.arrow == arrow]
    return found


class TestWhileItPauses:
    def test_nothing_is_planned(self) -> None:
        under_way()
        pause()
        assert planner.plan_round(TUESDAY + DAY)["planned"] == 0

    def test_what_was_planned_is_not_sent(self) -> None:
        with ScriptedServer() as server:
            under_way(server.port)
            planner.plan_round(TUESDAY)
            pause()
            assert sender.send_round(TUESDAY + DAY).get("accepted", 0) == 0
        assert (message().state, message().reason) == (State.PLANNED, "out_of_office")

    def test_the_door_says_why_and_until_when(self) -> None:
        under_way()
        planner.plan_round(TUESDAY)
        pause()
        OutboundMessage.objects.update(not_before=TUESDAY, reason="")
        with ScriptedServer() as server:
            type(message().mailbox).objects.update(port=server.port)
            sender.send_round(TUESDAY)
        assert (message().reason, message().not_before) == ("out_of_office", TUESDAY + WEEK)

    def test_no_step_grows_old(self) -> None:
        under_way(steps=2)
        planner.plan_round(TUESDAY)
        pause(TUESDAY + 6 * WEEK)
        sender.send_round(TUESDAY + 5 * WEEK)
        assert (message().state, passage().next_step) == (State.PLANNED, 1)

    def test_the_log_says_why(self) -> None:
        under_way()
        pause()
        entry = AuditEntry.objects.get(verb="sequences.enrollment.pause")
        assert entry.data["code"] == "out_of_office"

    def test_the_database_wants_a_reason(self) -> None:
        under_way()
        with pytest.raises(IntegrityError), transaction.atomic():
            Enrollment.objects.update(paused_at=TUESDAY)

    def test_it_may_end_as_ever(self) -> None:
        under_way()
        pause()
        enrollment.leave([passage()], ExitReason.REMOVED, by=SYSTEM, at=TUESDAY)
        assert (passage().state, running()) == (Enrollment.State.EXITED, True)

    def test_one_that_has_ended_does_not_pause(self) -> None:
        under_way()
        enrollment.leave([passage()], ExitReason.REMOVED, by=SYSTEM, at=TUESDAY)
        pause()
        assert running()


class TestGoingOn:
    def test_by_itself_when_the_time_has_come(self) -> None:
        under_way()
        pause()
        assert pauses.pause_round(TUESDAY + WEEK - DAY)["resumed"] == 0
        assert pauses.pause_round(TUESDAY + WEEK)["resumed"] == 1
        assert running()

    def test_what_was_planned_goes_once(self) -> None:
        with ScriptedServer() as server:
            under_way(server.port)
            planner.plan_round(TUESDAY)
            pause(TUESDAY + 3 * WEEK)
            pauses.pause_round(TUESDAY + 3 * WEEK)
            assert play(TUESDAY + 3 * WEEK) == {"accepted": 1}
            assert play(TUESDAY + 3 * WEEK) == {}
        assert broken_promises() == {}

    def test_its_life_is_as_long_as_it_was(self) -> None:
        under_way()
        planner.plan_round(TUESDAY)
        left = message().expires_at - TUESDAY
        pause()
        pauses.pause_round(TUESDAY + WEEK)
        assert message().expires_at == TUESDAY + WEEK + left

    def test_what_was_left_of_a_wait_is_left(self) -> None:
        under_way(steps=2)
        Enrollment.objects.update(next_step=2, due_at=TUESDAY + 3 * DAY)
        pause()
        pauses.pause_round(TUESDAY + WEEK)
        assert passage().due_at == TUESDAY + WEEK + 3 * DAY

    def test_the_step_after_it_waits_from_when_it_went(self) -> None:
        with ScriptedServer() as server:
            under_way(server.port, steps=2)
            planner.plan_round(TUESDAY)
            pause()
            pauses.pause_round(TUESDAY + WEEK)
            play(TUESDAY + WEEK)
        due = passage().due_at
        assert passage().next_step == 2
        assert due is not None
        assert due >= TUESDAY + WEEK + 2 * WEEK

    def test_what_the_door_put_off_for_it_is_asked_again(self) -> None:
        under_way()
        planner.plan_round(TUESDAY)
        OutboundMessage.objects.update(reason="out_of_office", not_before=TUESDAY + WEEK)
        assert pauses.pause_round(TUESDAY)["released"] == 1
        assert (message().reason, message().not_before) == ("", TUESDAY)

    def test_what_waits_for_something_else_waits_on(self) -> None:
        under_way()
        planner.plan_round(TUESDAY)
        OutboundMessage.objects.update(reason="mailbox_cap", not_before=TUESDAY + 2 * WEEK)
        pause()
        pauses.pause_round(TUESDAY + WEEK)
        assert (message().reason, message().not_before) == ("mailbox_cap", TUESDAY + 2 * WEEK)

    def test_it_goes_on_once(self) -> None:
        under_way()
        pause()
        assert pauses.resume(passage(), by=SYSTEM, at=TUESDAY + DAY) is not None
        assert pauses.resume(passage(), by=SYSTEM, at=TUESDAY + DAY) is None


class TestTwoReasons:
    @pytest.mark.parametrize(("first", "second"), [(WEEK, 2 * WEEK), (2 * WEEK, WEEK)])
    def test_the_longer_counts(self, first: timedelta, second: timedelta) -> None:
        under_way()
        pause(TUESDAY + first)
        pause(TUESDAY + second, PauseReason.COLLEAGUE_REPLIED)
        assert passage().paused_until == TUESDAY + 2 * WEEK

    def test_until_somebody_says_so_is_longest(self) -> None:
        under_way()
        pause()
        pause(None, PauseReason.BY_HAND)
        pause(TUESDAY + 9 * WEEK)
        assert (passage().paused_until, passage().paused_because) == (None, "by_hand")

    def test_the_clock_has_stood_still_since_the_first(self) -> None:
        under_way()
        pause()
        pauses.pause(passage(), PauseReason.COLLEAGUE_REPLIED, TUESDAY + 2 * WEEK, by=SYSTEM, at=TUESDAY + DAY)
        assert passage().paused_at == TUESDAY


class TestBeingHeld:
    def test_the_passage_of_whoever_is_held_pauses(self) -> None:
        under_way()
        hold()
        assert pauses.pause_round(TUESDAY)["paused"] == 1
        assert (passage().paused_because, passage().paused_until) == ("held", None)

    def test_it_goes_on_when_the_hold_has_ended(self) -> None:
        under_way()
        hold()
        pauses.pause_round(TUESDAY)
        end_hold(TUESDAY + DAY)
        assert pauses.pause_round(TUESDAY + DAY)["resumed"] == 1

    def test_nobody_else_pauses(self) -> None:
        under_way(people=2)
        first = Contact.objects.select_related("card").order_by("pk")[0]
        holds.place(first.card.digest, source=MAIL, by=SYSTEM, at=TUESDAY)
        assert pauses.pause_round(TUESDAY)["paused"] == 1

    def test_a_message_that_a_hold_put_off_is_asked_again_at_its_end(self) -> None:
        with ScriptedServer() as server:
            under_way(server.port)
            hold()
            play()
            assert message().reason == "held"
            end_hold(TUESDAY + timedelta(minutes=1))
            pauses.pause_round(TUESDAY + timedelta(minutes=1))
            assert play(TUESDAY + timedelta(minutes=1)) == {"accepted": 1}

    def test_an_absence_that_ends_first_does_not_free_them(self) -> None:
        under_way()
        pause()
        hold()
        assert pauses.pause_round(TUESDAY + WEEK)["resumed"] == 0
        assert (passage().paused_because, passage().paused_at) == ("held", TUESDAY)

    @pytest.mark.parametrize("held_first", [True, False])
    def test_an_absence_that_lasts_longer_is_kept(self, held_first: bool) -> None:
        under_way()
        for what in (hold, pause) if held_first else (pause, hold):
            what()
            pauses.pause_round(TUESDAY)
        end_hold(TUESDAY + DAY)
        assert pauses.pause_round(TUESDAY + DAY)["resumed"] == 0
        assert pauses.pause_round(TUESDAY + WEEK)["resumed"] == 1


class TestByHand:
    @pytest.mark.parametrize("role", ["cro", "sales_ops", "rep"])
    def test_whoever_talks_to_people_pauses_and_lets_go_on(self, role: str) -> None:
        under_way()
        by = UserFactory(role=role)
        at_hand(passage(), "pause", by, because="by_hand")
        assert (passage().paused_because, passage().paused_until) == ("by_hand", None)
        at_hand(passage(), "resume", by)
        assert running()

    def test_nobody_else(self) -> None:
        under_way()
        with pytest.raises(Refused):
            at_hand(passage(), "pause", UserFactory(role="content"), because="by_hand")

    def test_until_the_end_of_a_day_at_the_recipient(self) -> None:
        under_way()
        Contact.objects.update(zone="Europe/Berlin")
        day = (TUESDAY + DAY).date()
        at_hand(passage(), "pause", UserFactory(role="rep"), because="sender_absent", until=day.isoformat())
        ended = datetime(day.year, day.month, day.day, 23, tzinfo=UTC)
        assert passage().paused_until == ended

    def test_not_until_a_day_that_is_over(self) -> None:
        under_way()
        with pytest.raises(Refused) as refused:
            at_hand(passage(), "pause", UserFactory(role="rep"), because="by_hand", until="2020-01-01")
        assert refused.value.codes == ("past",)

    def test_who_is_held_goes_on_when_the_answer_is_understood(self) -> None:
        under_way()
        hold()
        pauses.pause_round(TUESDAY)
        assert self.against("resume") == ("held",)

    def test_what_runs_cannot_go_on(self) -> None:
        under_way()
        assert self.against("resume") == ("not_paused",)

    def test_what_pauses_for_good_cannot_pause_more(self) -> None:
        under_way()
        pause(None, PauseReason.BY_HAND)
        assert self.against("pause") == ("paused",)

    def against(self, arrow: str) -> tuple[str, ...]:
        (offer,) = offers(passage(), [act(arrow)], UserFactory(role="rep"))
        return tuple(refusal.code for refusal in offer.refusals)
