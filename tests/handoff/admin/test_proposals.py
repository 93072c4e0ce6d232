"""The page of whom the ladder proposes, and the form that puts them onto a list."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from handoff import proposing
from handoff.models import Proposal
from sequences.models import RecipientList, SequenceVersion
from tests.cast import TUESDAY
from tests.desk import page, sign_in
from tests.factories import approved_sequence
from tests.handoff.climbing import mql

pytestmark = pytest.mark.django_db
LOAD = "admin:handoff_proposal_load"


@pytest.fixture
def version() -> SequenceVersion:
    mql()
    proposing.propose_round(TUESDAY + timedelta(hours=1))
    return approved_sequence(TUESDAY)


def test_the_list_shows_who_and_why(client: Client, version: SequenceVersion) -> None:
    sign_in(client, "sales_ops")
    shown = client.get(page(Proposal, "changelist")).content.decode()
    assert "an MQL with too few indicators for an SQL" in shown
    assert reverse(LOAD) in shown


def test_who_loads_is_led_to_the_new_list(client: Client, version: SequenceVersion) -> None:
    ops = sign_in(client, "sales_ops")
    answer = client.post(reverse(LOAD), {"version": version.pk, "name": "Of Tuesday"})
    made = RecipientList.objects.get(name="Of Tuesday")
    assert (answer.status_code, made.author, made.rows.count()) == (302, ops, 1)


def test_a_name_that_is_taken_is_said_beside_its_field_and_kept(client: Client, version: SequenceVersion) -> None:
    sign_in(client, "sales_ops")
    client.post(reverse(LOAD), {"version": version.pk, "name": "Of Tuesday"})
    Proposal.objects.update(ended_at=None)
    answer = client.post(reverse(LOAD), {"version": version.pk, "name": "Of Tuesday"})
    assert answer.status_code == 409
    assert "There is a list of this name already." in answer.content.decode()
    assert 'value="Of Tuesday"' in answer.content.decode()


def test_with_nobody_proposed_no_list_is_made(client: Client, version: SequenceVersion) -> None:
    Proposal.objects.update(ended_at=TUESDAY)
    sign_in(client, "sales_ops")
    answer = client.post(reverse(LOAD), {"version": version.pk, "name": "Of Tuesday"})
    assert "Nobody is proposed for this." in answer.content.decode()
    assert not RecipientList.objects.exists()


@pytest.mark.parametrize("role", ["cro", "rep", "content"])
def test_only_sales_ops_loads(client: Client, version: SequenceVersion, role: str) -> None:
    sign_in(client, role)
    assert client.post(reverse(LOAD), {"version": version.pk, "name": "Of Tuesday"}).status_code == 403
