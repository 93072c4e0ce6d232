"""The timeline of an incident: put together from the ledger's rows, in the order of time and number."""

from datetime import timedelta

import pytest

from compliance import incidents, timeline
from compliance.models import Decision, Incident, Suppression
from compliance.principals import SYSTEM
from sequences import breakers, events
from sequences.models import Contact, MessageEvent, OutboundMessage
from tests.cast import TUESDAY
from tests.promises import permitted_again, sent
from tests.sequences.campaign import message, opt_out

pytestmark = [pytest.mark.django_db, pytest.mark.everywhere]


def verbs(row: Incident) -> list[str]:
    return [moment.verb for moment in timeline.of_incident(row)]


@pytest.fixture
def after_a_stop() -> Incident:
    sent()
    opt_out(Contact.objects.get().address)
    permitted_again()
    events.record(message(), MessageEvent.Kind.DELIVERED, at=TUESDAY + timedelta(hours=1), source="test", digest="x")
    return Incident.objects.get()


def test_it_tells_of_the_message_the_stop_the_permission_and_what_was_done(after_a_stop: Incident) -> None:
    told = verbs(after_a_stop)
    assert {"door.stop", "door.permit", "try.accepted", "news.delivered", "incident.opened", "halt.placed"} <= set(told)
    assert told.count("door.permit") == 2
    assert told.count("halt.placed") == 2


def test_what_happened_first_stands_first_and_numbers_decide_within_a_moment(after_a_stop: Incident) -> None:
    moments = timeline.of_incident(after_a_stop)
    assert [moment.at for moment in moments] == sorted(moment.at for moment in moments)
    numbers = [moment.order for moment in moments if moment.verb in {"door.stop", "door.permit"}]
    first, last = Decision.objects.order_by("order_no")
    assert numbers == [first.order_no, Suppression.objects.get().order_no, last.order_no]


def test_a_breaker_names_what_bounced_and_who_complained() -> None:
    sent(people=2)
    for row in OutboundMessage.objects.all():
        events.record(row, MessageEvent.Kind.COMPLAINT, at=TUESDAY, source="test", digest="x")
    scopes = breakers.scopes_of(OutboundMessage.objects.all()[0])
    for scope in scopes:
        incident = Incident.objects.get(facts__scope=scope)
        assert verbs(incident).count("news.complaint") == 2


def test_an_incident_that_knows_of_no_message_has_its_own_moments() -> None:
    told = {"by": SYSTEM, "at": TUESDAY}
    row = incidents.open_once("a", Incident.Kind.OTHER, Incident.Severity.SEV3, "Something", {}, **told)  # type: ignore[arg-type]
    assert verbs(row) == ["incident.opened"]
