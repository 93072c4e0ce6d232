"""Incidents at the admin: who sees them first, what a page tells, and how one is closed."""

import pytest
from django.test import Client

from compliance import incidents
from compliance.models import Incident
from compliance.principals import SYSTEM
from sequences import events
from sequences.models import Contact, MessageEvent
from tests.cast import TUESDAY
from tests.desk import act_url, open_row, page, sign_in, take
from tests.promises import permitted_again, sent
from tests.sequences.campaign import message, opt_out

pytestmark = pytest.mark.django_db


def opened(title: str = "Something happened", severity: int = 2) -> Incident:
    return incidents.open_once(
        f"test:{title}", Incident.Kind.OTHER, Incident.Severity(severity), title, {}, by=SYSTEM, at=TUESDAY
    )


def now(row: Incident) -> Incident:
    return Incident.objects.get(pk=row.pk)


class TestTheList:
    def test_what_is_open_and_grave_comes_first(self, client: Client) -> None:
        sign_in(client, "legal")
        for title, severity in (("Third", 3), ("First", 1), ("Second", 2)):
            opened(title, severity)
        shown = client.get(page(Incident, "changelist")).content.decode()
        assert shown.index("First") < shown.index("Second") < shown.index("Third")

    @pytest.mark.parametrize("role", ["content", "integration"])
    def test_who_has_nothing_to_do_with_it_does_not_see_it(self, client: Client, role: str) -> None:
        sign_in(client, role)
        assert client.get(page(Incident, "changelist")).status_code in {302, 403}

    def test_the_first_page_shows_what_is_open(self, client: Client) -> None:
        opened()
        sign_in(client, "cmo")
        shown = client.get("/admin/").content.decode()
        assert "Open incidents" in shown
        assert "Something happened" in shown

    def test_legal_finds_it_among_what_waits_for_them(self, client: Client) -> None:
        opened()
        sign_in(client, "legal")
        assert "Record the legal review" in client.get("/admin/").content.decode()

    def test_the_first_page_is_silent_when_there_is_none(self, client: Client) -> None:
        sign_in(client, "legal")
        assert "Open incidents" not in client.get("/admin/").content.decode()


class TestThePage:
    def test_it_tells_what_happened_in_words(self, client: Client) -> None:
        sent()
        address = Contact.objects.get().address
        opt_out(address)
        permitted_again()
        events.record(message(), MessageEvent.Kind.DELIVERED, at=TUESDAY, source="test", digest="x")
        sign_in(client, "legal")
        shown = open_row(client, Incident.objects.get())
        for said in (
            "went to somebody who had been stopped",
            "Stop recorded",
            "The door: may go",
            "The server took it",
        ):
            assert said in shown
        assert "Sending stopped" in shown
        assert address not in shown

    def test_an_act_asks_for_its_fields(self, client: Client) -> None:
        sign_in(client, "legal")
        shown = open_row(client, opened())
        assert 'name="more-review"' in shown
        assert 'name="more-cause"' not in shown


class TestClosing:
    def test_review_then_cause_and_remedy(self, client: Client) -> None:
        row = opened()
        sign_in(client, "legal")
        assert take(client, row, "record_review", **{"more-review": "Nobody to tell."}).status_code == 302
        done = take(client, row, "close", **{"more-cause": "A race.", "more-remedy": "A lock."})
        assert done.status_code == 302
        assert (now(row).state, now(row).cause, now(row).remedy) == ("closed", "A race.", "A lock.")

    def test_what_was_typed_is_not_lost_when_a_field_is_missing(self, client: Client) -> None:
        row = opened()
        sign_in(client, "legal")
        take(client, row, "record_review", **{"more-review": "Nobody to tell."})
        refused = take(client, row, "close", **{"more-cause": "A race."})
        assert refused.status_code == 409
        said = refused.content.decode()
        assert "Remedy: Please fill this in." in said
        assert ">A race.</textarea>" in said

    def test_a_field_that_is_too_long_is_refused(self, client: Client) -> None:
        row = opened()
        sign_in(client, "legal")
        refused = take(client, row, "record_review", **{"more-review": "x" * 4001})
        assert "4000 characters at the most" in refused.content.decode()

    def test_who_is_not_legal_reads_why_not(self, client: Client) -> None:
        row = opened()
        sign_in(client, "cro")
        assert take(client, row, "record_review", **{"more-review": "fine"}).status_code == 409
        assert now(row).state == "open"

    def test_asking_changes_nothing(self, client: Client) -> None:
        row = opened()
        sign_in(client, "legal")
        client.get(act_url(row, "record_review"), {"more-review": "fine"})
        assert now(row).state == "open"


class TestOpening:
    def test_staff_open_one_by_hand(self, client: Client) -> None:
        by = sign_in(client, "rep")
        form = {"title": "A customer complained in public", "kind": "brand", "severity": "2"}
        assert client.post(page(Incident, "add"), form).status_code == 302
        row = Incident.objects.get()
        assert (row.title, row.kind, row.opened_by) == (form["title"], "brand", f"user:{by.pk}")

    @pytest.mark.parametrize("kind", ["sent_after_stop", "promise_broken", "nonsense"])
    def test_not_of_a_kind_that_only_the_system_finds(self, client: Client, kind: str) -> None:
        sign_in(client, "rep")
        client.post(page(Incident, "add"), {"title": "x", "kind": kind, "severity": "2"})
        assert not Incident.objects.exists()

    def test_nobody_edits_or_deletes_one(self, client: Client) -> None:
        row = opened()
        sign_in(client, "root")
        client.post(f"/admin/compliance/incident/{row.pk}/change/", {"title": "Nothing", "kind": "other"})
        assert now(row).title == "Something happened"
        assert client.post(f"/admin/compliance/incident/{row.pk}/delete/", {"post": "yes"}).status_code == 403
