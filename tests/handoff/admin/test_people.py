"""The pages of companies and contacts say who stands where on the ladder (spec L11)."""

import html

import pytest
from django.test import Client

from compliance.admin_pages import page_of
from compliance.audit import reference
from handoff.models import Lead, Stage
from tests.desk import open_row, sign_in
from tests.factories import AccountFactory, ContactFactory, UserFactory
from tests.handoff.climbing import at_stage, lead_of


def moved_to(lead: Lead, account: object) -> Lead:
    type(lead.contact).objects.filter(pk=lead.contact_id).update(account=account)
    return lead


def test_a_company_shows_everybody_and_the_furthest(client: Client) -> None:
    account = AccountFactory()
    rep = UserFactory(role="rep", first_name="Rick", last_name="Halvorsen")
    prospect = lead_of(ContactFactory(account=account))
    sal = moved_to(at_stage(Stage.SAL, owner=rep), account)
    sign_in(client, "cro")
    shown = html.unescape(open_row(client, account))
    assert 'The furthest stands at <span class="ho-badge ho-info">SAL</span>' in shown
    assert "owned by Rick Halvorsen" in shown
    assert shown.index(page_of(reference(sal))) < shown.index(page_of(reference(prospect)))


@pytest.mark.parametrize("stage", [Stage.LOST, Stage.DISQUALIFIED, Stage.ARCHIVED])
def test_whoever_has_left_the_ladder_is_not_the_furthest(client: Client, stage: Stage) -> None:
    account = AccountFactory()
    moved_to(at_stage(stage), account)
    sign_in(client, "cro")
    assert "Nobody is on the way any more." in open_row(client, account)


def test_a_company_without_leads_says_so(client: Client) -> None:
    sign_in(client, "cro")
    assert "Nobody of theirs is on the ladder yet." in open_row(client, AccountFactory())


def test_a_contact_leads_to_their_lead(client: Client) -> None:
    lead = lead_of()
    sign_in(client, "rep")
    assert page_of(reference(lead)) in open_row(client, lead.contact)


def test_a_contact_without_a_lead_says_so(client: Client) -> None:
    sign_in(client, "rep")
    assert "Not on the ladder yet" in open_row(client, ContactFactory())
