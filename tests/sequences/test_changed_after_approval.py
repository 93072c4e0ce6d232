"""What was approved is what goes: a text, a sequence or a list that is changed afterwards (FT-61, FT-62)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from compliance.models import Halt, Incident
from handoff import promises
from sequences import approval, invariants, lists
from sequences.models import (
    Account,
    Contact,
    Enrollment,
    ListRow,
    OutboundMessage,
    RecipientList,
    Step,
    TemplateVersion,
)
from tests.cast import TUESDAY
from tests.desk import act_url, save_row
from tests.factories import ContactFactory, UserFactory, submitted_text
from tests.sequences.campaign import play, under_way
from tests.sequences.scripted_smtp import ScriptedServer

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

ARROWS = ("approve_messaging", "approve_narrative", "load")
FORTNIGHT = timedelta(days=14)


class TestEditAfterApproval:
    """FT-61: a text is changed when it has been signed."""

    def edit(self) -> None:
        TemplateVersion.objects.update(body=TemplateVersion.objects.get().body.replace("teams", "most teams"))

    def test_before_the_run_nothing_goes(self) -> None:
        with ScriptedServer() as server:
            under_way(server.port)
            self.edit()
            assert play() == {}
        assert (OutboundMessage.objects.get().state, OutboundMessage.objects.get().reason) == (
            OutboundMessage.State.PLANNED,
            "text_changed",
        )

    def test_between_planning_and_sending_nothing_goes(self) -> None:
        with ScriptedServer() as server:
            under_way(server.port, people=3)
            assert play(TUESDAY) == {"accepted": 3}
        with ScriptedServer() as server:
            under_way(people=[ContactFactory()], version=Step.objects.get().version)
            self.edit()
            assert "accepted" not in play(TUESDAY)
        assert OutboundMessage.objects.filter(reason="text_changed").count() == 1

    def test_in_the_middle_of_a_run_what_is_out_stays_out_and_the_rest_is_held(self) -> None:
        """LAW APR-01: one space in step 3, while steps 1 and 2 are out already."""
        with ScriptedServer() as server:
            under_way(server.port, steps=3)
            for step in (0, 1):
                Enrollment.objects.update(due_at=TUESDAY + step * FORTNIGHT)
                assert play(TUESDAY + step * FORTNIGHT) == {"accepted": 1}
            third = TemplateVersion.objects.get(steps__position=3)
            TemplateVersion.objects.filter(pk=third.pk).update(body=third.body.replace("Hi ", "Hi  "))
            Enrollment.objects.update(due_at=TUESDAY + 2 * FORTNIGHT)
            assert play(TUESDAY + 2 * FORTNIGHT) == {}
        states = OutboundMessage.objects.order_by("step").values_list("step", "state", "reason")
        assert [(step, state) for step, state, _reason in states] == [(1, "accepted"), (2, "accepted"), (3, "planned")]
        assert states[2][2] == "text_changed"

    def test_somebody_is_told(self) -> None:
        with ScriptedServer() as server:
            under_way(server.port)
            self.edit()
            play()
        promises.promises_round(TUESDAY)
        incident = Incident.objects.get()
        assert "APR-01" in incident.title
        assert incident.facts["first"] == [f"text {TemplateVersion.objects.get().pk}"]
        assert not Halt.objects.exists()

    def test_a_changed_sequence_is_told_as_well(self) -> None:
        with ScriptedServer() as server:
            under_way(server.port)
            Step.objects.update(wait_days=3)
            play()
        assert invariants.CHANGED_AFTER_SIGNING.run() == [f"sequence {Step.objects.get().version_id}"]

    @pytest.mark.parametrize("arrow", ARROWS)
    def test_on_its_page_a_signed_text_has_no_form(self, client: Client, arrow: str) -> None:
        text = submitted_text(TUESDAY)
        client.force_login(text.author)
        save_row(client, text, subject="Another", body="Another", preview="Another", language="en")
        assert TemplateVersion.objects.get().digest == approval.digest_now(TemplateVersion.objects.get())
        assert client.get(act_url(text, arrow)).status_code == 200


def added() -> None:
    row, contact = RecipientList.objects.get(), ContactFactory()
    lists.add(row, [(contact, contact.source, contact.basis)], by=row.author, at=TUESDAY)


def removed() -> None:
    lists.take_off([ListRow.objects.order_by("pk")[0]], by=UserFactory(role="sales_ops"), at=TUESDAY)


def edited() -> None:
    Account.objects.filter(contacts=Contact.objects.order_by("pk")[0]).update(name="Renamed Ltd")


def reordered() -> None:
    """The rows of the list, as another order of loading would have left them: the last one first."""
    last = ListRow.objects.order_by("-pk")[0]
    Enrollment.objects.filter(row=last).delete()
    said = ("recipient_list", "contact", "source", "basis", "signed_leaf", "signed_sender")
    columns = {name: getattr(last, name) for name in said}
    ListRow.objects.filter(pk=last.pk).delete()
    row = ListRow.objects.create(pk=-1, signed_at=last.signed_at, **columns)
    mailbox = Enrollment.objects.all()[0].mailbox
    Enrollment.objects.create(
        contact=row.contact,
        person=row.contact.card.person_id,
        version=row.recipient_list.sequence_version,
        row=row,
        mailbox=mailbox,
        due_at=TUESDAY,
        entered_at=TUESDAY,
    )


class TestListChangedAfterApproval:
    """FT-62: a row is added, removed, edited, or the order is another."""

    @pytest.mark.parametrize(
        ("change", "accepted", "waits", "ended"),
        [(added, 3, 1, 0), (removed, 2, 0, 1), (edited, 2, 1, 0), (reordered, 3, 0, 0)],
    )
    def test_what_was_signed_goes_and_the_rest_does_not(
        self, change: Callable[[], None], accepted: int, waits: int, ended: int
    ) -> None:
        with ScriptedServer() as server:
            under_way(server.port, people=3)
            change()
            assert play().get("accepted", 0) == accepted
        assert len(lists.unsigned(RecipientList.objects.get(), TUESDAY)) == waits
        assert Enrollment.objects.filter(state=Enrollment.State.EXITED).count() == ended
