"""What is due becomes a message, at most one a step, in the order in which it is due (LAW PIP-01, TIM-03)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from compliance import clearance
from compliance.asking import Ask
from compliance.clearance import Ruling
from compliance.models import Decision, Touch
from compliance.principals import SYSTEM
from sequences import asks, enrollment, planner, sender
from sequences.models import Contact, Enrollment, ExitReason, Mailbox, OutboundMessage
from tests.cast import TUESDAY
from tests.factories import playbook_loaded
from tests.sequences.campaign import PLENTY, State, broken_promises, message, opt_out, passage, play, under_way
from tests.sequences.scripted_smtp import ScriptedServer

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class TestOnceOnly:
    def test_a_step_is_planned_once(self) -> None:
        under_way()
        assert planner.plan_round(TUESDAY) == {"planned": 1, "refused": 0}
        assert planner.plan_round(TUESDAY) == {"planned": 0, "refused": 0}
        assert message().ref == f"{passage().pk}/1"

    def test_a_planner_that_saw_the_same_step_makes_no_second_message(self) -> None:
        under_way()
        planner.plan_round(TUESDAY)
        Enrollment.objects.update(due_at=TUESDAY)
        assert planner.plan_round(TUESDAY) == {"planned": 0, "refused": 0}
        assert OutboundMessage.objects.count() == 1

    def test_who_leaves_while_the_door_is_asked_is_not_planned_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        under_way(people=2)
        asked = clearance.preview

        def left_meanwhile(asks: Sequence[Ask], at: datetime) -> list[Ruling]:
            enrollment.leave(list(Enrollment.objects.order_by("pk")[:1]), ExitReason.REMOVED, by=SYSTEM, at=at)
            return asked(asks, at)

        monkeypatch.setattr(clearance, "preview", left_meanwhile)
        assert planner.plan_round(TUESDAY)["planned"] == 1
        assert message().enrollment.state == Enrollment.State.ACTIVE

    def test_the_database_keeps_the_reference_unique(self) -> None:
        under_way()
        planner.plan_round(TUESDAY)
        copy = message()
        copy.pk, copy.message_id = None, "<another@ours.example.com>"
        with pytest.raises(IntegrityError), transaction.atomic():
            copy.save(force_insert=True)

    def test_while_its_message_is_under_way_a_passage_is_not_due(self) -> None:
        under_way()
        planner.plan_round(TUESDAY)
        assert passage().due_at is None

    def test_every_message_has_its_own_id_of_our_domain_and_nothing_of_the_person(self) -> None:
        under_way(people=3)
        planner.plan_round(TUESDAY)
        ids = list(OutboundMessage.objects.values_list("message_id", flat=True))
        assert len(set(ids)) == 3
        assert all(one.endswith("@ours.example.com>") and "ada" not in one for one in ids)


class TestWhen:
    def test_nothing_is_planned_before_it_is_due(self) -> None:
        under_way()
        planner.plan_round(TUESDAY - MINUTE)
        assert not OutboundMessage.objects.exists()

    def test_a_message_keeps_the_moment_at_which_it_was_due(self) -> None:
        under_way()
        planner.plan_round(TUESDAY + HOUR)
        assert (message().planned_at, message().not_before) == (TUESDAY + HOUR, TUESDAY)

    def test_what_has_to_wait_says_until_when_and_why(self) -> None:
        under_way()
        planner.plan_round(TUESDAY + 10 * HOUR)
        assert (message().not_before, message().reason) == (TUESDAY + 21 * HOUR, "outside_window")

    def test_its_life_is_counted_from_the_moment_it_was_due(self) -> None:
        under_way()
        planner.plan_round(TUESDAY + DAY)
        assert message().expires_at == TUESDAY + 10 * DAY

    def test_the_playbook_says_how_long_it_lives(self) -> None:
        playbook_loaded(sequences={"stale_after_days": 2})
        under_way()
        planner.plan_round(TUESDAY)
        assert message().expires_at == TUESDAY + 2 * DAY


class TestTheDoor:
    def test_planning_reserves_and_records_nothing(self) -> None:
        under_way()
        planner.plan_round(TUESDAY)
        assert not Decision.objects.exists()
        assert not Touch.objects.exists()

    def test_who_may_not_be_written_to_is_refused_at_once(self) -> None:
        under_way(steps=2)
        opt_out(Contact.objects.get().address)
        assert planner.plan_round(TUESDAY) == {"planned": 1, "refused": 1}
        assert (message().state, message().reason) == (State.REFUSED, "suppressed")
        assert passage().exit_reason == ExitReason.OPTED_OUT

    def test_a_missing_value_ends_that_passage_alone(self) -> None:
        under_way(people=3)
        first = Contact.objects.order_by("pk")[0]
        Contact.objects.filter(pk=first.pk).update(first_name="")
        assert planner.plan_round(TUESDAY) == {"planned": 3, "refused": 1}
        assert Enrollment.objects.get(contact=first).exit_reason == ExitReason.NOT_ADDRESSABLE

    def test_the_batch_counts_itself(self) -> None:
        playbook_loaded(caps={**PLENTY, "mailbox": {"limit": 2, "hours": 24}})
        under_way(people=5)
        planner.plan_round(TUESDAY)
        assert OutboundMessage.objects.filter(reason="mailbox_cap", not_before=TUESDAY + DAY).count() == 3


class TestAfterAnOutage:
    """Three days off leave no burst behind, and nothing vanishes."""

    def test_the_caps_hold_for_what_is_overdue(self) -> None:
        playbook_loaded(caps={**PLENTY, "mailbox": {"limit": 2, "hours": 24}})
        with ScriptedServer() as server:
            under_way(server.port, people=6)
            sent = [play(TUESDAY + days * DAY).get("accepted", 0) for days in (3, 3, 6, 7)]
        assert sent == [2, 0, 2, 2]

    def test_what_waited_longest_goes_first(self) -> None:
        playbook_loaded(caps={**PLENTY, "mailbox": {"limit": 1, "hours": 24}})
        with ScriptedServer() as server:
            under_way(server.port, people=2)
            last = Enrollment.objects.order_by("pk")[1]
            Enrollment.objects.filter(pk=last.pk).update(due_at=TUESDAY - HOUR)
            play(TUESDAY + 3 * DAY)
        assert OutboundMessage.objects.get(state=State.ACCEPTED).enrollment == last

    def test_a_step_that_is_too_old_expires_visibly(self) -> None:
        with ScriptedServer() as server:
            under_way(server.port, steps=3)
            assert play(TUESDAY + 13 * DAY) == {"expired": 1}
        assert server.messages == []
        assert (message().state, message().reason) == (State.EXPIRED, "stale")

    def test_the_passage_goes_on_with_its_wait_counted_from_then(self) -> None:
        with ScriptedServer() as server:
            under_way(server.port, steps=3)
            play(TUESDAY + 13 * DAY)
            due = passage().due_at
            assert due is not None
            assert due >= TUESDAY + 27 * DAY
            assert play(due) == {"accepted": 1}
        assert passage().next_step == 3

    def test_one_step_at_a_time_however_many_were_missed(self) -> None:
        with ScriptedServer() as server:
            under_way(server.port, steps=6)
            for _round in range(5):
                play(TUESDAY + 200 * DAY)
        assert OutboundMessage.objects.count() == 1
        assert broken_promises() == {}


class TestPoison:
    def test_one_passage_that_cannot_be_planned_is_put_off_alone(self) -> None:
        under_way(people=5)
        bad = Contact.objects.order_by("pk")[2]
        Contact.objects.filter(pk=bad.pk).update(address="nobody at all")
        assert planner.plan_round(TUESDAY) == {"planned": 4, "refused": 0, "put_off": 1}
        assert Enrollment.objects.get(contact=bad).due_at == TUESDAY + DAY

    def test_a_mailbox_that_can_send_nothing_holds_its_own_people_only(self) -> None:
        under_way(people=2)
        first = Enrollment.objects.order_by("pk")[0]
        odd = Mailbox.objects.create(address="rick@münchen.example", name="Rick", host="127.0.0.1", created_at=TUESDAY)
        Enrollment.objects.filter(pk=first.pk).update(mailbox=odd)
        assert planner.plan_round(TUESDAY)["planned"] == 1


def test_what_is_asked_names_the_mailbox_that_will_send() -> None:
    under_way()
    planner.plan_round(TUESDAY)
    other = Mailbox.objects.create(address="new@other.example.com", name="R", host="127.0.0.1", created_at=TUESDAY)
    Enrollment.objects.update(mailbox=other)
    ask = asks.for_message(message())
    assert (ask.mailbox, ask.sending_domain) == (message().mailbox.key, "ours.example.com")


def test_planned_and_sent_add_up() -> None:
    with ScriptedServer() as server:
        under_way(server.port, people=3)
        planner.plan_round(TUESDAY)
        assert sender.send_round(TUESDAY)["accepted"] == len(server.messages) == OutboundMessage.objects.count()
