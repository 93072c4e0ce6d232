"""The list of leads finds by name, stage, owner, tier and by what waits, with a handful of questions for a page."""

from datetime import timedelta

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from compliance.acts import Consent
from handoff import handover
from handoff.models import Lead, Stage, Task
from tests.cast import TUESDAY
from tests.desk import page, sign_in
from tests.factories import AccountFactory, ContactFactory, UserFactory
from tests.handoff.climbing import at_stage, lead_of, mql, offered


def listed(client: Client, **query: str) -> list[Lead]:
    return list(client.get(page(Lead, "changelist"), query).context["cl"].result_list)


def test_it_finds_by_name_and_company(client: Client) -> None:
    ada = lead_of(ContactFactory(first_name="Adalind", account=AccountFactory(name="Northwind")))
    lead_of()
    sign_in(client, "rep")
    assert listed(client, q="Adalind") == [ada]
    assert listed(client, q="northwind") == [ada]


def test_it_filters_by_stage(client: Client) -> None:
    lead_of()
    lead = mql()
    sign_in(client, "rep")
    assert listed(client, stage__exact="mql") == [lead]


def test_it_filters_by_owner(client: Client) -> None:
    mql()
    rep = UserFactory(role="rep")
    lead = at_stage(Stage.SAL, owner=rep)
    sign_in(client, "cro")
    assert listed(client, owner__id__exact=str(rep.pk)) == [lead]


def test_it_filters_by_the_tier_of_the_last_offer(client: Client) -> None:
    lead = mql()
    mql()
    offered(lead, UserFactory(role="rep"))
    sign_in(client, "cro")
    assert listed(client, tier="C") == [lead]
    assert listed(client, tier="A") == []


def test_it_filters_by_what_waits(client: Client) -> None:
    quiet = lead_of()
    late = mql(at=TUESDAY - timedelta(days=14))
    with_offer = mql()
    rep = UserFactory(role="rep")
    offered(with_offer, rep)
    sign_in(client, "cro")
    assert listed(client, waits="offer") == [with_offer]
    assert set(listed(client, waits="task")) == {late, with_offer}
    assert listed(client, waits="overdue") == [late]
    assert set(listed(client, waits="nobody")) == {late, with_offer}
    assert quiet not in listed(client, waits="stale")


def test_stale_leads_are_found_and_marked(client: Client) -> None:
    mql()
    lead = mql(at=TUESDAY - timedelta(days=70))
    sign_in(client, "cro")
    assert listed(client, waits="stale") == [lead]
    assert [row.pk for row in listed(client) if getattr(row, "stale", False)] == [lead.pk]


def test_an_answered_offer_waits_no_more(client: Client) -> None:
    lead, rep = mql(), UserFactory(role="rep")
    handover.accept(offered(lead, rep), by=rep, at=TUESDAY, consent=Consent())
    sign_in(client, "cro")
    assert listed(client, waits="offer") == []


def test_more_leads_ask_no_more_questions(client: Client) -> None:
    for _number in range(2):
        mql()
    sign_in(client, "chief_of_staff")
    listed(client)
    with CaptureQueriesContext(connection) as few:
        listed(client)
    for _number in range(4):
        mql()
    with CaptureQueriesContext(connection) as many:
        listed(client)
    assert len(many) == len(few)


def test_a_task_names_the_role_it_is_asked_of(client: Client) -> None:
    lead = mql()
    assert Task.objects.get(lead=lead).role == "cro"
    sign_in(client, "rep")
    assert "CRO: Decide whether this is an SQL" in client.get(page(Lead, "changelist")).content.decode()
