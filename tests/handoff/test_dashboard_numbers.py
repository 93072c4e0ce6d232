"""The numbers of the first page: each counts what its link then shows, for those who may see it."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from handoff.dashboard_numbers import numbers, standing, why_not
from sequences.models import Mailbox
from tests.cast import TUESDAY
from tests.desk import sign_in
from tests.factories import MailboxFactory, UserFactory
from tests.sequences.campaign import opt_out, played
from tests.sequences.scripted_smtp import CLOSE, say

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
class TestNumbers:
    def test_accepted_messages_are_counted_today_and_in_the_week(self) -> None:
        played({}, people=2)
        assert _counted(TUESDAY + timedelta(hours=1))["accepted by the server"] == (2, 2)
        assert _counted(TUESDAY + timedelta(days=1))["accepted by the server"] == (0, 2)
        assert _counted(TUESDAY + timedelta(days=8))["accepted by the server"] == (0, 0)

    def test_opt_outs_are_counted(self) -> None:
        opt_out("ada@pumps.example.com")
        assert _counted(TUESDAY + timedelta(hours=1))["opt-outs"] == (1, 1)

    def test_the_reasons_lead_to_the_messages_they_speak_of(self, client: Client) -> None:
        played({"rcpt": [say("550 5.1.1 no such user"), say("250 ok")]}, people=2)
        (row,) = why_not(TUESDAY + timedelta(hours=1))
        sign_in(client, "cro")
        assert (row["because"], row["count"]) == ("The address does not exist", 1)
        assert client.get(row["url"]).context["cl"].result_count == 1

    def test_a_message_in_doubt_raises_an_alarm(self) -> None:
        played({"dot": CLOSE})
        (alarm,) = [one for one in standing(UserFactory(role="cro")) if one.alarm]
        assert (str(alarm.name), alarm.count) == ("in doubt", 1)

    def test_every_number_leads_to_as_many_rows(self, client: Client) -> None:
        played({}, people=2)
        sign_in(client, "cro")
        shown = [one for one in standing(UserFactory(role="cro")) if "auditentry" not in one.url]
        found = {str(one.name): client.get(one.url).context["cl"].result_count for one in shown}
        assert found == {str(one.name): one.count for one in shown}


def _counted(at: Any) -> dict[str, tuple[int, int]]:
    return {str(one.name): (one.today, one.week) for one in numbers(at)}


def test_a_stopped_mailbox_raises_an_alarm() -> None:
    MailboxFactory(state=Mailbox.State.STOPPED)
    alarms = [str(one.name) for one in standing(UserFactory(role="rep")) if one.alarm]
    assert alarms == ["mailboxes stopped"]


def test_nobody_sees_numbers_of_what_they_may_not_see(client: Client) -> None:
    sign_in(client, "content")
    shown = client.get("/admin/").context
    assert (shown["numbers"], [str(one.name) for one in shown["standing"]]) == ([], ["mailboxes stopped"])
