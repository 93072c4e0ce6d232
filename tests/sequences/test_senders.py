"""Who writes to whom is signed with the list: the address and the name that readers see (LAW APR-01)."""

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compliance.admin_words import say
from compliance.clearance import preview
from compliance.refusals import Refused
from sequences import asks, lists, planner, sender, senders, showing, wording
from sequences.models import Enrollment, ListRow, Mailbox, OutboundMessage, RecipientList
from tests.cast import TUESDAY
from tests.factories import (
    ContactFactory,
    MailboxFactory,
    UserFactory,
    approved_sequence,
    having_read,
    submitted_list,
)
from tests.sequences.campaign import message, under_way
from tests.sequences.scripted_smtp import ScriptedServer

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

LATER = TUESDAY + timedelta(hours=1)


def said() -> list[str]:
    """What the rule says of each enrollment, in their order."""
    rows = Enrollment.objects.order_by("pk").select_related("mailbox")
    rulings = preview([asks.for_step(row) for row in rows], TUESDAY)
    return [one.code for ruling in rulings for one in ruling.verdicts if one.rule == "RowIsSigned"]


def sign_again() -> RecipientList:
    row, cro = RecipientList.objects.get(), UserFactory(role="cro")
    return lists.sign(row, by=cro, at=LATER, consent=having_read(row, cro, LATER, "Her name now."))


def renamed() -> None:
    Mailbox.objects.update(name="Somebody Else")


def moved_to_another_address() -> None:
    Mailbox.objects.update(address="other@elsewhere.example.com")


def written_to_by_another() -> None:
    Enrollment.objects.update(mailbox=MailboxFactory())


class TestAtTheDoor:
    @pytest.mark.parametrize("change", [renamed, moved_to_another_address, written_to_by_another])
    def test_another_sender_holds_the_message_with_its_reason(self, change: Callable[[], None]) -> None:
        under_way()
        assert said() == [""]
        change()
        assert said() == ["sender_changed"]
        assert "sender" in str(say("sender_changed"))

    def test_only_those_are_held_whom_that_sender_writes_to(self) -> None:
        MailboxFactory.create_batch(2)
        under_way(people=4)
        first = Mailbox.objects.order_by("pk")[0]
        Mailbox.objects.filter(pk=first.pk).update(name="Somebody Else")
        theirs = list(Enrollment.objects.order_by("pk").values_list("mailbox", flat=True))
        assert said() == ["sender_changed" if mailbox == first.pk else "" for mailbox in theirs]
        assert 0 < theirs.count(first.pk) < len(theirs)

    @pytest.mark.parametrize(
        "aside", [{"host": "127.0.0.2"}, {"port": 26}, {"username": "rick"}, {"stopped_because": "x"}]
    )
    def test_what_readers_do_not_see_is_not_signed(self, aside: dict[str, Any]) -> None:
        under_way()
        Mailbox.objects.update(**aside)
        assert said() == [""]

    def test_a_new_mailbox_changes_nothing_for_those_on_their_way(self) -> None:
        under_way(people=3)
        MailboxFactory.create_batch(2)
        assert said() == ["", "", ""]
        assert lists.unsigned(RecipientList.objects.get(), TUESDAY) == []

    def test_renamed_between_planning_and_sending_nothing_goes_until_the_cro_has_signed(self) -> None:
        with ScriptedServer() as server:
            under_way(server.port)
            planner.plan_round(TUESDAY)
            renamed()
            assert "accepted" not in sender.send_round(TUESDAY)
            assert (message().state, message().reason) == (OutboundMessage.State.PLANNED, "sender_changed")
            sign_again()
            assert sender.send_round(LATER)["accepted"] == 1
        assert b"Somebody Else" in server.messages[0].raw

    def test_a_batch_costs_no_query_more(self) -> None:
        MailboxFactory.create_batch(2)
        under_way(people=6)
        rows = [asks.for_step(row) for row in Enrollment.objects.select_related("mailbox")]
        counts = []
        for batch in (rows[:1], rows):
            with CaptureQueriesContext(connection) as queries:
                preview(batch, TUESDAY)
            counts.append(len(queries))
        assert counts[0] == counts[1]


