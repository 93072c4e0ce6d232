"""An offer's page tells whoever is offered a lead everything on one page, and takes their answer."""

import html
from datetime import timedelta

import pytest
from django.test import Client

from compliance.admin_pages import page_of
from compliance.audit import reference
from compliance.principals import SYSTEM
from handoff import handover
from handoff.models import Handoff, Lead, Stage
from tests.cast import TUESDAY
from tests.desk import open_row, page, sign_in, take
from tests.factories import AccountFactory, ContactFactory, UserFactory
from tests.handoff.climbing import fit, lead_of, mql, offered
from tests.handoff.installation import HOSTILE, received


def shown(client: Client, row: Handoff) -> str:
    return html.unescape(open_row(client, row))


@pytest.mark.parametrize("role", ["content", "cmo", "cro", "sales_ops", "rep", "legal", "chief_of_staff"])
def test_it_opens_for_every_role(client: Client, role: str) -> None:
    sign_in(client, role)
    assert "What you are told" in shown(client, offered(mql(), UserFactory(role="rep")))


def test_the_payload_is_told_in_words(client: Client) -> None:
    rep = sign_in(client, "rep")
    page_shown = shown(client, offered(mql(indicators=1), rep))
    for said in ("E5", "G1, G2, G3, G4, G5", "S2, S3, S4, S5", "trade_fair"):
        assert said in page_shown


def test_a_required_field_that_says_nothing_is_named(client: Client) -> None:
    lead = fit(lead_of(ContactFactory(source="")))
    page_shown = shown(client, offered(lead, sign_in(client, "rep")))
    assert "Nothing is known of: where they come from." in page_shown


def test_the_clock_says_how_much_time_is_left(client: Client) -> None:
    rep = sign_in(client, "rep")
    assert "due in" in shown(client, offered(mql(), rep))


def test_a_missed_clock_says_how_late_it_is(client: Client) -> None:
    rep = sign_in(client, "rep")
    row = offered(mql(at=TUESDAY - timedelta(days=10)), rep, at=TUESDAY - timedelta(days=9))
    assert "overdue for" in shown(client, row)


def test_whoever_it_was_offered_to_accepts(client: Client) -> None:
    lead, rep = mql(), sign_in(client, "rep")
    take(client, offered(lead, rep), "accept")
    assert Lead.objects.get(pk=lead.pk).owner == rep


def test_a_rejection_needs_a_reason_of_the_list(client: Client) -> None:
    rep = sign_in(client, "rep")
    row = offered(mql(), rep)
    response = take(client, row, "reject", comment="They said so.", **{"more-reason": "because"})
    assert response.status_code == 409
    assert "They said so." in response.content.decode()
    assert Handoff.objects.get(pk=row.pk).state == Handoff.State.OPEN


def test_a_rejection_sends_the_lead_where_its_reason_says(client: Client) -> None:
    lead, rep = mql(), sign_in(client, "rep")
    take(client, offered(lead, rep), "reject", comment="Asked.", **{"more-reason": "wrong_persona"})
    assert Lead.objects.get(pk=lead.pk).stage == Stage.DISQUALIFIED


def test_another_rep_is_told_whose_it_is(client: Client) -> None:
    row = offered(mql(), UserFactory(role="rep", first_name="Rick", last_name="Halvorsen"))
    sign_in(client, "rep")
    assert "It is offered to Rick Halvorsen." in shown(client, row)
    assert take(client, row, "accept").status_code == 409


def test_open_offers_stand_first_by_when_they_are_due(client: Client) -> None:
    rep = sign_in(client, "rep")
    later = offered(mql(), rep, at=TUESDAY + timedelta(hours=3))
    sooner = offered(mql(), rep)
    answered = offered(mql(), rep, at=TUESDAY - timedelta(days=1))
    take(client, answered, "accept")
    rows = client.get(page(Handoff, "changelist")).context["cl"].result_list
    assert [row.pk for row in rows] == [sooner.pk, later.pk, answered.pk]


def test_the_answer_that_led_to_it_is_a_click_away(client: Client) -> None:
    mail, rep = received(), sign_in(client, "rep")
    row = handover.offer(mql(), rep, cause=reference(mail), by=SYSTEM, at=TUESDAY)
    assert row is not None
    assert page_of(reference(mail)) in shown(client, row)


def test_hostile_words_are_only_words(client: Client) -> None:
    contact = ContactFactory(first_name=HOSTILE, title=HOSTILE, source=HOSTILE, account=AccountFactory(name=HOSTILE))
    row = offered(fit(lead_of(contact)), sign_in(client, "root"))
    assert "<script>alert" not in open_row(client, row)
    assert "<script>alert" not in client.get(page(Handoff, "changelist")).content.decode()


@pytest.mark.parametrize("payload", [[], {"signals": "none", "touchpoints": [1], "gaps": {}}, {"signals": [{"at": 7}]}])
def test_a_payload_of_an_odd_form_is_still_shown(client: Client, payload: object) -> None:
    row = offered(mql(), sign_in(client, "rep"))
    Handoff.objects.filter(pk=row.pk).update(payload=payload)
    assert "What you are told" in shown(client, row)
