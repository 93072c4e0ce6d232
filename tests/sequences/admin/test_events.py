"""What came back of a message, on its page, and a complaint recorded by hand."""

import pytest
from django.test import Client
from django.urls import reverse

from compliance.models import Suppression
from sequences.models import MessageEvent
from tests.desk import open_row, sign_in
from tests.promises import raw, sent
from tests.sequences.campaign import message

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _sent(db: None) -> None:
    sent()


def url() -> str:
    return reverse("admin:sequences_outboundmessage_complaint", args=[message().pk])


def test_the_page_tells_that_nothing_came_back(client: Client) -> None:
    sign_in(client, "rep")
    assert "Nothing yet: no bounce, no complaint." in open_row(client, message())


def test_a_complaint_stops_the_person_and_stands_on_the_page(client: Client) -> None:
    sign_in(client, "rep")
    assert client.post(url()).status_code == 302
    assert Suppression.objects.get().reason == "complaint"
    shown = open_row(client, message())
    assert "by hand" in shown
    assert "Recorded. Nothing more goes to this person." in shown


def test_a_second_press_says_that_it_is_known(client: Client) -> None:
    sign_in(client, "rep")
    client.post(url())
    said = client.post(url(), follow=True).content.decode()
    assert "recorded already" in said
    assert MessageEvent.objects.count() == 1


def test_asking_changes_nothing(client: Client) -> None:
    sign_in(client, "rep")
    assert "counts against the list" in client.get(url()).content.decode()
    assert not MessageEvent.objects.exists()


@pytest.mark.parametrize("role", ["cmo", "chief_of_staff"])
def test_who_may_not_record_stops_is_not_offered_it(client: Client, role: str) -> None:
    sign_in(client, role)
    assert "Record a complaint" not in open_row(client, message())
    assert client.post(url()).status_code == 403
    assert not MessageEvent.objects.exists()


def test_about_a_message_that_never_went_nobody_complains(client: Client) -> None:
    raw("UPDATE sequences_outboundmessage SET state = 'refused'")
    sign_in(client, "rep")
    assert client.post(url()).status_code == 403


def test_a_message_that_is_not_there_is_not_found(client: Client) -> None:
    sign_in(client, "rep")
    assert client.post(reverse("admin:sequences_outboundmessage_complaint", args=[999])).status_code == 404


def test_a_form_without_its_token_is_refused() -> None:
    strict = Client(enforce_csrf_checks=True)
    sign_in(strict, "rep")
    assert strict.post(url()).status_code == 403
    assert not MessageEvent.objects.exists()
