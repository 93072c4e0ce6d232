"""The lever: who may take which arrow, what moves, what the log says of it, and that a lost race is no fault."""

import threading
from datetime import timedelta
from typing import Any, cast

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db import connection, models
from django_fsm import FSMField, transition

from compliance import transitions
from compliance.models import AuditEntry
from compliance.principals import SYSTEM
from compliance.transitions import ForkedArrow, NotPermitted, arrows, move
from sequences.models import Mailbox, OutboundMessage, RecipientList
from tests.cast import TUESDAY
from tests.factories import MailboxFactory, RecipientListFactory, SequenceVersionFactory, UserFactory

everywhere = pytest.mark.everywhere
pytestmark = pytest.mark.django_db

ACTIVE, STOPPED = Mailbox.State.ACTIVE, Mailbox.State.STOPPED


def stop(*rows: Mailbox, **given: Any) -> list[Mailbox]:
    return move(list(rows), "stop", by=SYSTEM, at=TUESDAY, **given)


def a_list() -> RecipientList:
    return RecipientListFactory(sequence_version=SequenceVersionFactory())


def test_arrows_come_in_the_order_of_declaration() -> None:
    assert list(arrows(RecipientList)) == ["submit", "sign", "sign_changes", "reject", "withdraw"]


def test_an_arrow_says_from_where_to_where_and_who() -> None:
    arrow = arrows(RecipientList)["withdraw"]
    assert arrow.sources == {"draft", "submitted", "running"}
    assert (arrow.target, arrow.permission, arrow.system) == ("withdrawn", "sequences.withdraw_recipientlist", False)


def test_every_arrow_of_the_house_can_be_read() -> None:
    machines = [
        one for one in apps.get_models() if any(isinstance(field, FSMField) for field in one._meta.get_fields())
    ]
    assert all(arrow.system or arrow.permission for one in machines for arrow in arrows(one).values())
    assert len(machines) > 4


def test_a_method_with_two_targets_is_no_arrow() -> None:
    field = FSMField(default="a")

    def step(self: models.Model) -> None:
        """Two ways under one name."""

    forked = transition(field, source="b", target="c")(transition(field, source="a", target="b")(step))
    with pytest.raises(ForkedArrow):
        transitions._arrow("step", "state", forked)


@everywhere
def test_a_move_changes_the_row_and_returns_it_as_it_is_now() -> None:
    (moved,) = stop(MailboxFactory())
    assert moved.state == STOPPED == Mailbox.objects.get().state


@everywhere
def test_a_move_is_recorded_with_both_states_reason_and_details() -> None:
    mailbox = MailboxFactory()
    stop(mailbox, reason="too many", data={"code": "550"})
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.subject) == ("sequences.mailbox.stop", f"sequences.mailbox:{mailbox.pk}")
    assert (entry.actor, entry.at, entry.reason) == ("system", TUESDAY, "too many")
    assert entry.data == {"from": "active", "to": "stopped", "code": "550"}


@everywhere
def test_a_row_in_another_state_does_not_move_and_nothing_is_said() -> None:
    mailbox = MailboxFactory(state=STOPPED)
    assert stop(mailbox) == []
    assert not AuditEntry.objects.exists()


@everywhere
def test_a_second_move_of_the_same_instance_loses() -> None:
    mailbox = MailboxFactory()
    assert len(stop(mailbox)) == 1
    assert stop(mailbox) == []


@everywhere
def test_of_a_batch_those_move_that_can() -> None:
    free, stopped = MailboxFactory(), MailboxFactory(state=STOPPED)
    assert stop(free, stopped) == [free]


@everywhere
def test_a_batch_is_recorded_in_one_statement(django_assert_num_queries: Any) -> None:
    boxes = [MailboxFactory() for _box in range(20)]
    # Savepoint, update, read back, entries, release.
    with django_assert_num_queries(5):
        stop(*boxes)
    assert AuditEntry.objects.count() == 20


