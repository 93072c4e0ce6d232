"""Evidence comes in on a lead's page: refusals stand beside their field, and nothing that was typed is lost."""

import html
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from handoff.models import Finding, Lead, Signal
from tests.desk import open_row, sign_in
from tests.factories import ContactFactory
from tests.handoff.climbing import heard, lead_of
from tests.handoff.installation import HOSTILE

FOUND: dict[str, str] = {"criterion": "G1", "holds": "yes", "value": "240", "evidence": "Annual report, page 12"}
DID: dict[str, str] = {
    "kind": "E5",
    "happened_at": "2026-11-16T09:30",
    "source": "webinar",
    "reference": "attendee-17",
    "note": "Stayed to the end",
}


def url(lead: Lead, what: str) -> str:
    return reverse(f"admin:handoff_lead_{what}", args=[lead.pk])


def send(client: Client, lead: Lead, what: str, **fields: Any) -> HttpResponse:
    response: HttpResponse = client.post(url(lead, what), fields)  # type: ignore[assignment]
    return response


def text(response: HttpResponse) -> str:
    return html.unescape(response.content.decode())


@pytest.mark.parametrize("role", ["content", "cro", "sales_ops", "rep"])
@pytest.mark.parametrize("what", ["judge", "hear"])
def test_the_form_opens_for_whoever_may_write_evidence(client: Client, role: str, what: str) -> None:
    sign_in(client, role)
    assert client.get(url(lead_of(), what)).status_code == 200


@pytest.mark.parametrize("role", ["cmo", "legal", "chief_of_staff"])
@pytest.mark.parametrize(("what", "fields"), [("judge", FOUND), ("hear", DID)])
def test_nobody_else_gets_in(client: Client, role: str, what: str, fields: dict[str, str]) -> None:
    lead = lead_of()
    sign_in(client, role)
    assert send(client, lead, what, **fields).status_code == 403
    assert not Finding.objects.exists()
    assert not Signal.objects.exists()


def test_whoever_may_not_write_is_told_who_may(client: Client) -> None:
    lead = lead_of()
    sign_in(client, "legal")
    assert "Your roles read findings" in html.unescape(open_row(client, lead))


def test_a_lead_that_is_not_there_is_not_found(client: Client) -> None:
    sign_in(client, "rep")
    assert client.get(reverse("admin:handoff_lead_judge", args=[4711])).status_code == 404


class TestJudging:
    def test_a_finding_is_stored_as_it_was_typed(self, client: Client) -> None:
        lead, who = lead_of(), sign_in(client, "rep")
        assert send(client, lead, "judge", **FOUND).status_code == 302
        row = Finding.objects.get()
        assert (row.criterion, row.holds, row.value, row.evidence) == ("G1", True, "240", FOUND["evidence"])
        assert (row.by, row.account) == (f"user:{who.pk}", lead.contact.account)

    def test_a_no_is_stored_as_one(self, client: Client) -> None:
        sign_in(client, "rep")
        send(client, lead_of(), "judge", **{**FOUND, "holds": "no"})
        assert not Finding.objects.get().holds

    def test_the_form_begins_with_the_criterion_that_was_pressed(self, client: Client) -> None:
        sign_in(client, "rep")
        shown = client.get(url(lead_of(), "judge"), {"criterion": "G3"}).content.decode()
        assert '<option value="G3" selected>' in shown

    def test_missing_evidence_is_said_beside_its_field_and_nothing_is_lost(self, client: Client) -> None:
        sign_in(client, "rep")
        response = send(client, lead_of(), "judge", **{**FOUND, "evidence": " "})
        assert response.status_code == 409
        assert "Say where it was found" in text(response)
        assert 'aria-describedby="id_evidence_helptext id_evidence_error"' in text(response)
        assert 'value="240"' in text(response)
        assert not Finding.objects.exists()

    def test_every_empty_field_is_named_at_once(self, client: Client) -> None:
        sign_in(client, "rep")
        response = send(client, lead_of(), "judge")
        assert text(response).count("This field is required.") == 2

    def test_there_are_three_tiers(self, client: Client) -> None:
        sign_in(client, "rep")
        assert "The tier is 1, 2 or 3." in text(send(client, lead_of(), "judge", **{**FOUND, "criterion": "ICP"}))

    def test_what_is_of_the_company_needs_one(self, client: Client) -> None:
        lead = lead_of(ContactFactory(account=None, address="ada@elsewhere.example.com"))
        sign_in(client, "rep")
        assert "they have none" in text(send(client, lead, "judge", **FOUND))

    def test_a_day_that_is_over_is_refused(self, client: Client) -> None:
        sign_in(client, "rep")
        response = send(client, lead_of(), "judge", **FOUND, valid_until="2026-11-16")
        assert "This day is over." in text(response)

    def test_hostile_words_come_back_as_words(self, client: Client) -> None:
        sign_in(client, "rep")
        response = send(client, lead_of(), "judge", **{**FOUND, "evidence": "", "value": HOSTILE})
        assert "<script>alert" not in response.content.decode()


class TestHearing:
    def test_a_signal_is_stored_as_it_was_typed(self, client: Client) -> None:
        lead = lead_of()
        sign_in(client, "sales_ops")
        assert send(client, lead, "hear", **DID).status_code == 302
        row = Signal.objects.get()
        assert (row.contact, row.kind, row.source, row.note) == (lead.contact, "E5", "webinar", DID["note"])

    def test_one_that_is_known_is_said_to_be_known(self, client: Client) -> None:
        lead = lead_of()
        sign_in(client, "sales_ops")
        send(client, lead, "hear", **DID)
        response = send(client, lead, "hear", **DID)
        assert "This is known already: E5 of 2026-11-16 09:30" in text(response)
        assert "Stayed to the end" in text(response)
        assert Signal.objects.count() == 1

    def test_one_of_another_person_is_told_apart(self, client: Client) -> None:
        heard(lead_of(), reference="attendee-17")
        sign_in(client, "sales_ops")
        response = send(client, lead_of(), "hear", **{**DID, "source": "website"})
        assert "known already, of another person" in text(response)

    def test_it_needs_a_source_and_a_reference(self, client: Client) -> None:
        sign_in(client, "rep")
        response = send(client, lead_of(), "hear", **{**DID, "reference": ""})
        assert "so that it counts once" in text(response)
        assert not Signal.objects.exists()

    def test_it_lies_in_the_past(self, client: Client) -> None:
        sign_in(client, "rep")
        response = send(client, lead_of(), "hear", **{**DID, "happened_at": "2026-11-18T09:30"})
        assert "It has not happened yet." in text(response)