class TestTheSignature:
    def test_who_waits_for_one_is_told_and_signing_settles_it(self) -> None:
        under_way(people=2)
        renamed()
        assert len(lists.unsigned(RecipientList.objects.get(), TUESDAY)) == 2
        sign_again()
        assert said() == ["", ""]

    @pytest.mark.parametrize("change", [renamed, moved_to_another_address, MailboxFactory])
    def test_a_list_that_waits_is_submitted_again_when_its_senders_change(self, change: Callable[[], Any]) -> None:
        MailboxFactory()
        row = submitted_list(TUESDAY, ContactFactory.create_batch(2), approved_sequence(TUESDAY, steps=1))
        change()
        with pytest.raises(Refused) as refused:
            sign_again()
        assert refused.value.codes == ("changed_since",)
        assert "who writes" in str(refused.value.refusals[0].text)
        assert row.pk == RecipientList.objects.get().pk

    def test_it_is_over_who_will_write(self) -> None:
        MailboxFactory.create_batch(3)
        under_way(people=7)
        for row in Enrollment.objects.select_related("row", "mailbox"):
            assert row.row.signed_sender == wording.sender_digest(row.mailbox)

    def test_a_person_keeps_the_sender_they_had(self) -> None:
        under_way()
        first = Enrollment.objects.get()
        MailboxFactory.create_batch(5)
        Enrollment.objects.update(row=first.row)
        again = ListRow(pk=0, contact=first.contact)
        assert senders.assigned([again])[0] == first.mailbox

    def test_without_a_mailbox_nobody_writes(self) -> None:
        assert senders.assigned([ListRow(pk=0, contact=ContactFactory())]) == {}


class TestTheLook:
    def test_who_signs_is_shown_who_writes_and_to_how_many(self) -> None:
        MailboxFactory(name="Maren Holt", address="maren@ours.example.com")
        MailboxFactory(name="Rick Halvorsen", address="rick@ours.example.com")
        row = submitted_list(TUESDAY, ContactFactory.create_batch(4), approved_sequence(TUESDAY, steps=1))
        shown = showing.recipients(row, by=UserFactory(role="cro"), at=TUESDAY)
        assert [(one.name, one.address) for one in shown.senders] == [
            ("Maren Holt", "maren@ours.example.com"),
            ("Rick Halvorsen", "rick@ours.example.com"),
        ]
        assert sum(one.people for one in shown.senders) == 4

    def test_each_message_is_shown_with_the_name_that_will_be_under_it(self) -> None:
        MailboxFactory(name="Maren Holt")
        MailboxFactory(name="Rick Halvorsen")
        row = submitted_list(TUESDAY, ContactFactory.create_batch(4), approved_sequence(TUESDAY, steps=1))
        shown = showing.recipients(row, by=UserFactory(role="cro"), at=TUESDAY)
        writing = senders.assigned([sample.row for sample in shown.samples])
        for sample in shown.samples:
            (letter,) = sample.messages
            assert letter.said is not None
            assert writing[sample.row.pk].name in letter.said.text


def test_at_the_upgrade_who_writes_counts_as_signed_and_a_change_is_held() -> None:
    under_way(people=2)
    ListRow.objects.update(signed_sender="")
    unsigned = ListRow.objects.create(recipient_list=RecipientList.objects.get(), contact=ContactFactory())
    import_module("sequences.migrations.0012_senders_are_signed").count_as_signed(apps, None)
    assert said() == ["", ""]
    assert ListRow.objects.get(pk=unsigned.pk).signed_sender == ""
    renamed()
    assert said() == ["sender_changed", "sender_changed"]
