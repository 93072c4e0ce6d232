"""Messages in doubt: how many are too many, and that somebody is told of them once (LAW PIP-08)."""

from datetime import datetime, timedelta

import pytest
from django.test import Client

from compliance import incidents
from compliance.acts import Consent
from compliance.models import Halt, Incident
from sequences import doubts, outbox, sender
from sequences.models import Contact, Mailbox, OutboundMessage
from tests.cast import TUESDAY
from tests.desk import open_row, sign_in
from tests.factories import UserFactory, playbook_loaded
from tests.sequences.campaign import PLENTY, play, under_way
from tests.sequences.scripted_smtp import CLOSE, ScriptedServer

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]

HOUR = timedelta(hours=1)


def in_doubt(people: int, at: datetime = TUESDAY) -> None:
    """So many messages whose server went away after the final dot."""
    playbook_loaded(caps=PLENTY)
    with ScriptedServer({"dot": CLOSE}) as server:
        Mailbox.objects.update(port=server.port)
        under_way(server.port, people=people, at=at)
        assert play(at) == {"in_doubt": people}


def closed(row: Incident, at: datetime) -> None:
    seen = Consent("Looked at.", more={"review": "Nobody.", "cause": "Their server.", "remedy": "None needed."})
    row = incidents.record_review(row, by=UserFactory(role="legal"), at=at, consent=seen)
    incidents.close(row, by=UserFactory(role="legal"), at=at, consent=seen)


@pytest.mark.parametrize(
    ("standing", "of_day", "mail", "wanted"),
    [
        (5, 5, 50, False),
        (6, 0, 0, True),
        (1, 1, 50, False),
        (1, 1, 1000, False),
        (2, 2, 999, False),
        (2, 2, 1000, True),
        (5, 5, 5000, False),
        (5, 1, 1000, False),
    ],
)
def test_more_than_five_or_a_thousandth_of_a_thousand_and_more_are_too_many(
    standing: int, of_day: int, mail: int, wanted: bool
) -> None:
    assert doubts.too_many(standing, of_day, mail) is wanted


class TestIncident:
    def test_five_open_none(self) -> None:
        in_doubt(5)
        assert doubts.doubt_round(TUESDAY) == {"incidents": 0}

    def test_six_open_one_that_names_them_and_stops_nothing(self) -> None:
        in_doubt(6)
        assert doubts.doubt_round(TUESDAY) == {"incidents": 1}
        row = Incident.objects.get()
        assert (row.kind, row.severity, row.facts["in_doubt"]) == (Incident.Kind.IN_DOUBT, Incident.Severity.SEV3, 6)
        keys = OutboundMessage.objects.values_list("pk", flat=True)
        assert row.facts["subjects"] == [f"sequences.outboundmessage:{key}" for key in sorted(keys)]
        assert not Halt.objects.exists()

    def test_two_of_a_day_of_a_thousand_open_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(doubts, "_FEWEST_OF_DAY", 4)
        in_doubt(2)
        with ScriptedServer() as server:
            Mailbox.objects.update(port=server.port)
            under_way(people=2)
            play()
        assert doubts.doubt_round(TUESDAY + HOUR) == {"incidents": 1}
        assert Incident.objects.get().facts["mail_of_day"] == 4

    def test_another_round_opens_no_second_one(self) -> None:
        in_doubt(6)
        doubts.doubt_round(TUESDAY)
        assert doubts.doubt_round(TUESDAY + HOUR) == {"incidents": 0}
        assert Incident.objects.count() == 1

    def test_once_closed_what_it_named_opens_no_other(self) -> None:
        in_doubt(6)
        doubts.doubt_round(TUESDAY)
        closed(Incident.objects.get(), TUESDAY)
        assert doubts.doubt_round(TUESDAY + HOUR) == {"incidents": 0}

    def test_six_more_do(self) -> None:
        in_doubt(6)
        doubts.doubt_round(TUESDAY)
        closed(Incident.objects.get(), TUESDAY)
        in_doubt(6, TUESDAY + HOUR)
        assert doubts.doubt_round(TUESDAY + HOUR) == {"incidents": 1}
        assert Incident.objects.latest("pk").facts["in_doubt"] == 6

    def test_what_somebody_has_decided_is_no_doubt(self) -> None:
        in_doubt(6)
        row = OutboundMessage.objects.order_by("pk")[0]
        outbox.accept(row, by=UserFactory(role="sales_ops"), at=TUESDAY, consent=Consent("In their log."))
        assert doubts.doubt_round(TUESDAY) == {"incidents": 0}

    def test_what_is_assumed_to_be_sent_is_none_either(self) -> None:
        in_doubt(6)
        sender.recover_round(TUESDAY + 72 * HOUR)
        assert doubts.doubt_round(TUESDAY + 72 * HOUR) == {"incidents": 0}

    def test_its_page_leads_to_each_message(self, client: Client) -> None:
        in_doubt(6)
        doubts.doubt_round(TUESDAY)
        sign_in(client, "sales_ops")
        shown = open_row(client, Incident.objects.get())
        assert "6 messages are in doubt" in shown
        for row in OutboundMessage.objects.all():
            assert f"/admin/sequences/outboundmessage/{row.pk}/change/" in shown
        assert Contact.objects.order_by("pk")[0].address not in shown
