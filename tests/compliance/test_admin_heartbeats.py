"""Signs of life in the admin: whoever reads the ledger reads them; a lost host is declared gone with a reason."""

from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from compliance import clock, heartbeats, installation, roster
from compliance.heartbeats import Kind
from compliance.models import Heartbeat, JournalHost, Purpose
from tests.cast import LONG_AGO
from tests.desk import open_row, page, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def lost() -> Heartbeat:
    heartbeats.beat(Kind.WEB_HOST, "web-1", at=clock.lease_clock() - timedelta(hours=1))
    return Heartbeat.objects.get()


def retire(client: Client, row: Heartbeat, comment: str = "The machine was sold.") -> HttpResponse:
    url = reverse("admin:compliance_heartbeat_retire", args=[row.pk])
    return client.post(url, {"comment": comment}, follow=True)  # type: ignore[return-value]


def owed() -> list[str]:
    return list(heartbeats.owed(Kind.WEB_HOST))


def test_a_silent_host_is_shown_with_what_it_holds_up(client: Client, lost: Heartbeat) -> None:
    sign_in(client, "cro")
    assert "silent: nothing is sent" in client.get(page(Heartbeat, "changelist")).content.decode()


def test_what_was_done_once_is_no_sign_of_life(client: Client) -> None:
    heartbeats.once("something", at=clock.lease_clock())
    sign_in(client, "cro")
    assert client.get(page(Heartbeat, "changelist")).context["cl"].result_count == 0


def test_legal_declares_a_lost_host_gone(client: Client, lost: Heartbeat) -> None:
    sign_in(client, "legal")
    assert "Declare it gone for good" in open_row(client, lost)
    assert "no longer expected" in retire(client, lost).content.decode()
    assert owed() == []


def test_without_a_reason_it_stays_expected(client: Client, lost: Heartbeat) -> None:
    sign_in(client, "legal")
    assert "Please say why" in retire(client, lost, comment=" ").content.decode()
    assert owed() == ["web-1"]


def test_who_may_not_reads_why_and_changes_nothing(client: Client, lost: Heartbeat) -> None:
    sign_in(client, "cmo")
    assert "Your roles do not include this." in open_row(client, lost)
    retire(client, lost)
    assert owed() == ["web-1"]


def test_looking_at_the_address_of_the_act_changes_nothing(client: Client, lost: Heartbeat) -> None:
    sign_in(client, "legal")
    assert client.get(reverse("admin:compliance_heartbeat_retire", args=[lost.pk])).status_code == 405
    assert owed() == ["web-1"]


@pytest.mark.parametrize("key", ["0", "x", "9" * 30])
def test_a_host_that_is_not_there_is_not_found(client: Client, key: str) -> None:
    sign_in(client, "legal")
    assert client.post(f"/admin/compliance/heartbeat/{key}/retire/").status_code == 404


def test_a_stranger_to_the_ledger_sees_nothing(client: Client, lost: Heartbeat) -> None:
    sign_in(client, "rep")
    assert retire(client, lost).status_code == 403


class TestAHostThatKeepsAJournal:
    @pytest.fixture
    def silent(self) -> JournalHost:
        installation.mark(Purpose.TEST, at=LONG_AGO)
        roster.expect(["worker-1"], at=LONG_AGO)
        return JournalHost.objects.get()

    def test_is_shown_as_waited_for(self, client: Client, silent: JournalHost) -> None:
        sign_in(client, "cro")
        assert "waited for: nothing is sent" in client.get(page(JournalHost, "changelist")).content.decode()

    def test_is_declared_gone_with_a_reason_by_who_may_arm(self, client: Client, silent: JournalHost) -> None:
        sign_in(client, "legal")
        assert "Declare it gone for good" in open_row(client, silent)
        url = reverse("admin:compliance_journalhost_retire", args=[silent.pk])
        client.post(url, {"comment": "The machine was sold."})
        assert JournalHost.objects.get().retired_at

    def test_but_not_by_others(self, client: Client, silent: JournalHost) -> None:
        sign_in(client, "sales_ops")
        assert "Your roles do not include this." in open_row(client, silent)
