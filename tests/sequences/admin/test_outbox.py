"""Messages in the admin: why each went or did not go, and what a person decides about one in doubt."""

import pytest
from django.test import Client

from compliance import builds
from sequences import planner
from sequences.models import Enrollment, OutboundMessage
from tests.cast import TUESDAY
from tests.desk import open_row, page, sign_in, take
from tests.sequences.campaign import message, passage, played, under_way
from tests.sequences.scripted_smtp import CLOSE, say

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_message_in_doubt_is_decided_by_sales_ops_with_a_comment(client: Client) -> None:
    played({"dot": CLOSE}, steps=2)
    sign_in(client, "sales_ops")
    assert take(client, message(), "accept").status_code == 409
    take(client, message(), "accept", comment="It stands in their log")
    assert (message().state, passage().next_step) == (OutboundMessage.State.ACCEPTED, 2)


def test_a_message_in_doubt_is_sent_again_by_sales_ops_with_a_reason(client: Client) -> None:
    played({"dot": CLOSE}, steps=2)
    sign_in(client, "sales_ops")
    assert take(client, message(), "resend").status_code == 409
    take(client, message(), "resend", comment="Their postmaster has nothing of it")
    assert message().state == OutboundMessage.State.PLANNED
    shown = open_row(client, message())
    assert "After attempt 1" in shown
    assert "Their postmaster has nothing of it" in shown


def test_a_message_that_was_accepted_is_not_decided_again(client: Client) -> None:
    played({})
    sign_in(client, "root")
    assert take(client, message(), "cancel", comment="no").status_code == 409
    assert message().state == OutboundMessage.State.ACCEPTED


def test_a_waiting_message_says_what_the_door_would_say_now(client: Client) -> None:
    under_way()
    planner.plan_round(TUESDAY)
    sign_in(client, "cro")
    assert "The door would say now:" in open_row(client, message())


def test_a_decision_names_its_playbook_and_its_code(client: Client) -> None:
    played({})
    sign_in(client, "cro")
    assert f"version 1 of the playbook and code {builds.current()}" in open_row(client, message())


def test_a_refusal_of_the_server_is_shown_in_words_and_in_its_own(client: Client) -> None:
    played({"rcpt": say("550 5.1.1 no such user <b>here</b>")})
    sign_in(client, "cro")
    shown = open_row(client, message())
    assert "The address does not exist" in shown
    assert "no such user &lt;b&gt;here" in shown


def test_messages_are_filtered_by_their_reason(client: Client) -> None:
    played({"rcpt": [say("550 5.1.1 no such user"), say("250 ok")]}, people=2)
    sign_in(client, "cro")
    found = client.get(page(OutboundMessage, "changelist"), {"because": "no_such_person"})
    assert found.context["cl"].result_count == 1


def test_somebody_is_taken_out_of_a_sequence_on_the_page(client: Client) -> None:
    under_way()
    sign_in(client, "sales_ops")
    take(client, passage(), "leave", comment="They moved on")
    assert passage().state == Enrollment.State.EXITED
    assert "They moved on" in open_row(client, passage())


def test_a_passage_shows_its_messages_and_what_is_next(client: Client) -> None:
    played({}, steps=2)
    sign_in(client, "cro")
    shown = open_row(client, passage())
    assert "Step 2 of 2 is due" in shown
    assert "accepted by the server" in shown
