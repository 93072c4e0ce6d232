"""Findings and signals are read in lists, by name, and changed nowhere."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from handoff.models import Finding, Signal
from tests.desk import open_row, page, save_row, sign_in
from tests.handoff.climbing import fit, heard, judged, lead_of


@pytest.mark.parametrize("role", ["content", "cmo", "cro", "sales_ops", "rep", "legal", "chief_of_staff"])
@pytest.mark.parametrize("model", [Finding, Signal])
def test_both_lists_open_for_every_role(client: Client, role: str, model: type[Finding | Signal]) -> None:
    fit(lead_of())
    sign_in(client, role)
    assert client.get(page(model, "changelist")).status_code == 200
    assert "Handoff itself" in open_row(client, model.objects.order_by("pk")[0])


def test_nobody_changes_one(client: Client) -> None:
    judged(lead_of(), ["G1"])
    sign_in(client, "root")
    assert save_row(client, Finding.objects.get(), evidence="Something else").status_code == 403


def test_findings_of_one_criterion_are_found(client: Client) -> None:
    judged(lead_of(), ["G1", "G2"])
    sign_in(client, "rep")
    rows = client.get(page(Finding, "changelist"), {"criterion": "G2"}).context["cl"].result_list
    assert [row.criterion for row in rows] == ["G2"]


def test_more_signals_ask_no_more_questions(client: Client) -> None:
    heard(lead_of())
    sign_in(client, "chief_of_staff")
    client.get(page(Signal, "changelist"))
    with CaptureQueriesContext(connection) as few:
        client.get(page(Signal, "changelist"))
    for _number in range(4):
        heard(lead_of())
    with CaptureQueriesContext(connection) as many:
        client.get(page(Signal, "changelist"))
    assert len(many) == len(few)