@everywhere
def test_nothing_moves_without_rows(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert move([], "stop", by=SYSTEM, at=TUESDAY) == []


@everywhere
def test_columns_change_together_with_the_state() -> None:
    (moved,) = stop(MailboxFactory(), set={"stopped_because": "too many"})
    assert moved.stopped_because == "too many"


@everywhere
def test_a_further_condition_is_part_of_the_comparison() -> None:
    mailbox = MailboxFactory(host="127.0.0.1")
    assert stop(mailbox, where={"host": "another"}, set={"stopped_because": "x"}) == []
    assert Mailbox.objects.get().stopped_because == ""
    assert stop(mailbox, where={"host": "127.0.0.1"}) == [mailbox]


@everywhere
def test_the_log_names_the_state_of_the_row_not_of_an_old_copy() -> None:
    boss, row = UserFactory(is_superuser=True), a_list()
    old_copy = RecipientList.objects.get(pk=row.pk)
    move(row, "submit", by=boss, at=TUESDAY)
    move(old_copy, "withdraw", by=boss, at=TUESDAY + timedelta(minutes=1))
    assert AuditEntry.objects.get(verb="sequences.recipientlist.withdraw").data["from"] == "submitted"


@everywhere
def test_the_system_takes_only_arrows_that_say_so() -> None:
    with pytest.raises(NotPermitted, match="system may not start"):
        move(MailboxFactory(state=STOPPED), "start", by=SYSTEM, at=TUESDAY)
    assert Mailbox.objects.get().state == STOPPED


@everywhere
def test_a_person_needs_the_permission_of_the_arrow() -> None:
    with pytest.raises(NotPermitted):
        move(MailboxFactory(), "stop", by=UserFactory(), at=TUESDAY)
    assert not AuditEntry.objects.exists()


@everywhere
def test_a_person_with_the_permission_moves_the_row_under_their_name() -> None:
    user = UserFactory(is_superuser=True)
    assert move(MailboxFactory(state=STOPPED), "start", by=user, at=TUESDAY)
    assert AuditEntry.objects.get().actor == f"user:{user.pk}"


@everywhere
def test_somebody_who_has_left_may_nothing() -> None:
    with pytest.raises(NotPermitted):
        move(MailboxFactory(state=STOPPED), "start", by=UserFactory(is_superuser=True, is_active=False), at=TUESDAY)


@everywhere
def test_an_arrow_of_the_system_alone_is_closed_to_every_person() -> None:
    assert not arrows(OutboundMessage)["clear"].open_to(UserFactory(is_superuser=True))
    assert arrows(OutboundMessage)["clear"].open_to(SYSTEM)


def test_nobody_who_has_not_signed_in_may_anything() -> None:
    assert not any(arrow.open_to(cast(Any, AnonymousUser())) for arrow in arrows(Mailbox).values())


@everywhere
def test_an_unknown_arrow_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError):
        move(MailboxFactory(), "explode", by=SYSTEM, at=TUESDAY)


@everywhere
def test_an_entry_that_cannot_be_written_takes_the_move_back() -> None:
    mailbox = MailboxFactory()
    with pytest.raises(TypeError):
        stop(mailbox, data={("not", "a", "name"): 1})
    assert Mailbox.objects.get().state == ACTIVE


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_instant_exactly_one_moves() -> None:
    won: list[int] = []
    ready = threading.Barrier(8)

    def pull(mailbox: Mailbox) -> None:
        ready.wait()
        won.append(len(stop(mailbox)))
        connection.close()

    mailbox = MailboxFactory()
    threads = [threading.Thread(target=pull, args=[Mailbox.objects.get(pk=mailbox.pk)]) for _one in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sorted(won), AuditEntry.objects.count()) == ([0] * 7 + [1], 1)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_batches_in_opposite_order_move_each_row_once() -> None:
    boxes = [MailboxFactory() for _box in range(40)]
    moved: list[Mailbox] = []
    ready = threading.Barrier(2)

    def pull(rows: list[Mailbox]) -> None:
        ready.wait()
        moved.extend(stop(*rows))
        connection.close()

    threads = [threading.Thread(target=pull, args=[rows]) for rows in (boxes, boxes[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(row.pk for row in moved) == sorted(row.pk for row in boxes)
